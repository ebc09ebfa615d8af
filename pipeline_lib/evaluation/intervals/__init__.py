"""Intervals: what is resampled, how often each cluster is drawn, and estimates with their spread."""
