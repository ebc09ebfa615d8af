"""Models of what a deletion does: baselines, DANGO, Weisfeiler-Lehman and the cell latent perturbation model."""
