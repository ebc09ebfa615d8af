"""Settings of the figures and the report page."""

from pydantic import Field

from pipeline_lib.config.section import Section


class ReportingSettings(Section):
    """Figures and the report page."""

    png_dpi: int = Field(default=200, ge=72, le=600)
    """Resolution of the PNG beside every SVG."""
    model: str = "clp"
    """The model that the report is about: it is set against the best baseline, and it suggests what to measure next."""
    pair_genes: int = Field(default=400, ge=2)
    """Viable genes with the strongest measured interactions, every untested pair of which is a candidate."""
    triple_genes: int = Field(default=70, ge=3)
    """The same for triples."""
    suggestions: int = Field(default=150, ge=1)
    """Pairs and triples kept of each ranking (by expected value and by information)."""
