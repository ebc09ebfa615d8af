"""The readers by name: which layout each understands and which files it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.config.networks import NETWORK_FILES, NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.edge_lists import read_edge_list, read_edge_table
from pipeline_lib.networks.raw_edges import RawEdges
from pipeline_lib.networks.sgd_regulation import read_sgd_regulation
from pipeline_lib.networks.string_database import read_string_channel, read_string_links

Files = Mapping[str, Path]


@dataclass(frozen=True)
class Reader:
    """A layout: the roles of its files, what it is, and how it is read."""

    roles: tuple[str, ...]
    what: str
    read: Callable[[Files, NetworkSettings], RawEdges]


READERS: dict[str, Reader] = {
    "edge_list": Reader(
        NETWORK_FILES["edge_list"],
        "two genes and perhaps a weight a line, no header (BIONIC's inputs); undirected",
        lambda files, _: read_edge_list(files["edges"]),
    ),
    "sgd_regulation": Reader(
        NETWORK_FILES["sgd_regulation"],
        "SGD's regulation records as RDF; directed from regulator to target",
        lambda files, _: read_sgd_regulation(files["turtle"]),
    ),
    "string_channel": Reader(
        NETWORK_FILES["string_channel"],
        "one channel of STRING 9.1: index, index, score over a gene order; undirected",
        lambda files, _: read_string_channel(files["adjacency"], files["genes"]),
    ),
    "string_links": Reader(
        NETWORK_FILES["string_links"],
        "STRING's link files, physical or detailed; 'score' chooses the column; undirected",
        lambda files, settings: read_string_links(files["links"], settings.score),
    ),
    "table": Reader(
        NETWORK_FILES["table"],
        "your own table (csv, tsv, xlsx, parquet; packed or not); 'columns' and 'directed' describe it",
        lambda files, settings: read_edge_table(files["table"], settings.columns, directed=settings.directed),
    ),
}


def read_network(files: Files, settings: NetworkSettings) -> RawEdges:
    """Read one network with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, or the files are not the ones that it needs.
    """
    reader = READERS.get(settings.reader)
    if reader is None:
        raise PipelineError(f"there is no network reader '{settings.reader}'; there are {', '.join(READERS)}.")
    if set(files) != set(reader.roles):
        wanted, given = ", ".join(reader.roles), ", ".join(sorted(files)) or "none"
        raise PipelineError(f"reader '{settings.reader}' needs the files {wanted}; given are {given}.")
    return reader.read(files, settings)
