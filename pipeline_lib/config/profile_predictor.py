"""Settings of the profile predictor."""

from pydantic import Field

from pipeline_lib.config.section import Section


class ProfilePredictorSettings(Section):
    """Gaussian processes over genes, profile similarity and matrix completion, combined by least squares."""

    kernel_steps: int = Field(default=20, ge=1)
    """Most iterations in which the weights of the kernels are learned."""
    learning_sets: int = Field(default=600, ge=10)
    """Most genes (or gene sets) on which they are learned; all of them are then conditioned on."""
    least_kernel_share: float = Field(default=0.01, ge=0, lt=1)
    """Share of all weights below which a kernel is left out."""
    held_share: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the measured pairs on which the estimates of pairs of known genes are combined."""
    practice_pairs: int = Field(default=200_000, ge=100)
    """Most measured pairs on which the estimates for unseen genes are combined, one and two unseen genes each."""
    max_rank: int = Field(default=150, ge=1)
    """Greatest rank of the matrix completion."""
