"""Networks of STRING: the release's own link files, and the channel files that DANGO is published with."""

from pathlib import Path

import polars as pl

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.raw_edges import RawEdges, as_numbers, read_lines, refuse_rows, split_lines

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
