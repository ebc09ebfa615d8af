"""Settings of the figures and the report page."""

from pydantic import Field

from pipeline_lib.config.section import Section


class ReportingSettings(Section):
    """Figures and the report page."""

    png_dpi: int = Field(default=200, ge=72, le=600)
    """Resolution of the PNG beside every SVG."""
