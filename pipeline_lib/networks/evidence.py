"""What a network rests on, and from when it is."""

from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.config.networks import NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import read_catalogue


@dataclass(frozen=True)
class Provenance:
    """What vouches for a network's edges."""

    evidence: tuple[str, ...]
    """What the edges rest on."""
    year: int | None
    """Year of the release; None: not known."""

    @property
    def holds_genetic(self) -> bool:
        """Whether published genetic interactions are among the edges: a screen's own labels may be in there."""
        return "genetic" in self.evidence


def find_provenance(name: str, settings: NetworkSettings, catalogue: Path) -> Provenance:
    """Return what the settings say of a network, else what the catalogue states for its files.

    Raises
    ------
    PipelineError
        When neither states the evidence: a network that may hold genetic interactions is never taken for clean.
    """
    entries = []
    if settings.evidence is None or settings.year is None:
        sources = read_catalogue(catalogue).sources if catalogue.exists() else {}
        entries = [sources[file] for file in settings.files.values() if file in sources]
    evidence = settings.evidence
    if evidence is None:
        stated = [entry.evidence for entry in entries if entry.evidence is not None]
        if not stated:
            raise PipelineError(
                f"network '{name}': neither its settings nor the catalogue state what its edges rest on; "
                "give 'evidence', with 'genetic' among it if published genetic interactions are in the file."
            )
        evidence = [kind for kinds in stated for kind in kinds]
    years = [entry.year for entry in entries if entry.year is not None]
    year = settings.year if settings.year is not None else max(years, default=None)
    return Provenance(tuple(dict.fromkeys(evidence)), year)
