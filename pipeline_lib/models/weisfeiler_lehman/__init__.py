"""Weisfeiler-Lehman features of the perturbed cell relative to the wild type (Shervashidze et al. 2011)."""
