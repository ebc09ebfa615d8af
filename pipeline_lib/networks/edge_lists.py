"""Plain edge lists, as BIONIC is published with, and a user's own table of edges."""

import io
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.raw_edges import RawEdges, as_numbers, read_lines, refuse_rows, split_lines
from pipeline_lib.sources.text_files import read_text


def read_edge_list(edges: Path) -> RawEdges:
    """Read a file of ``gene gene`` or ``gene gene weight``, separated by blanks or tabs, without a header.

    Returns
    -------
    RawEdges
        Undirected; weight 1 where the file gives none.

    Raises
    ------
    PipelineError
        Names the first row that breaks the layout.
    """
    lines = read_lines(edges)
    first = next((line.split() for line in lines if line.strip()), [])
    if len(first) not in {2, 3}:
        raise PipelineError(f"{edges}, row 1 has {len(first)} fields; expected two genes and, perhaps, a weight.")
    columns = {name: at for at, name in enumerate(("source", "target", "weight")[: len(first)])}
    table = split_lines(lines, edges, columns, len(first))
    table = as_numbers(table, ("weight",), edges) if len(first) == 3 else table.with_columns(weight=pl.lit(1.0))
    return RawEdges(table.select("source", "target", "weight"), directed=False)


def read_edge_table(table: Path, columns: Mapping[str, str], *, directed: bool) -> RawEdges:
    """Read a user's own table: parquet, or text with a header, separated by what the header holds most of.

    Parameters
    ----------
    table
        The file.
    columns
        Which column holds ``source``, ``target`` and ``weight``; by default the columns of those names.
        Without a weight every edge weighs 1.
    directed
        Whether source acts on target.

    Raises
    ------
    PipelineError
        When a column is missing or a row has no gene or no number.
    """
    unknown = sorted(set(columns) - {"source", "target", "weight"})
    if unknown:
        raise PipelineError(f"columns: unknown role '{unknown[0]}'; there are source, target and weight.")
    content = _read_any(table)
    chosen = {role: columns.get(role, role) for role in ("source", "target", "weight")}
    if "weight" not in columns and "weight" not in content.columns:
        content = content.with_columns(weight=pl.lit("1"))
    for column in chosen.values():
        if column not in content.columns:
            present = ", ".join(content.columns)
            raise PipelineError(f"{table} has no column '{column}' (it has {present}); name it under 'columns'.")
        if content[column].dtype.is_nested():
            raise PipelineError(f"{table}: column '{column}' holds {content[column].dtype}, not names or numbers.")
    edges = content.select(pl.col(column).cast(pl.String).alias(role) for role, column in chosen.items())
    # Rows of a text file count from its header, those of a parquet file from the first.
    edges = edges.with_row_index("row", offset=1 if table.suffix == ".parquet" else 2)
    edges = edges.with_columns(pl.col("source", "target").str.strip_chars())
    for role in ("source", "target"):
        missing = pl.col(role).is_null() | (pl.col(role) == "")
        refuse_rows(edges, missing, table, f"has no {role}", shown=edges[role])
    edges = as_numbers(edges, ("weight",), table)
    return RawEdges(edges.select("source", "target", "weight"), directed=directed)


def _read_any(path: Path) -> pl.DataFrame:
    """Read a table by its ending, every column of a text file as text."""
    try:
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            # A damaged file may hold text, in names or values, that is no UTF-8; polars would take it for granted.
            table.validate(full=True)
            return pl.DataFrame(table.rename_columns(list(table.schema.names)))
        text = read_text(path)
        header = text.split("\n", 1)[0]
        return pl.read_csv(io.StringIO(text), separator=max("\t,;", key=header.count), infer_schema=False)
    except (pl.exceptions.PolarsError, pa.ArrowException, UnicodeDecodeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(f"{path} cannot be read as a table of edges: {reason}.") from error
