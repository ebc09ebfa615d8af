"""Gene networks as symmetric sparse matrices: the channels that DANGO encodes and rebuilds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

from pipeline_lib.errors import PipelineError


@dataclass(frozen=True)
class Channel:
    """One gene network, cut down to the genes that have an edge in it.

    Attributes
    ----------
    name
        Name of the network.
    zero_weight
        Weight of the zeros of a row in the reconstruction loss.
    position
        int64 [N]: row of each gene of the index among the channel's n genes; -1 for a gene without an edge.
    genes
        int64 [n]: the gene index of each row.
    start, neighbour, weight
        The symmetric adjacency in compressed rows: int64 [n + 1], int64 [E] (positions), float32 [E] (largest 1).
    """

    name: str
    zero_weight: float
    position: torch.Tensor
    genes: torch.Tensor
    start: torch.Tensor
    neighbour: torch.Tensor
    weight: torch.Tensor

    @property
    def size(self) -> int:
        """Number of genes with an edge."""
        return len(self.genes)

    @property
    def degree(self) -> torch.Tensor:
        """Number of neighbours, int64 [n]."""
        return self.start.diff()

    def to(self, device: str) -> "Channel":
        """Return the channel with its tensors on `device`."""
        tensors = (self.position, self.genes, self.start, self.neighbour, self.weight)
        return Channel(self.name, self.zero_weight, *(tensor.to(device) for tensor in tensors))


def read_channels(
    edges: pd.DataFrame, num_genes: int, names: list[str] | None, zero_weights: dict[str, float]
) -> list[Channel]:
    """Make one channel of every named network.

    Parameters
    ----------
    edges
        `pipeline_lib.artefacts.schemas.EDGES`; the direction of a directed edge is dropped.
    num_genes
        Length N of the gene index.
    names
        Networks to take; None: every network that has an edge.
    zero_weights
        Weight of zeros by network; 1 for a network not named.

    Raises
    ------
    PipelineError
        When a named network has no edges.
    """
    present = sorted(edges["network"].unique())
    wanted = present if names is None else names
    missing = [name for name in (*wanted, *zero_weights) if name not in present] if present else []
    if missing:
        raise PipelineError(
            f"DANGO: the cell has no network '{missing[0]}' (it has {', '.join(present)}); mend models.dango.channels "
            "and models.dango.zero_weights."
        )
    return [
        _channel(name, edges[edges["network"] == name], num_genes, zero_weights.get(name, 1.0))
        for name in wanted
        if name in present
    ]


def _channel(name: str, edges: pd.DataFrame, num_genes: int, zero_weight: float) -> Channel:
    source, target = edges["source"].to_numpy(np.int64), edges["target"].to_numpy(np.int64)
    weight = np.abs(edges["weight"].to_numpy(np.float64))
    kept = (source != target) & (weight > 0)
    source, target, weight = source[kept], target[kept], weight[kept]
    one_way = sp.csr_array((weight, (source, target)), shape=(num_genes, num_genes))
    both = one_way.maximum(one_way.T).tocsr()
    genes = np.flatnonzero(np.diff(both.indptr))
    position = np.full(num_genes, -1, dtype=np.int64)
    position[genes] = np.arange(len(genes))
    own = both[genes][:, genes].tocsr()
    own.sort_indices()
    largest = own.data.max() if own.nnz else 1.0
    return Channel(
        name=name,
        zero_weight=zero_weight,
        position=torch.from_numpy(position),
        genes=torch.from_numpy(genes.astype(np.int64)),
        start=torch.from_numpy(own.indptr.astype(np.int64)),
        neighbour=torch.from_numpy(own.indices.astype(np.int64)),
        weight=torch.from_numpy((own.data / largest).astype(np.float32)),
    )
