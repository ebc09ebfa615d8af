"""Settings of the baselines."""

from pydantic import Field

from pipeline_lib.config.section import Section


class BaselineSettings(Section):
    """Means, effects, ridges, factorisations, nearest profiles, trees and flux balance analysis."""

    trials: int = Field(default=12, ge=1, le=100)
    """Settings that each baseline with hyperparameters tries; the one with the least squared error on the validation
    fold is kept. The same for all of them."""
    max_rank: int = Field(default=256, ge=1)
    """Greatest rank that soft_impute may reach."""
    boosting_rounds: int = Field(default=100, ge=1)
    """Most trees of gradient_boosting."""
    embedding_width: int = Field(default=32, ge=1)
    """Width of a gene's vector in embedding_mlp."""
