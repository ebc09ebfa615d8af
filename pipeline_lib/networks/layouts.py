"""The layouts of network files, each read as the network's settings ask."""

from collections.abc import Mapping
from pathlib import Path

from pipeline_lib.config.networks import NetworkSettings
from pipeline_lib.networks.edge_lists import read_edge_list, read_edge_table
from pipeline_lib.networks.raw_edges import RawEdges
from pipeline_lib.networks.sgd_regulation import read_sgd_regulation
from pipeline_lib.networks.string_database import read_string_channel, read_string_links

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
