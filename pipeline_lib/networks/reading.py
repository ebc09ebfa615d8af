"""Read a gene network with the reader of its settings."""

from collections.abc import Mapping
from pathlib import Path

from pipeline_lib.config.network_readers import NETWORK_READERS
from pipeline_lib.config.networks import NetworkSettings
from pipeline_lib.config.registry import load
from pipeline_lib.networks.raw_edges import RawEdges


def read_network(files: Mapping[str, Path], settings: NetworkSettings) -> RawEdges:
    """Read one network with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, or the files are not the ones that it needs.
    """
    layout = NETWORK_READERS.get(settings.reader)
    layout.refuse_other_files(settings.reader, files)
    raw: RawEdges = load(layout.target)(files, settings)
    return raw
