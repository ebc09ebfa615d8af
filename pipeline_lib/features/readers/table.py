"""A table of one's own: a column of gene names and columns of numbers."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures
from pipeline_lib.sources.own_table import own_table_header, read_every_row
from pipeline_lib.sources.row_block import Column, column_places

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
