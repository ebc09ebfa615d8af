"""Noise ceilings: the best correlation that any prediction can have with noisy scores."""
