"""Settings of one gene network."""

from pipeline_lib.config.section import Section


class NetworkSettings(Section):
    """One gene network."""

    reader: str
    """Layout of the file (``python -m pipeline_lib networks readers`` lists them)."""
    files: dict[str, str]
    """The reader's files by role: a source of the catalogue or a path."""
    minimum_weight: float = 0.0
    """Edges below this weight are left out."""
    evidence: list[str] = []
    """What the edges rest on: physical, coexpression, regulation, genetic, text mining, ..."""
    year: int | None = None
    """Year of the release, to be held against the year of a screen."""
