"""The reader ``gene_modules``: one module a line, its genes separated by blanks; every pair of a module is an edge."""

from itertools import combinations

import polars as pl

from pipeline_lib.extension import network_reader
from pipeline_lib.networks.edges import RawEdges, read_lines


@network_reader("gene_modules", "one module of genes a line; an edge between any two of them", ("modules",))
def read(files, settings):
    """Return the pairs, undirected; an edge weighs as many modules as have both genes."""
    pairs = [pair for line in read_lines(files["modules"]) for pair in combinations(sorted(set(line.split())), 2)]
    edges = pl.DataFrame(pairs, schema=["source", "target"], orient="row")
    weighed = edges.group_by("source", "target", maintain_order=True).agg(weight=pl.len().cast(pl.Float64))
    return RawEdges(weighed, directed=False)
