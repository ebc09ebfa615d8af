"""Feature tables that are numbers already: phenotypes of mutants, one's own table, what the metabolic model states.

Phenotypes: Turco et al., Science Advances 9:eadg5702 (2023). A file has the columns ``orf`` and one a screen (ploidy,
phenotype, condition, medium, authors), each a Z-score over the mutants of that screen; an empty cell was not measured.

The metabolic model: growth of every single deletion by flux balance analysis
(`pipeline_lib.metabolism.knockouts.solver`, exact), and fluxes of the wild type at greatest growth and least total flux
(Lewis et al., Molecular Systems Biology 6:390, 2010), on each medium.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.building import RawFeatures, as_float_columns
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.model.gem import read_gem, with_background
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.network_reduction import reduce_network
from pipeline_lib.metabolism.programs.optima import reference_flux
from pipeline_lib.networks.edges import read_lines
from pipeline_lib.sources.own_table import own_table_header, read_every_row
from pipeline_lib.sources.row_block import Column, column_places

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


_ADVICE = "leave the column out or code its classes as columns of 0 and 1"


def read_table_of_features(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read a table (role ``table``) with a header: of any kind that `read_own_table` reads, which its content shows.

    Truth values count 1 and 0; columns without a name are left out.

    Parameters
    ----------
    files
        ``table``.
    settings
        ``gene_column`` and ``columns``.

    Returns
    -------
    RawFeatures
        One row a gene; two rows of one gene are refused when names are resolved.

    Raises
    ------
    PipelineError
        When the file cannot be read, a column is missing, a row has no gene, or a feature is no number.
    """
    path, gene = files["table"], settings.gene_column
    wanted = _other_columns(path, gene) if settings.columns is None else settings.columns
    if not wanted or gene in wanted:
        raise PipelineError(f"{path}: there is no column of features beside '{gene}'.")
    columns = {gene: Column((gene,)), **{name: Column((name,), "number or truth") for name in wanted}}
    block = read_every_row(path, columns, _ADVICE)
    genes = pl.Series(block.text(gene).cast(pa.string())).str.strip_chars()
    blank = (genes == "").arg_true()
    if len(blank):
        raise PipelineError(f"{path}, row {block.lines[blank[0]]}: column '{gene}' names no gene.")
    numbers = pl.DataFrame({name: block.number(name) for name in wanted}).fill_nan(None)
    return RawFeatures(genes, numbers, {}, pl.Series(block.lines))


def _other_columns(path: Path, gene: str) -> list[str]:
    """Return the names of all columns but that of the genes."""
    names = own_table_header(path, {gene: Column((gene,))})
    place = column_places(names, {gene: Column((gene,))}, str(path))[gene]
    return [name for name in names[:place] + names[place + 1 :] if name]


def read_flux(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Compute the features of every gene of a metabolic model (role ``gem``: a file, or ``cobra:textbook``).

    Parameters
    ----------
    files
        ``gem``.
    settings
        ``media``: names of media (see `pipeline_lib.metabolism.medium`).

    Returns
    -------
    RawFeatures
        ``reactions`` and ``complexes`` that the gene takes part in, ``sole_reactions`` that stop without it; and for
        each medium ``fitness_<medium>`` of the single deletion, ``flux_<medium>`` (logarithm of 1 + the sum of the
        absolute fluxes, mmol/gDW/h, of the gene's reactions) and ``carrying_<medium>``, how many of them carry flux.

    Raises
    ------
    PipelineError
        When the model cannot be read, a medium is unknown, or the wild type does not grow on it.
    """
    gem = with_background(read_gem(files["gem"]), settings.background)
    network = network_of(gem)
    serves = network.rules.gene_to_complex @ network.rules.complex_to_reaction
    singles = np.arange(len(network.genes))[:, None]
    values = {
        "reactions": _row_sums(serves.astype(bool)),
        "complexes": _row_sums(network.rules.gene_to_complex),
        "sole_reactions": _row_sums(network.rules.blocked_reactions(network.genotype_matrix(singles))),
    }
    for medium in settings.media:
        grown = network_of(with_medium(gem, medium))
        flux = np.abs(_wild_type_flux(grown))
        values[f"fitness_{medium}"] = solve_knockouts(grown, singles).fitness(singles)
        values[f"flux_{medium}"] = np.log1p(serves.astype(bool).astype(np.float64) @ flux)
        values[f"carrying_{medium}"] = serves.astype(bool).astype(np.float64) @ (flux > 0).astype(np.float64)
    return RawFeatures(pl.Series(list(network.genes), dtype=pl.String), pl.DataFrame(values))


def _wild_type_flux(network: MetabolicNetwork) -> NDArray[np.float64]:
    """Return the wild type's flux of every reaction, float64 [R]."""
    reduced = reduce_network(network)
    return reduced.expand(reference_flux(reduced))


def _row_sums(matrix: sparse.csr_array) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
