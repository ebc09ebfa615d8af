"""A Gaussian process over genes: many functions of the gene at once, with one kernel and one noise."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import lapack

from pipeline_lib.models.profile_predictor.kernels import Matrix


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
        return np.maximum(diagonal - np.einsum("un,un->u", kernel @ self.inverse, kernel), 0.0)

    def left_out(self, targets: Matrix) -> Matrix:
        """Return the posterior mean at each of the n genes given all the others, float64 [n, m]."""
        return np.asarray(targets - (self.inverse @ targets) / np.diag(self.inverse)[:, None])

    def left_out_variance(self) -> Matrix:
        """Return the posterior variance at each of the n genes given all the others, without noise, float64 [n]."""
        return np.maximum(1.0 / np.diag(self.inverse) - self.noise, 0.0)
