"""A table of one's own: a column of gene names and columns of numbers."""

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from fastexcel import FastExcelError

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures, as_float_columns


def read(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read a table (role ``table``): parquet, xlsx, or text with a header (.csv: commas or semicolons, else tabs).

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
    path = files["table"]
    table = _read_any(path, settings.gene_column)
    wanted = [column for column in table.columns if column != settings.gene_column]
    wanted = wanted if settings.columns is None else settings.columns
    for column in (settings.gene_column, *wanted):
        if column not in table.columns:
            shown = ", ".join(f"'{name}'" for name in table.columns[:8])
            raise PipelineError(
                f"{path} has no column '{column}' (it starts with {shown}); name the columns by 'gene_column' and "
                "'columns'."
            )
    if not wanted or settings.gene_column in wanted:
        raise PipelineError(f"{path}: there is no column of features beside '{settings.gene_column}'.")
    # Rows of a text file or a sheet count from its header, those of a parquet file from the first.
    rows = pl.arange(0, table.height, eager=True) + (1 if path.suffix == ".parquet" else 2)
    genes = table[settings.gene_column].cast(pl.String).str.strip_chars()
    blank = (genes.is_null() | (genes == "")).fill_null(value=True).arg_true()
    if len(blank):
        raise PipelineError(f"{path}, row {rows[blank[0]]}: column '{settings.gene_column}' names no gene.")
    if genes.is_empty():
        raise PipelineError(f"{path} has no rows.")
    return RawFeatures(genes, as_float_columns(table.select(wanted), path, rows), {}, rows)


def _read_any(path: Path, gene_column: str) -> pl.DataFrame:
    """Read a table by its ending, every column of a text file as text."""
    try:
        if path.suffix == ".parquet":
            content = pq.read_table(path)
            # A damaged file may hold text, in names or values, that is no UTF-8; polars would take it for granted.
            content.validate(full=True)
            _refuse_twin_columns(path, content.column_names)
            return pl.DataFrame(content.rename_columns(list(content.schema.names)))
        if path.suffix == ".xlsx":
            return pl.read_excel(path)
        first = path.read_text(encoding="utf-8-sig").partition("\n")[0]
        headers = {
            mark: next(csv.reader([first], delimiter=mark), []) for mark in (",;" if path.suffix == ".csv" else "\t")
        }
        separator = max(headers, key=lambda mark: (gene_column in headers[mark], len(headers[mark])))
        _refuse_twin_columns(path, headers[separator])
        return pl.read_csv(path, separator=separator, infer_schema=False)
    except (pl.exceptions.PolarsError, pa.ArrowException, FastExcelError, UnicodeDecodeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PipelineError(f"{path} cannot be read as a table of features: {reason}.") from error


def _refuse_twin_columns(path: Path, names: list[str]) -> None:
    # Columns without a name stand behind the last one where a spreadsheet ended later than the table.
    twin = [name for name, count in Counter(map(str.strip, names)).items() if name and count > 1]
    if twin:
        raise PipelineError(f"{path}: two columns are named '{twin[0]}'; give each a name of its own.")
