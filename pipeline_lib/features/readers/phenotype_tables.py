"""YeastPhenome: phenotypes of single deletion mutants, one file a study, put into one matrix.

Turco et al., Science Advances 9:eadg5702 (2023). A file has the columns ``orf`` and one a screen (ploidy, phenotype,
condition, medium, authors), each a Z-score over the mutants of that screen; an empty cell was not measured.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures, as_float_columns
from pipeline_lib.networks.raw_edges import read_lines

SGA_STUDIES = {
    "20694151": "a POT1-GFP reporter was crossed into the deletion collection",
    "26681516": "NSR1 and PEX6 reporters were crossed into the deletion collection",
    "29351850": "reporters were crossed into the deletion collection (systematic gene-to-phenotype arrays)",
    "32064787": "fluorescent markers were crossed into the deletion collection",
    "34550356": "a MELK expression construct was crossed into the deletion collection",
}
"""Studies (PubMed identifier) whose mutants carry a second locus brought in by the synthetic genetic array (SGA)
procedure, and how: what they measure is one query of a genetic-interaction screen."""

_SGA_WORDS = re.compile(
    r"\bSGA\b|synthetic genetic array|double mutant|canavanine.*thialysine|NAT\b.*\bG418", re.IGNORECASE
)
"""What a column's own text contains when it was measured through SGA: its name, or the selection of double mutants."""


def read_phenotypes(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:  # noqa: ARG001 - every reader's signature
    """Read every study of a folder (role ``studies``) and join them by gene.

    Parameters
    ----------
    files
        ``studies``: holds ``<PubMed identifier>/<study>.txt``.
    settings
        Not used.

    Returns
    -------
    RawFeatures
        One row an open reading frame of any study; columns are named ``<PubMed identifier> | <name in the file>``, and
        those measured through SGA are left out.

    Raises
    ------
    PipelineError
        When the folder holds no study, or a file breaks the layout.
    """
    folder = files["studies"]
    paths = sorted(folder.glob("*/*.txt"))
    if not paths:
        raise PipelineError(f"{folder} holds no <study>/<name>.txt; give the folder of YeastPhenome's studies.")
    left_out: dict[str, str] = {}
    parts = []
    for path in paths:
        study = _read_study(path)
        reasons = {column: _reason(path.parent.name, column) for column in study.columns[1:]}
        left_out |= {column: reason for column, reason in reasons.items() if reason}
        kept = [column for column, reason in reasons.items() if not reason]
        if kept:
            parts.append(study.select("orf", *kept))
    if not parts:
        raise PipelineError(f"{folder}: every column was measured through SGA; none is left.")
    orfs = pl.concat([part["orf"] for part in parts]).unique().sort()
    joined = pl.DataFrame({"orf": orfs})
    for part in parts:
        joined = joined.join(part, on="orf", how="left", validate="1:1", maintain_order="left")
    return RawFeatures(joined["orf"], joined.drop("orf"), left_out, merged_genes=True)


def _read_study(path: Path) -> pl.DataFrame:
    """Return ``orf`` and the screens of one study as float64."""
    lines = [line for line in read_lines(path) if line.strip()]
    header = lines[0].split("\t") if lines else []
    if len(header) < 2 or header[0].strip().lower() != "orf":
        raise PipelineError(
            f"{path}: the header does not start with 'orf' and a screen; expected a YeastPhenome study."
        )
    fields = pl.Series(lines[1:], dtype=pl.String).str.split("\t")
    wrong = (fields.list.len() != len(header)).arg_true()
    if len(wrong):
        raise PipelineError(
            f"{path}, row {wrong[0] + 2} has {len(fields[wrong[0]])} fields where the header has {len(header)}."
        )
    table = pl.DataFrame(fields.alias("fields")).select(
        pl.col("fields").list.get(at).alias(str(at)) for at in range(len(header))
    )
    orfs = table["0"].str.strip_chars().str.to_uppercase()
    twice = orfs.is_duplicated().arg_true()
    if len(twice):
        raise PipelineError(f"{path}, row {twice[1] + 2}: the gene '{orfs[twice[1]]}' is listed twice.")
    names = {str(at): _column_name(path.parent.name, at, header) for at in range(1, len(header))}
    values = as_float_columns(table.select(list(names)).rename(names), path, pl.arange(2, len(orfs) + 2, eager=True))
    return values.insert_column(0, orfs.alias("orf"))


def _column_name(study: str, at: int, header: Sequence[str]) -> str:
    """Return study and screen; the position too where a screen has no name, or that of another."""
    text = header[at].strip()
    return f"{study} | {text}" if text and header.count(header[at]) == 1 else f"{study} | {text} | column {at}"


def _reason(study: str, column: str) -> str:
    """Return why a column is left out; empty where it is kept."""
    if study in SGA_STUDIES:
        return f"measured through SGA: {SGA_STUDIES[study]}"
    return "measured through SGA, by its own name" if _SGA_WORDS.search(column) else ""
