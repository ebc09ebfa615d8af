"""Settings of one screen."""

from typing import Literal

from pipeline_lib.config.section import Section


class ScreenSettings(Section):
    """One dataset and the reader that understands it."""

    reader: str
    """Reader of the publication's layout (``python -m pipeline_lib screens readers`` lists them)."""
    files: dict[str, str]
    """The reader's files by role: a source of the catalogue, ``simulated:<simulation>/<file>``, or a path."""
    columns: dict[str, str] = {}
    """For the reader ``table``: which column holds what."""
    only: Literal["metabolic"] | None = None
    """``metabolic``: keep observations with at least one gene of the metabolic model."""
