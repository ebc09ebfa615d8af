"""How many gene names of a model, screen, network or feature table the gene table knows."""

from collections.abc import Iterable
from typing import Literal

import pandas as pd

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import AMBIGUOUS, UNKNOWN, GeneNames, letters

Kind = Literal["model", "screen", "network", "features", "essential"]

LEAST_SHARE: dict[Kind, float] = {"model": 0.25, "screen": 0.05, "network": 0.05, "features": 0.05, "essential": 0.0}
"""Share of the names that must be known; below it the names are another organism's. Relative to the smaller of the two:
a gene table of a model's 137 genes cannot know the 4,000 proteins of a network."""
LOW_SHARE = 0.5
"""Share of the names below which a warning is given."""
_FEW = 10
"""With fewer names than that, a share is no evidence: only names of which none is known are refused."""
_LISTED = 5

_WHAT: dict[Kind, str] = {
    "model": "genes of the metabolic model",
    "screen": "gene names of the screen",
    "network": "gene names of the network",
    "features": "gene names of the feature table",
    "essential": "names of the list of essential genes",
}


def gene_coverage(kind: Kind, name: str, names: GeneNames, given: Iterable[str]) -> pd.DataFrame:
    """Count the names that the gene table knows.

    Parameters
    ----------
    kind, name
        What the names are of.
    names
        The gene table.
    given
        The names; each counts once, whatever its letter case.

    Returns
    -------
    DataFrame
        One row of `pipeline_lib.artefacts.schemas.GENE_COVERAGE`.
    """
    distinct = {letters(text): text for text in given if letters(text)}
    own = {letters(text) for text in (*names.genes.to_pylist(), *names.standard)}
    positions = {text: names.position(text) for text in distinct.values()}
    unknown = [text for text, position in positions.items() if position == UNKNOWN]
    ambiguous = [text for text, position in positions.items() if position == AMBIGUOUS]
    other = [
        f"{text} = {names.genes[position].as_py()}"
        for key, text in distinct.items()
        if (position := positions[text]) >= 0 and key not in own
    ]
    examples = [
        f"{label}: {', '.join(sorted(texts)[:_LISTED])}"
        for label, texts in (("unknown", unknown), ("ambiguous", ambiguous), ("by another name", other))
        if texts
    ]
    return pd.DataFrame(
        {
            "kind": [kind],
            "name": [name],
            "named": [len(distinct)],
            "known": [len(distinct) - len(unknown) - len(ambiguous)],
            "unknown": [len(unknown)],
            "ambiguous": [len(ambiguous)],
            "by_alias": [len(other)],
            "examples": ["; ".join(examples)],
        }
    )


def refuse_other_organism(coverage: pd.DataFrame, names: GeneNames) -> None:
    """Refuse names of which (almost) none is in the gene table.

    Parameters
    ----------
    coverage
        One row of `gene_coverage`.
    names
        The gene table.

    Raises
    ------
    PipelineError
        Names how many names are known, some that are not, and what to do.
    """
    row = coverage.iloc[0]
    kind: Kind = row["kind"]
    needed = LEAST_SHARE[kind] * min(row["named"], len(names)) if row["named"] >= _FEW else 0
    if row["named"] == 0 or (row["known"] > 0 and row["known"] >= needed):
        return
    remedy = (
        "give the gene table of the model's organism in organism.genes (ids of another database belong into its "
        "column aliases), or leave organism.genes out."
        if kind == "model"
        else f"give the gene table of its organism in organism.genes, or another file for the {kind}."
    )
    raise PipelineError(
        f"{row['known']:,} of {row['named']:,} {_WHAT[kind]} '{row['name']}' are in the gene table of {len(names):,} "
        f"genes ({row['examples']}): they seem to be of another organism or another database; {remedy}"
    )


def low_coverage(row: pd.Series) -> str:
    """Return a sentence where the gene table knows few of the names of a row of the coverage table; else empty."""
    if row["named"] == 0 or row["known"] >= LOW_SHARE * row["named"]:
        return ""
    return (
        f"The gene table knows only {row['known']:,} of {row['named']:,} {_WHAT[row['kind']]} '{row['name']}' "
        f"({row['examples']})."
    )
