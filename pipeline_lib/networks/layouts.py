"""The layouts of network files, each read according to the network's settings.

Plain edge lists (as BIONIC is published with, and a user's own table of edges), regulation records of the
Saccharomyces Genome Database as RDF, and networks of STRING: the release's own link files, and the channel files that
DANGO is published with.

"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline_lib.config.features import NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.edges import RawEdges, as_numbers, read_lines, refuse_rows, split_lines
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


_SCORE_SCALE = 1000.0
"""STRING's link files give confidences as whole numbers from 0 to 1000."""


def read_string_links(links: Path, score: str) -> RawEdges:
    """Read a link file of STRING (``protein.links``, ``protein.physical.links``, ``protein.links.detailed``).

    Parameters
    ----------
    links
        Fields separated by blanks under a header; proteins are written ``4932.YAL001C``; both directions of each
        edge are listed. Plain or gzipped.
    score
        The column that becomes the weight: ``combined_score`` or, in detailed files, one channel. Rows where it
        is 0 are no edges.

    Returns
    -------
    RawEdges
        Undirected; weight = score / 1000, the confidence from 0 to 1.

    Raises
    ------
    PipelineError
        When the header lacks a column or a row breaks the layout.
    """
    lines = read_lines(links)
    header = lines[0].split() if lines else []
    for column in ("protein1", "protein2", score):
        if column not in header:
            raise PipelineError(f"{links} has no column '{column}' in its header ({' '.join(header)[:120]}).")
    wanted = {"source": "protein1", "target": "protein2", "weight": score}
    columns = {name: header.index(column) for name, column in wanted.items()}
    table = as_numbers(split_lines(lines[1:], links, columns, len(header), first_row=2), ("weight",), links)
    outside = (pl.col("weight") < 0) | (pl.col("weight") > _SCORE_SCALE)
    refuse_rows(table, outside, links, f"has a {score} outside 0 to 1000", listed=table["weight"])
    # The taxon stands before the first point; names such as YAL001C.1 do not occur in yeast.
    edges = table.filter(pl.col("weight") > 0).select(
        pl.col("source", "target").str.replace(r"^\d+\.", ""), pl.col("weight") / _SCORE_SCALE
    )
    return RawEdges(edges, directed=False)


def read_string_channel(adjacency: Path, genes: Path) -> RawEdges:
    """Read one channel of STRING 9.1 as an adjacency list over a gene order.

    Parameters
    ----------
    adjacency
        Fields ``i j score`` separated by tabs; i and j count the genes from 1 (index 1 is the first name of
        `genes`: at this offset, and at no other, the edges agree with STRING's physical network); both
        directions are listed.
    genes
        One systematic name a line.

    Returns
    -------
    RawEdges
        Undirected; weight = score, the confidence from 0 to 1.

    Raises
    ------
    PipelineError
        When an index lies outside the gene order or a row breaks the layout.
    """
    order = [name.strip() for name in read_lines(genes) if name.strip()]
    fields = split_lines(read_lines(adjacency), adjacency, {"i": 0, "j": 1, "weight": 2}, 3)
    table = as_numbers(fields, ("i", "j", "weight"), adjacency)
    for column in ("i", "j"):
        outside = (pl.col(column) < 1) | (pl.col(column) > len(order)) | (pl.col(column).round() != pl.col(column))
        refuse_rows(table, outside, adjacency, f"has an index outside 1 to {len(order)}", listed=table[column])
    names = pl.Series(order, dtype=pl.String)
    edges = pl.DataFrame(
        {
            "source": names.gather(table["i"].cast(pl.Int64) - 1),
            "target": names.gather(table["j"].cast(pl.Int64) - 1),
            "weight": table["weight"],
        }
    )
    return RawEdges(edges, directed=False)


Files = Mapping[str, Path]


def edge_list(files: Files, _: NetworkSettings) -> RawEdges:
    """Read a list of edges without a header."""
    return read_edge_list(files["edges"])


def sgd_regulation(files: Files, _: NetworkSettings) -> RawEdges:
    """Read SGD's regulation records."""
    return read_sgd_regulation(files["turtle"])


def string_channel(files: Files, _: NetworkSettings) -> RawEdges:
    """Read one channel of STRING 9.1."""
    return read_string_channel(files["adjacency"], files["genes"])


def string_links(files: Files, settings: NetworkSettings) -> RawEdges:
    """Read one column of STRING's link files."""
    return read_string_links(files["links"], settings.score)


def table(files: Files, settings: NetworkSettings) -> RawEdges:
    """Read a table of one's own."""
    return read_edge_table(files["table"], settings.columns, directed=settings.directed)
