"""Convolutions over gene networks and over the stoichiometric hypergraph, and the sparse sums that they are made of.

Where torch-scatter is installed it sums rows that share an index, and torch's own reductions elsewhere: both give equal
values and equal gradients. This is the only module that knows about it.
"""

import importlib.util
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy import sparse


# torch warns once a process that compressed rows are in beta; the products used here are tested against dense ones.
warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state", UserWarning)


class SparseMatrix(nn.Module):
    """A constant sparse matrix A; ``A(x)`` is the product A x.

    Both A and its transpose are held in compressed rows, so that the backward pass (A^T times the gradient) is as
    fast as the forward one. Indices are 32-bit, as MKL wants them.

    Parameters
    ----------
    matrix
        scipy sparse [rows, columns].
    """

    def __init__(self, matrix: "sparse.sparray | sparse.spmatrix") -> None:
        from scipy import sparse

        super().__init__()
        rows = sparse.csr_array(matrix)
        rows.sort_indices()
        columns = sparse.csr_array(rows.T)
        columns.sort_indices()
        self.shape: tuple[int, int] = rows.shape
        for name, part in (("forward", rows), ("backward", columns)):
            self.register_buffer(f"{name}_pointers", torch.from_numpy(part.indptr.astype(np.int32)), persistent=False)
            self.register_buffer(f"{name}_indices", torch.from_numpy(part.indices.astype(np.int32)), persistent=False)
            self.register_buffer(f"{name}_values", torch.from_numpy(part.data.astype(np.float32)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return A x, float32 [rows, d], for x [columns, d]."""
        if not len(self.forward_values):
            return x.new_zeros((self.shape[0], x.shape[1]))
        # Sparse products know no bfloat16.
        with torch.autocast(x.device.type, enabled=False):
            product: Tensor = _Product.apply(x.float(), self)
        return product

    def dense(self) -> Tensor:
        """Return the matrix with its zeros, float32 [rows, columns]."""
        return self._matrix("forward").to_dense()

    def _matrix(self, direction: str) -> Tensor:
        shape = self.shape if direction == "forward" else self.shape[::-1]
        return torch.sparse_csr_tensor(
            getattr(self, f"{direction}_pointers"),
            getattr(self, f"{direction}_indices"),
            getattr(self, f"{direction}_values"),
            size=shape,
            check_invariants=False,
        )


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: SparseMatrix) -> Tensor:  # noqa: ANN401 - torch's context
        ctx.matrix = matrix
        return matrix._matrix("forward") @ x  # noqa: SLF001 - one class in two parts

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return ctx.matrix._matrix("backward") @ gradient.contiguous(), None  # noqa: SLF001


def indicator(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> "sparse.csr_array":
    """Return the 0/1 matrix with ones at (rows, columns)."""
    from scipy import sparse

    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    matrix.data[:] = 1.0
    return matrix


def row_normalised(matrix: "sparse.sparray", power: float = 1.0) -> "sparse.csr_array":
    """Divide every row by the sum of its absolute values raised to `power`; empty rows stay empty."""
    from scipy import sparse

    matrix = sparse.csr_array(matrix)
    total = np.asarray(abs(matrix).sum(axis=1)).ravel()
    scale = np.divide(1.0, total**power, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)


ConvolutionName = Literal["gcn", "gin", "gatv2"]


def symmetric_normalised(adjacency: "sparse.sparray") -> "sparse.csr_array":
    """Return D_in^-1/2 A D_out^-1/2 (Kipf and Welling 2017); D^-1/2 A D^-1/2 where A is symmetric.

    Parameters
    ----------
    adjacency
        [N, N], row = receiver, column = sender, weights above 0; no self-loops are added, since the residual path
        of the encoder carries a gene's own state.
    """
    from scipy import sparse

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

    def __init__(self, adjacencies: "Sequence[sparse.sparray]", width: int, out: int) -> None:
        from scipy import sparse

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
        self, adjacencies: "Sequence[sparse.sparray]", width: int, out: int, kind: Literal["gin", "gatv2"]
    ) -> None:
        super().__init__()
        from scipy import sparse
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
    kind: ConvolutionName, adjacencies: "Sequence[sparse.sparray]", width: int, out: int
) -> nn.Module:
    """Return the convolution of that name over `adjacencies`."""
    if kind == "gcn":
        return RelationalGcn(adjacencies, width, out)
    return RelationalPyg(adjacencies, width, out, kind)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": functional.tanh,
    "elu": functional.elu,
    "leaky_relu": functional.leaky_relu,
}
"""They keep the sign of what passes: a consumed metabolite must not look like an absent one."""


class DirectedHypergraphConvolution(nn.Module):
    """Substrates to reactions to products, and back, with weights of their own for each side.

    With S- and S+ what a column of the split stoichiometric matrix consumes and makes::

        m' = m + act( norm( (D-^-1 S- r) W1 + (D+^-1 S+ r) W2 ) )
        r' = r + act( (B-^-1 S-^T m') W3 + (B+^-1 S+^T m') W4 + e )

    where e is what the reaction's enzymes and energy bring, B and D the sums of the coefficients by reaction and by
    metabolite. A reversible reaction is two columns, so flipping it changes nothing, and flipping an irreversible
    one exchanges S- and S+.

    Parameters
    ----------
    split
        Signed coefficients [M, R'], a column a direction of a reaction.
    width
        Number of channels.
    activation
        Name out of `pipeline_lib.models.layers.ACTIVATIONS`.
    """

    def __init__(self, split: "sparse.sparray", width: int, activation: str) -> None:
        from scipy import sparse

        super().__init__()
        consumed, made = sparse.csr_array(-split.minimum(0)), sparse.csr_array(split.maximum(0))
        self.from_substrates = SparseMatrix(row_normalised(consumed.T))
        self.from_products = SparseMatrix(row_normalised(made.T))
        self.to_substrates = SparseMatrix(row_normalised(consumed))
        self.to_products = SparseMatrix(row_normalised(made))
        self.substrate_weight = nn.Linear(width, width, bias=False)
        self.product_weight = nn.Linear(width, width, bias=False)
        self.consumed_weight = nn.Linear(width, width, bias=False)
        self.made_weight = nn.Linear(width, width, bias=False)
        # RMS normalisation rescales and does not recentre, so signs stay.
        self.norm = nn.RMSNorm(width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, metabolites: Tensor, reactions: Tensor, extra: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next metabolites [M, h] and reactions [R', h].

        Parameters
        ----------
        metabolites, reactions
            Their states, [M, h] and [R', h].
        extra
            What enzymes and energy bring to each reaction, [R', h].
        """
        outgoing = self.consumed_weight(self.to_substrates(reactions)) + self.made_weight(self.to_products(reactions))
        metabolites = metabolites + self.activation(self.norm(outgoing))
        incoming = self.substrate_weight(self.from_substrates(metabolites))
        incoming = incoming + self.product_weight(self.from_products(metabolites))
        return metabolites, reactions + self.activation(incoming + extra)


class UndirectedHypergraphConvolution(nn.Module):
    """The prototype's convolution, D^-1 S B^-1 S^T X Theta (Feng et al. 2019, with signed S for the incidence).

    S stands in it twice, so flipping the sign of a whole column changes nothing: it cannot see which way a reaction
    runs. The reactions' own states come from |S| for the same reason.

    Parameters
    ----------
    split, width, activation
        See `DirectedHypergraphConvolution`.
    """

    def __init__(self, split: "sparse.sparray", width: int, activation: str) -> None:
        from scipy import sparse

        super().__init__()
        signed, size = sparse.csr_array(split), sparse.csr_array(abs(split))
        self.gather = SparseMatrix(row_normalised(signed.T))
        self.spread = SparseMatrix(row_normalised(signed))
        self.take_part = SparseMatrix(row_normalised(size.T))
        self.theta = nn.Linear(width, width, bias=False)
        self.part_weight = nn.Linear(width, width, bias=False)
        self.enzyme_weight = nn.Linear(width, width, bias=False)
        self.to_metabolites = SparseMatrix(row_normalised(size))
        self.norm = nn.RMSNorm(width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, metabolites: Tensor, reactions: Tensor, extra: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next metabolites [M, h] and reactions [R', h]; see `DirectedHypergraphConvolution`."""
        convolved = self.spread(self.gather(self.theta(metabolites)))
        outgoing = convolved + self.enzyme_weight(self.to_metabolites(reactions))
        metabolites = metabolites + self.activation(self.norm(outgoing))
        return metabolites, reactions + self.activation(self.part_weight(self.take_part(metabolites)) + extra)


HAS_TORCH_SCATTER = importlib.util.find_spec("torch_scatter") is not None


def on_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor of the CPU on `device`, without waiting for what is computed there."""
    if tensor.device == device:
        return tensor
    # From pageable memory the copy itself would wait.
    return tensor.pin_memory().to(device, non_blocking=True)


def scatter_sum(source: Tensor, index: Tensor, size: int) -> Tensor:
    """Return the sum of the rows of `source` [n, d] by `index` [n]: [size, d], zero where there is no row."""
    if HAS_TORCH_SCATTER:
        from torch_scatter import scatter

        summed: Tensor = scatter(source, index, dim=0, dim_size=size, reduce="sum")
        return summed
    return source.new_zeros((size, *source.shape[1:])).index_add(0, index, source)


def scatter_mean(source: Tensor, index: Tensor, size: int) -> Tensor:
    """Return the mean of the rows of `source` [n, d] by `index` [n]: [size, d], zero where there is no row."""
    if HAS_TORCH_SCATTER:
        from torch_scatter import scatter

        mean: Tensor = scatter(source, index, dim=0, dim_size=size, reduce="mean")
        return mean
    # On a GPU ``bincount`` waits to learn the greatest index.
    count = source.new_zeros(size).index_add(0, index, source.new_ones(len(index))).clamp_min(1)
    return scatter_sum(source, index, size) / count.view(-1, *[1] * (source.dim() - 1))


def scatter_max(source: Tensor, index: Tensor, size: int) -> Tensor:
    """Return the maximum of the rows of `source` [n, d] by `index` [n]: [size, d], zero where there is no row.

    Where several rows tie, the gradient goes to the first of them, as torch-scatter sends it (torch's own reduction
    would share it out).
    """
    if HAS_TORCH_SCATTER:
        from torch_scatter import scatter

        highest: Tensor = scatter(source, index, dim=0, dim_size=size, reduce="max")
        return highest
    n, width = source.shape
    spread = index[:, None].expand(n, width)
    with torch.no_grad():
        top = source.new_full((size, width), -torch.inf).scatter_reduce(0, spread, source, "amax")
        rows = torch.arange(n, device=source.device)[:, None].expand(n, width)
        # Rows below the maximum stand behind every row, so that the smallest position left is the first maximum.
        candidates = torch.where(source == top[index], rows, n)
        first = rows.new_full((size, width), n).scatter_reduce(0, spread, candidates, "amin")
    padded = torch.cat([source, source.new_zeros((1, width))])
    return padded.gather(0, first)
