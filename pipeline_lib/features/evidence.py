"""What a feature table rests on, whether genetic interactions are inside, and from when it is."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.sources.catalogue import read_catalogue


@dataclass(frozen=True)
class Provenance:
    """What vouches for a feature table."""

    evidence: tuple[str, ...]
    """What the features rest on; empty where nobody states it."""
    holds_genetic: str
    """'yes', 'no' or 'unknown'."""
    year: int | None
    """Year of the release; None: not known."""
    source: str
    """The files, or the metabolic model."""


def find_provenance(settings: FeatureSettings, catalogue: Path) -> Provenance:
    """Return what the settings say of a feature table, else what the catalogue states for its files.

    A table of which neither states whether it holds genetic interactions is 'unknown', never taken for clean.
    """
    known = read_catalogue(catalogue) if catalogue.exists() and settings.files else None
    entries = [known.entry(file) if known is not None else None for file in settings.files.values()]
    stated = [kind for entry in entries if entry is not None for kind in entry.evidence or ()]
    years = [entry.year for entry in entries if entry is not None and entry.year is not None]
    computed = settings.reader == "flux"
    evidence = settings.evidence or (["metabolic"] if computed else stated)
    return Provenance(
        evidence=tuple(dict.fromkeys(map(str, evidence))),
        holds_genetic=settings.stated_genetic(None if entry is None else entry.holds_genetic for entry in entries),
        year=settings.year if settings.year is not None else max(years, default=None),
        source="the run's metabolic model" if computed else ", ".join(settings.files.values()),
    )
