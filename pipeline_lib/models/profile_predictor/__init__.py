"""Predict interaction profiles: completion for genes that training measured, Gaussian processes for those it lacks."""
