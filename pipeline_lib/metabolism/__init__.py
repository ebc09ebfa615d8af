"""The genome-scale metabolic model: exact tensors, exact gene rules, energies, media and knockouts."""
