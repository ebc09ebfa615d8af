"""Measured P-values: the share of true nulls, by query, and against predicted interactions."""
