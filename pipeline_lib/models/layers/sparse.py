"""A constant sparse matrix that multiplies dense ones, forward and backward, as compressed rows."""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

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

    def __init__(self, matrix: sparse.sparray | sparse.spmatrix) -> None:
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


def indicator(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_array:
    """Return the 0/1 matrix with ones at (rows, columns)."""
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    matrix.data[:] = 1.0
    return matrix


def row_normalised(matrix: sparse.sparray, power: float = 1.0) -> sparse.csr_array:
    """Divide every row by the sum of its absolute values raised to `power`; empty rows stay empty."""
    matrix = sparse.csr_array(matrix)
    total = np.asarray(abs(matrix).sum(axis=1)).ravel()
    scale = np.divide(1.0, total**power, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)
