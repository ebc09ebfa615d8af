"""Join the tables of several networks into one."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.schemas import EDGES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.evidence import Provenance

_TYPES = {
    "network": "object",
    "source": "int64",
    "target": "int64",
    "weight": "float64",
    "directed": "bool",
    "holds_genetic": "bool",
}


def read_networks(paths: Iterable[Path], num_genes: int) -> dict[str, pd.DataFrame]:
    """Read the tables of single networks by name.

    Raises
    ------
    PipelineError
        When a table is empty, holds more than one network, names genes beyond the gene table, or two tables
        have the same name.
    """
    networks: dict[str, pd.DataFrame] = {}
    for path in paths:
        table = read_table(path, EDGES)
        names = table["network"].unique()
        if len(names) != 1:
            raise PipelineError(f"{path} holds {len(names)} networks; expected one. Make it with 'networks read'.")
        greatest = max(table["source"].max(), table["target"].max())
        if greatest >= num_genes:
            raise PipelineError(f"{path} names gene {greatest} of {num_genes}; read it again with this gene table.")
        if names[0] in networks:
            raise PipelineError(f"{path}: there are two tables of network '{names[0]}'.")
        networks[str(names[0])] = table
    return networks


def join_networks(networks: Mapping[str, pd.DataFrame], provenances: Mapping[str, Provenance]) -> pd.DataFrame:
    """Return all edges, sorted by network name, source and target.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.EDGES` and ``holds_genetic``; no rows where there is no network.
    """
    parts = [
        networks[name][list(EDGES.columns)].assign(holds_genetic=provenances[name].holds_genetic)
        for name in sorted(networks)
    ]
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in _TYPES.items()})
    return pd.concat(parts, ignore_index=True).astype(_TYPES)
