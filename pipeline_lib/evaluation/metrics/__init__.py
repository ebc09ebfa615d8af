"""Metrics of predictions, with the values of every resample."""
