"""Proteins by their sequence alone, and how many molecules of each a cell holds.

Hydropathy: Kyte and Doolittle, Journal of Molecular Biology 157:105 (1982). Isoelectric point: the pH of zero net
charge with the pK values of EMBOSS (Rice, Longden and Bleasby, Trends in Genetics 16:276, 2000), found by halving.

Abundance: Ho, Baryshnikova and Brown, Cell Systems 6:192 (2018), Table S4: one row an open reading frame with mean,
median and coefficient of variation over the data sets, then one column a data set.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from fastexcel import FastExcelError
from numpy.typing import NDArray

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.building import RawFeatures, as_float_columns
from pipeline_lib.networks.edges import read_lines


def read_fasta(path: Path) -> pl.DataFrame:
    """Read the proteins of a FASTA file from UniProt.

    Returns
    -------
    DataFrame
        ``row`` (line of the header), ``accession``, ``gene`` (GN of the header; null where it has none) and
        ``sequence``, one row a protein.

    Raises
    ------
    PipelineError
        When the file is not FASTA as UniProt writes it.
    """
    lines = pl.DataFrame({"line": read_lines(path)}, schema={"line": pl.String}).with_row_index("row", offset=1)
    heads = lines["line"].str.starts_with(">")
    if lines.is_empty() or not heads[0]:
        raise PipelineError(f"{path} does not start with '>'; expected a FASTA file of UniProt.")
    proteins = lines.with_columns(protein=heads.cum_sum(), head=heads).group_by("protein", maintain_order=True)
    table = proteins.agg(
        pl.col("row").first(),
        pl.col("line").first().alias("header"),
        pl.col("line").filter(~pl.col("head")).str.strip_chars().str.join("").alias("sequence"),
    )
    table = table.with_columns(
        accession=pl.col("header").str.extract(r"^>(?:sp|tr)\|([A-Z0-9]+)\|"),
        gene=pl.col("header").str.extract(r"\bGN=(\S+)"),
    )
    bad = table.filter(pl.col("accession").is_null())
    if bad.height:
        raise PipelineError(
            f"{path}, row {bad['row'][0]}: the header {bad['header'][0][:60]!r} has no accession; expected "
            "'>sp|P60010|ACT_YEAST ...'."
        )
    return table.select("row", "accession", "gene", "sequence")


RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
_HYDROPATHY = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        (
            1.8,
            -4.5,
            -3.5,
            -3.5,
            2.5,
            -3.5,
            -3.5,
            -0.4,
            -3.2,
            4.5,
            3.8,
            -3.9,
            1.9,
            2.8,
            -1.6,
            -0.8,
            -0.7,
            -0.9,
            -1.3,
            4.2,
        ),
        strict=True,
    )
)
_POSITIVE = {"K": 10.8, "R": 12.5, "H": 6.5}
_NEGATIVE = {"D": 3.9, "E": 4.1, "C": 8.5, "Y": 10.1}
_AMINO_END, _CARBOXYL_END = 8.6, 3.6
_HALVINGS = 40


def read_proteome(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:  # noqa: ARG001 - every reader's signature
    """Read the proteins of a FASTA file (role ``fasta``) and describe each sequence.

    Returns
    -------
    RawFeatures
        ``length`` (residues) and its logarithm, the share of each residue, ``isoelectric_point`` (pH), ``hydropathy``
        (mean over residues) and ``entropy`` of the composition (bits). Residues without a letter of their own (X, U, B,
        Z) count for the length alone. Proteins without a gene name have no row.

    Raises
    ------
    PipelineError
        When the file is not UniProt's FASTA.
    """
    path = files["fasta"]
    proteins = read_fasta(path).drop_nulls("gene").filter(pl.col("sequence") != "")
    if proteins.is_empty():
        raise PipelineError(f"{path}: no protein has a gene name (GN=...); give the reference proteome of UniProt.")
    counts = _count_residues(proteins["sequence"])
    length = proteins["sequence"].str.len_bytes().to_numpy().astype(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    values = {
        "length": length,
        "log_length": np.log(length),
        **{f"share_{residue}": shares[:, at] for at, residue in enumerate(RESIDUES)},
        "isoelectric_point": isoelectric_point(counts),
        "hydropathy": shares @ np.array([_HYDROPATHY[residue] for residue in RESIDUES]),
        "entropy": -np.sum(shares * np.log2(np.where(shares > 0, shares, 1.0)), axis=1),
    }
    return RawFeatures(proteins["gene"], pl.DataFrame(values), {}, proteins["row"], merged_genes=True)


def isoelectric_point(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pH at which proteins carry no net charge, float64 [n].

    Parameters
    ----------
    counts
        float64 [n, 20]: how often each of `RESIDUES` occurs.
    """
    acids, bases = _ionisable(counts, _NEGATIVE), _ionisable(counts, _POSITIVE)
    low, high = np.zeros(len(counts)), np.full(len(counts), 14.0)
    for _ in range(_HALVINGS):
        pH = (low + high) / 2
        charge = 1 / (1 + 10 ** (pH - _AMINO_END)) - 1 / (1 + 10 ** (_CARBOXYL_END - pH))
        charge += sum(count / (1 + 10 ** (pH - pK)) for count, pK in bases)
        charge -= sum(count / (1 + 10 ** (pK - pH)) for count, pK in acids)
        low, high = np.where(charge > 0, pH, low), np.where(charge > 0, high, pH)
    return np.asarray((low + high) / 2)


def _ionisable(counts: NDArray[np.float64], pK: Mapping[str, float]) -> list[tuple[NDArray[np.float64], float]]:
    return [(counts[:, RESIDUES.index(residue)], value) for residue, value in pK.items()]


def _count_residues(sequences: pl.Series) -> NDArray[np.float64]:
    """Return how often each of `RESIDUES` occurs in each sequence, float64 [n, 20]."""
    return np.stack([sequences.str.count_matches(residue).to_numpy() for residue in RESIDUES], axis=1).astype(float)


_GENE = "Systematic Name"
_MEAN, _MEDIAN, _VARIATION = "Mean molecules per cell", "Median molecules per cell", "Coefficient of Variation"
_TITLE_ROWS = 5


def read_abundance(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:  # noqa: ARG001 - every reader's signature
    """Read the abundance of each protein (role ``table``, .xlsx).

    Returns
    -------
    RawFeatures
        ``log10_mean`` and ``log10_median`` molecules per cell, ``variation`` (per cent; missing where one data set has
        the protein) and ``data_sets`` that measured it.

    Raises
    ------
    PipelineError
        When the file is no workbook, lacks a column, or holds an abundance that is not positive.
    """
    path = files["table"]
    try:
        sheet = pl.read_excel(path, has_header=False, infer_schema_length=0)
    except (FastExcelError, pl.exceptions.PolarsError, OSError) as error:
        raise PipelineError(f"{path} cannot be read as a workbook: {str(error).splitlines()[0]}.") from error
    start = next((row for row in range(min(_TITLE_ROWS, sheet.height)) if _GENE in sheet.row(row)), None)
    header = [] if start is None else [str(cell).strip() for cell in sheet.row(start)]
    missing = [column for column in (_GENE, _MEAN, _MEDIAN, _VARIATION) if column not in header]
    if missing or start is None:
        raise PipelineError(
            f"{path} has no column '{missing[0]}' in its first rows; expected Table S4 of Ho et al. 2018."
        )
    body = sheet[start + 1 :].with_row_index("row", offset=start + 2)
    columns = dict(zip(header, sheet.columns, strict=True))
    # Footnotes stand in the first column, without numbers.
    body = body.filter(pl.col(columns[_GENE]).is_not_null() & pl.col(columns[_MEAN]).is_not_null())
    sets = [columns[name] for name in header[header.index(_VARIATION) + 1 :]]
    chosen = {_MEAN: "mean", _MEDIAN: "median", _VARIATION: "variation"}
    numbers = as_float_columns(body.select(pl.col(columns[name]).alias(name) for name in chosen), path, body["row"])
    bad = ((numbers[_MEAN] <= 0) | (numbers[_MEDIAN] <= 0)).fill_null(value=False).arg_true()
    if len(bad):
        raise PipelineError(f"{path}, row {body['row'][bad[0]]}: the abundance is not positive.")
    values = numbers.select(
        pl.col(_MEAN).log10().alias("log10_mean"),
        pl.col(_MEDIAN).log10().alias("log10_median"),
        pl.col(_VARIATION).alias("variation"),
    ).with_columns(body.select(pl.sum_horizontal(pl.col(sets).is_not_null()).cast(pl.Float64).alias("data_sets")))
    return RawFeatures(body[columns[_GENE]].str.strip_chars(), values, {}, body["row"], merged_genes=True)
