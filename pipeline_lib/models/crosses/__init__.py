"""An assay as a matrix of queries by arrays: what baselines, the profile predictor and CLP share."""
