"""Fitting: losses, the loop, checkpoints, and the commands that fit, check and predict."""
