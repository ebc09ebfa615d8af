"""Message passing over several gene networks at once, each with weights of its own."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from pipeline_lib.models.layers.sparse import SparseMatrix

ConvolutionName = Literal["gcn", "gin", "gatv2"]


def symmetric_normalised(adjacency: sparse.sparray) -> sparse.csr_array:
    """Return D_in^-1/2 A D_out^-1/2 (Kipf and Welling 2017); D^-1/2 A D^-1/2 where A is symmetric.

    Parameters
    ----------
    adjacency
        [N, N], row = receiver, column = sender, weights above 0; no self-loops are added, since the residual path
        of the encoder carries a gene's own state.
    """
    matrix = sparse.csr_array(adjacency)
    received, sent = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    left, right = (
        np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0) for degree in (received, sent)
    )
    return sparse.csr_array(sparse.diags_array(left) @ matrix @ sparse.diags_array(right))


class RelationalGcn(nn.Module):
    """Graph convolution over R networks: sum_r A_r x W_r, with A_r normalised symmetrically.

    One product with the stacked matrices [R N, N] does the work of R convolutions of torch-geometric's ``GCNConv``
    (without self-loops), to which it is equal.

    Parameters
    ----------
    adjacencies
        R matrices [N, N], row = receiver.
    width, out
        Number of channels of a message and of the result.
    """

    def __init__(self, adjacencies: Sequence[sparse.sparray], width: int, out: int) -> None:
        super().__init__()
        self.relations = len(adjacencies)
        self.stacked = SparseMatrix(sparse.vstack([symmetric_normalised(a) for a in adjacencies]))
        self.weight = nn.Parameter(torch.empty(self.relations, width, out))
        nn.init.normal_(self.weight, std=(width * self.relations) ** -0.5)

    def forward(self, x: Tensor, receivers: Tensor) -> Tensor:  # noqa: ARG002 - attention reads them
        """Return [N, out] for messages x [N, width]."""
        n, width = x.shape
        gathered = self.stacked(x).view(self.relations, n, width)
        return torch.bmm(gathered, self.weight).sum(0)


class RelationalPyg(nn.Module):
    """The same with a convolution of torch-geometric a network: ``GINConv`` or ``GATv2Conv``."""

    def __init__(
        self, adjacencies: Sequence[sparse.sparray], width: int, out: int, kind: Literal["gin", "gatv2"]
    ) -> None:
        super().__init__()
        from torch_geometric.nn import GATv2Conv, GINConv

        def convolution() -> nn.Module:
            if kind == "gin":
                return GINConv(nn.Sequential(nn.Linear(width, out), nn.GELU(), nn.Linear(out, out)))
            return GATv2Conv(width, out, heads=1, edge_dim=1, add_self_loops=False)

        self.kind = kind
        self.convolutions = nn.ModuleList(convolution() for _ in adjacencies)
        for position, adjacency in enumerate(adjacencies):
            edges = sparse.coo_array(adjacency)
            pairs = torch.from_numpy(np.stack([edges.col, edges.row]).astype(np.int64))
            self.register_buffer(f"edges_{position}", pairs, persistent=False)
            self.register_buffer(
                f"weights_{position}", torch.from_numpy(edges.data.astype(np.float32))[:, None], persistent=False
            )

    def forward(self, x: Tensor, receivers: Tensor) -> Tensor:
        """Return [N, out] for messages x [N, width]; attention compares them with `receivers` [N, width].

        A gene's own message is none of its inputs, as in `RelationalGcn`.
        """
        results = []
        for position, convolution in enumerate(self.convolutions):
            edges = getattr(self, f"edges_{position}")
            if self.kind == "gatv2":
                results.append(convolution((x, receivers), edges, edge_attr=getattr(self, f"weights_{position}")))
            else:
                results.append(convolution((x, None), edges))
        return torch.stack(results).mean(0)


def relational_convolution(
    kind: ConvolutionName, adjacencies: Sequence[sparse.sparray], width: int, out: int
) -> nn.Module:
    """Return the convolution of that name over `adjacencies`."""
    if kind == "gcn":
        return RelationalGcn(adjacencies, width, out)
    return RelationalPyg(adjacencies, width, out, kind)
