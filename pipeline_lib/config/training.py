"""Budget and device of trained models."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section


class TrainingSettings(Section):
    """Budget and device of trained models."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """``auto`` takes a GPU where there is one."""
    epochs: int = Field(default=30, ge=1)
    """Greatest number of passes over the training fold."""
    batch_size: int = Field(default=4096, ge=1)
    """Observations an optimisation step."""
    learning_rate: float = Field(default=3e-3, gt=0)
    """Step size of AdamW."""
    patience: int = Field(default=6, ge=1)
    """Epochs without a better validation score before training stops."""
