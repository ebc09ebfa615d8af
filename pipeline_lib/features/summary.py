"""Describe feature tables, one row each: columns, genes, what they rest on, what was lost on the way."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.schemas import FEATURES_SUMMARY
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


_COUNTS = ("rows", "unknown_genes", "rows_merged", "columns_constant", "columns_left_out")
_TYPES = {
    **dict.fromkeys(("name", "evidence", "holds_genetic", "source", "notes"), "object"),
    **dict.fromkeys(("columns", "genes", *_COUNTS), "int64"),
    "measured": "float64",
    "used": "bool",
    "year": "Int64",
}


def summarise(
    tables: Mapping[str, pd.DataFrame], provenances: Mapping[str, Provenance], used: Collection[str]
) -> pd.DataFrame:
    """Return the summary of several feature tables, `FEATURES_SUMMARY`, sorted by name; no rows where there is none.

    Parameters
    ----------
    tables
        Tables that `pipeline_lib.features.building.build_features` made, by name.
    provenances
        What each rests on, by name.
    used
        Names of the tables that models read.
    """
    rows = [_row(name, tables[name], provenances[name], used=name in used) for name in sorted(tables)]
    return pd.DataFrame(rows, columns=list(FEATURES_SUMMARY.columns)).astype(_TYPES)


def _row(name: str, table: pd.DataFrame, provenance: Provenance, *, used: bool) -> dict[str, object]:
    values = table.drop(columns="gene_index")
    losses = table.attrs.get("losses", {})
    return {
        "name": name,
        "columns": values.shape[1],
        "genes": len(values),
        "measured": float(values.notna().to_numpy().mean()),
        "evidence": ", ".join(provenance.evidence),
        "holds_genetic": provenance.holds_genetic,
        "used": used,
        "year": provenance.year,
        "source": provenance.source,
        **{count: losses.get(count, 0) for count in _COUNTS},
        "notes": _notes(table.attrs.get("left_out", {})),
    }


def _notes(left_out: Mapping[str, str]) -> str:
    """Return how many columns were left out for each reason."""
    return "; ".join(f"{count} columns left out: {reason}" for reason, count in Counter(left_out.values()).items())
