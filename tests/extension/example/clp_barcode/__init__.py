"""A model and three readers for the cell latent perturbation pipeline."""
