"""Kernels between genes and between sets of them, and the Gaussian process over genes that they define."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.features.matrices import COMPONENTS, principal_components
from pipeline_lib.models.baselines.network_profiles import gene_networks
from pipeline_lib.models.interface import Cell

Index = NDArray[np.int64]
Matrix = NDArray[np.float64]

_FULL_SHARE = 0.2


class GeneKernel(Protocol):
    """A positive semidefinite kernel over all genes whose diagonal is 1."""

    @property
    def name(self) -> str:
        """What it is made of."""
        ...

    def between(self, rows: Index, columns: Index) -> Matrix:
        """Return the kernel of genes `rows` and genes `columns`, float64 [r, c]; no gene stands twice in either."""
        ...


@dataclass(frozen=True)
class CosineKernel:
    """Cosine of two genes' vectors; a gene whose vector is 0 is similar to itself alone.

    Attributes
    ----------
    name
        Network or feature table, with the shape of the kernel.
    factor
        Rows of unit length (or 0), [N, d].
    shape
        Of the cosine: itself ('linear'), its square, or what `sharp` makes of it. All are positive semidefinite, since
        products and sums of such kernels are (Schur). The latter two prefer close genes.
    """

    name: str
    factor: sparse.csr_array
    shape: Callable[[Matrix], Matrix]

    def between(self, rows: Index, columns: Index) -> Matrix:
        """Return the kernel of genes `rows` and genes `columns`, float64 [r, c]; no gene stands twice in either."""
        return _with_itself(self.shape(_dense_product(self.factor[rows], self.factor[columns])), rows, columns)


def linear(cosine: Matrix) -> Matrix:
    """Return the cosine itself."""
    return cosine


@dataclass(frozen=True)
class Sharp:
    """exp(sharpness (cosine - 1))."""

    sharpness: float

    def __call__(self, cosine: Matrix) -> Matrix:
        """Return the kernel of these cosines."""
        return np.exp(self.sharpness * (cosine - 1.0))


@dataclass(frozen=True)
class EdgeKernel:
    """I + D^-1/2 A D^-1/2 of a network A with degrees D: 1 of a gene with itself, the scaled weight along an edge.

    Its eigenvalues lie in [0, 2], as those of the normalised Laplacian do (Smola and Kondor 2003, "Kernels and
    regularization on graphs").
    """

    name: str
    normalised: sparse.csr_array

    def between(self, rows: Index, columns: Index) -> Matrix:
        """Return the kernel of genes `rows` and genes `columns`, float64 [r, c]; no gene stands twice in either."""
        return _with_itself(self.normalised[rows][:, columns].toarray(), rows, columns)


@dataclass(frozen=True)
class DiffusionKernel:
    """Random walks with restart over all networks together, (I - s S)^-1, as a cosine.

    S is the normalised sum of the normalised networks (Koehler et al. 2008, doi 10.1016/j.ajhg.2008.02.013), s the
    share of steps that do not go back. The eigenvalues of I - s S lie in [1 - s, 1 + s].
    """

    name: str
    normalised: sparse.csr_array
    walk_share: float

    def between(self, rows: Index, columns: Index) -> Matrix:
        """Return the kernel of genes `rows` and genes `columns`, float64 [r, c]; no gene stands twice in either."""
        place, walk = self._walk
        left, right = place[rows], place[columns]
        inside = walk[np.ix_(left, right)].astype(np.float64)
        # A gene without an edge only ever meets itself.
        inside *= (left >= 0)[:, None] & (right >= 0)
        return _with_itself(inside, rows, columns)

    @cached_property
    def _walk(self) -> tuple[Index, NDArray[np.float32]]:
        """Return the position of each gene among those with an edge, -1 without, and the cosines between these.

        One inverse of all genes costs less than a walk from each gene of every assay.
        """
        joined = np.flatnonzero(np.diff(self.normalised.indptr) > 0)
        place = np.full(self.normalised.shape[0], -1)
        place[joined] = np.arange(len(joined))
        steps = self.normalised[joined][:, joined].toarray().astype(np.float32, order="F")
        steps *= -self.walk_share
        steps[np.diag_indices_from(steps)] += 1.0
        factor, _ = lapack.spotrf(steps, lower=1, overwrite_a=1)
        inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
        scale = 1.0 / np.sqrt(np.diag(inverse))
        lower = np.tril(inverse)
        whole = lower + np.tril(lower, -1).T
        # Both scales at once, so that the matrix stays symmetric to the last bit.
        whole *= np.multiply.outer(scale, scale)
        return place, whole


@dataclass(frozen=True)
class GeneInputs:
    """What a cell holds of its genes: how similar any two are, and columns that stand for themselves.

    Attributes
    ----------
    kernels
        Between genes.
    columns
        float64 [N, d]: measurements as standard scores, the leading components of memberships, logarithms of the number
        of neighbours in each network.
    blocks
        Name and width of each run of columns.
    """

    kernels: list[GeneKernel]
    columns: Matrix
    blocks: list[str]

    def of_sets(self, gene_sets: Index) -> Matrix:
        """Return the mean of the columns over the genes of each set [n, 3], float64 [n, d]."""
        total = np.zeros((len(gene_sets), self.columns.shape[1]))
        for genes in gene_sets.T:
            total[genes >= 0] += self.columns[genes[genes >= 0]]
        return np.asarray(total / np.maximum((gene_sets >= 0).sum(axis=1), 1)[:, None])

    @property
    def layout(self) -> list[str]:
        """What the kernels and the blocks of columns are made of, in their order."""
        return [*(kernel.name for kernel in self.kernels), *self.blocks]


_INPUTS: "WeakKeyDictionary[Cell, dict[ProfilePredictorSettings, GeneInputs]]" = WeakKeyDictionary()
"""Of the cells in use: every assay of a model has the same."""


def gene_inputs(cell: Cell, settings: ProfilePredictorSettings) -> GeneInputs:
    """Return kernels and columns of the genes of a cell.

    A network, or the graph that joins genes of similar features, gives the cosine of neighbourhoods (each gene among
    its own neighbours) and the edge itself. Measurements are standardised by column, missing ones count as the column's
    mean; memberships (complexes, compartments) are scaled by the inverse square root of a column's size. The diffusion
    goes over all networks.
    """
    of_cell = _INPUTS.setdefault(cell, {})
    if settings not in of_cell:
        of_cell[settings] = _new_inputs(cell, settings)
    return of_cell[settings]


def _new_inputs(cell: Cell, settings: ProfilePredictorSettings) -> GeneInputs:
    networks = gene_networks(cell)
    size = len(cell.genes)
    kernels: list[GeneKernel] = []
    columns: dict[str, Matrix] = {}
    total = sparse.csr_array((size, size))
    for name, network in networks.items():
        normalised = _normalised(network)
        total = total + normalised
        columns[f"{name} neighbours"] = np.log1p(np.asarray(network.astype(bool).sum(axis=1)).reshape(size, 1))
        neighbourhood = _unit_rows(network + sparse.eye_array(size, format="csr"))
        kernels += [CosineKernel(f"{name} neighbourhood", neighbourhood, linear)]
        kernels.append(EdgeKernel(f"{name} edge", normalised))
    if networks:
        kernels.append(DiffusionKernel("diffusion", _normalised(total), settings.walk_share))
    for name, table in cell.features.items():
        values = np.asarray(table, dtype=np.float64)
        members = _holds_memberships(values, settings.membership_zeros)
        scaled = _by_size(values) if members else _standard_scores(values, settings.greatest_score)
        columns[name] = principal_components(table, COMPONENTS).astype(np.float64) if members else scaled
        factor = _unit_rows(sparse.csr_array(scaled))
        kernels.append(CosineKernel(f"{name} linear", factor, linear))
        if not members:
            kernels.append(CosineKernel(f"{name} square", factor, np.square))
            kernels.append(CosineKernel(f"{name} sharp", factor, Sharp(settings.sharpness)))
    blocks = [f"{name} ({block.shape[1]})" for name, block in columns.items()]
    return GeneInputs(kernels, np.concatenate([np.zeros((size, 0)), *columns.values()], axis=1), blocks)


def _holds_memberships(table: Matrix, zeros: float) -> bool:
    known = np.isfinite(table)
    return bool(known.any() and np.all(table[known] >= 0) and np.mean(table[known] == 0) >= zeros)


def _by_size(table: Matrix) -> Matrix:
    members = np.nan_to_num(table)
    return np.asarray(members / np.sqrt(np.maximum((members > 0).sum(axis=0), 1)))


def _standard_scores(table: Matrix, greatest: float) -> Matrix:
    known = np.isfinite(table)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, table, 0.0).sum(axis=0) / count
    centred = np.where(known, table - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    return np.clip(centred / np.where(deviation > 0, deviation, 1.0), -greatest, greatest)


def _dense_product(left: sparse.csr_array, right: sparse.csr_array) -> Matrix:
    """Return left right', float64 [r, c]; rows that are mostly full are multiplied as dense matrices."""
    if left.nnz + right.nnz > _FULL_SHARE * (left.shape[0] + right.shape[0]) * left.shape[1]:
        return np.asarray(left.toarray() @ right.toarray().T)
    return np.asarray((left @ right.T).toarray())


def _unit_rows(rows: sparse.csr_array) -> sparse.csr_array:
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(length > 0, length, 1.0)) @ rows)


def _normalised(network: sparse.csr_array) -> sparse.csr_array:
    degree = np.asarray(network.sum(axis=1)).ravel()
    scale = sparse.diags_array(1.0 / np.sqrt(np.where(degree > 0, degree, 1.0)))
    return sparse.csr_array(scale @ network @ scale)


def _with_itself(block: Matrix, rows: Index, columns: Index) -> Matrix:
    """Set the kernel of a gene with itself to 1, whether or not anything is known of it."""
    _, row, column = np.intersect1d(rows, columns, assume_unique=True, return_indices=True)
    block[row, column] = 1.0
    return block


def set_kernel(kernel: GeneKernel, rows: Index, columns: Index) -> Matrix:
    """Return the kernel of gene sets, float64 [r, c].

    The kernel of two sets is the sum over pairs of their genes divided by the square root of both sizes, which is the
    gene kernel itself for single genes.

    Parameters
    ----------
    rows, columns
        int64 [r, 3] and [c, 3]: genes of each set, -1 where there is none. The kernel of an empty set is 0.
    """
    return weighted_kernel([kernel], np.ones(1), rows, columns)


def weighted_kernel(kernels: Sequence[GeneKernel], weights: Matrix, rows: Index, columns: Index) -> Matrix:
    """Return the weighted sum of kernels over gene sets, one kernel in memory at a time, float64 [r, c]."""
    left_genes, left = _incidence(rows)
    right_genes, right = _incidence(columns)
    total = np.zeros((len(left_genes), len(right_genes)))
    if total.size:
        for kernel, weight in zip(kernels, weights, strict=True):
            if weight > 0:
                total += weight * kernel.between(left_genes, right_genes)
    # Sums over genes once, whatever the number of kernels.
    return np.asarray((right @ (left @ total).T).T)


def _incidence(gene_sets: Index) -> tuple[Index, sparse.csr_array]:
    """Return the genes that occur, ascending, and which of them each set holds, scaled by 1 / sqrt(size)."""
    there = gene_sets >= 0
    genes, position = np.unique(gene_sets[there], return_inverse=True)
    size = there.sum(axis=1)
    row = np.nonzero(there)[0]
    weight = 1.0 / np.sqrt(size[row])
    return genes, sparse.csr_array((weight, (row, position)), shape=(len(gene_sets), len(genes)))


@dataclass(frozen=True)
class GeneProcess:
    """The process given its values at n genes, in the unit in which its prior variance is the kernel's diagonal.

    Attributes
    ----------
    inverse
        float64 [n, n]: A = (K + s I)^-1.
    noise
        s.
    """

    inverse: Matrix
    noise: float

    @classmethod
    def fit(cls, kernel: Matrix, noise: float) -> Self:
        """Invert the covariance by its Cholesky factor.

        Parameters
        ----------
        kernel
            float64 [n, n]: of the genes with each other; the lower triangle is read.
        noise
            s > 0.

        Raises
        ------
        ArithmeticError
            When the covariance is not positive definite, which no sum of kernels can be.
        """
        covariance = np.array(kernel, dtype=np.float64, order="F")
        covariance[np.diag_indices_from(covariance)] += noise
        factor, failed = lapack.dpotrf(covariance, lower=1, overwrite_a=1)
        if failed:
            raise ArithmeticError("the covariance of the genes is not positive definite")
        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        lower = np.tril(inverse)
        return cls(lower + np.tril(lower, -1).T, noise)

    def state(self) -> dict[str, Any]:
        """Return the lower triangle of A, float64 [n (n + 1) / 2] in row order, and s: A is half of a model's file."""
        return {"lower": self.inverse[np.tril_indices_from(self.inverse)], "noise": self.noise}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the process that `state` was taken from."""
        size = (math.isqrt(8 * len(state["lower"]) + 1) - 1) // 2
        inverse = np.zeros((size, size))
        inverse[np.tril_indices(size)] = state["lower"]
        return cls(inverse + np.tril(inverse, -1).T, state["noise"])

    def predict(self, kernel: Matrix, targets: Matrix) -> Matrix:
        """Return the posterior mean at other genes, float64 [u, m].

        Parameters
        ----------
        kernel
            float64 [u, n]: of those genes with the n.
        targets
            float64 [n, m].
        """
        return np.asarray(kernel @ (self.inverse @ targets))

    def variance(self, kernel: Matrix, diagonal: float = 1.0) -> Matrix:
        """Return the posterior variance at other genes without noise, float64 [u]; `diagonal` is their prior one."""
        return np.asarray(np.maximum(diagonal - np.einsum("un,un->u", kernel @ self.inverse, kernel), 0.0))

    def left_out(self, targets: Matrix) -> Matrix:
        """Return the posterior mean at each of the n genes given all the others, float64 [n, m]."""
        return np.asarray(targets - (self.inverse @ targets) / np.diag(self.inverse)[:, None])

    def left_out_variance(self) -> Matrix:
        """Return the posterior variance at each of the n genes given all the others, without noise, float64 [n]."""
        return np.maximum(1.0 / np.diag(self.inverse) - self.noise, 0.0)
