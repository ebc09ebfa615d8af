"""Plain edge lists, as BIONIC is published with, and a user's own table of edges."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.raw_edges import RawEdges, as_numbers, read_lines, refuse_rows, split_lines
from pipeline_lib.sources.own_table import read_every_row
from pipeline_lib.sources.row_block import Column


def read_edge_list(edges: Path) -> RawEdges:
    """Read a file of ``gene gene`` or ``gene gene weight`` without a header, packed or not.

    Fields are separated by blanks or tabs, or by the semicolons or commas of the first line.

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
    separators, first = _first_fields(next((line for line in lines if line.strip()), ""))
    if len(first) not in {2, 3}:
        raise PipelineError(f"{edges}, row 1 has {len(first)} fields; expected two genes and, perhaps, a weight.")
    columns = {name: at for at, name in enumerate(("source", "target", "weight")[: len(first)])}
    table = split_lines(lines, edges, columns, len(first), separators=separators)
    table = as_numbers(table, ("weight",), edges) if len(first) == 3 else table.with_columns(weight=pl.lit(1.0))
    return RawEdges(table.select("source", "target", "weight"), directed=False)


def _first_fields(line: str) -> tuple[str, list[str]]:
    """Return what separates the fields of a list beside blanks and tabs, and the fields of its first line.

    A comma within a number that blanks or semicolons set off is its decimal sign.
    """
    for separator in ("", ";", ","):
        fields = line.replace(separator, " ").split() if separator else line.split()
        if len(fields) in {2, 3} and not any(sign in name for name in fields[:2] for sign in ",;"):
            return separator, fields
    return "", line.split()


def read_edge_table(table: Path, columns: Mapping[str, str], *, directed: bool) -> RawEdges:
    """Read a user's own table with a header: of any kind that `read_own_table` reads, which its content shows.

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
        When the file cannot be read, a column is missing, or a row has no gene or no finite weight.
    """
    unknown = sorted(set(columns) - {"source", "target", "weight"})
    if unknown:
        raise PipelineError(f"columns: unknown role '{unknown[0]}'; there are source, target and weight.")
    wanted = {role: Column((columns.get(role, role),)) for role in ("source", "target")}
    wanted["weight"] = Column((columns.get("weight", "weight"),), "number", required="weight" in columns)
    block = read_every_row(table, wanted, "mend the row")
    edges = pl.DataFrame(
        {
            "row": block.lines,
            **{role: pl.Series(block.text(role).cast(pa.string())).str.strip_chars() for role in ("source", "target")},
            "weight": block.number("weight") if block.has("weight") else np.ones(len(block)),
        }
    )
    for role in ("source", "target"):
        refuse_rows(edges, pl.col(role) == "", table, f"has no {role}", listed=edges[role])
    refuse_rows(edges, pl.col("weight").is_nan(), table, "has no number as weight", listed=edges["weight"])
    return RawEdges(edges.select("source", "target", "weight"), directed=directed)
