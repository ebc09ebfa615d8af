"""Protein abundance in molecules per cell, unified from many data sets.

Ho, Baryshnikova and Brown, Cell Systems 6:192 (2018), Table S4: one row an open reading frame with mean, median and
coefficient of variation over the data sets, then one column a data set.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from fastexcel import FastExcelError

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures, as_float_columns

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
