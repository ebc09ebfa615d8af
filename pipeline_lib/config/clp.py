"""Settings of the cell latent perturbation model."""

from pydantic import Field

from pipeline_lib.config.section import Section


class ClpSettings(Section):
    """The cell latent perturbation model and its ablations."""

    hidden: int = Field(default=64, ge=4)
    """Width of every latent vector."""
