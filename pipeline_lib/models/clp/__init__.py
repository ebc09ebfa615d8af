"""The cell latent perturbation model: whole, intact and perturbed latents of one encoded cell."""
