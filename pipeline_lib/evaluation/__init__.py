"""Evaluation: metrics with cluster bootstrap, paired differences, P-values, noise ceilings, calibration."""
