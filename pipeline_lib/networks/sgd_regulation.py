"""Regulation records of the Saccharomyces Genome Database, as RDF."""

from pathlib import Path

import polars as pl

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.raw_edges import RawEdges, read_lines

_RECORD = (
    r"^kg:(?P<source>[A-Za-z0-9]+(?:-[A-Z])?)-(?P<target>[A-Za-z0-9]+(?:-[A-Z])?)"
    r"-(?P<kind>[a-zA-Z_]+)(?:-(?P<sign>positive|negative))?\s+rdfs:subClassOf\s"
)
"""One record a line in Turtle: ``kg:<regulator>-<target>-<what is regulated>[-<sign>] rdfs:subClassOf <class> .``"""


def read_sgd_regulation(turtle: Path) -> RawEdges:
    """Read SGD's regulation records (Turtle, one record a line).

    A regulator and a target may have several records (transcription, protein activity, positive, negative):
    the edge is listed once for each, and counts once when the network is put together.

    Returns
    -------
    RawEdges
        Directed from regulator to target; weight 1.

    Raises
    ------
    PipelineError
        When no line is a record, or one that starts like a record breaks the layout.
    """
    table = pl.DataFrame({"line": read_lines(turtle)}, schema={"line": pl.String}).with_row_index("row", offset=1)
    table = table.filter(pl.col("line").str.starts_with("kg:"))
    records = table.with_columns(pl.col("line").str.extract_groups(_RECORD)).unnest("line")
    broken = records["source"].is_null().arg_true()
    if len(broken):
        line = table["line"][broken[0]][:80]
        raise PipelineError(f"{turtle}, row {table['row'][broken[0]]} is no regulation record: {line!r}.")
    if records.is_empty():
        raise PipelineError(f"{turtle} holds no regulation record; expected lines that start with 'kg:'.")
    return RawEdges(records.select("source", "target", weight=pl.lit(1.0)), directed=True)
