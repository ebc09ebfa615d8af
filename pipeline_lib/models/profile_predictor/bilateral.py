"""Predict a pair of which training lacks both genes, and practise it on pairs of genes that training has.

Two-step kernel ridge regression (Pahikkala et al. 2014, doi 10.1007/978-3-662-44851-9_33): the processes of rows and
of columns smooth the matrix Y of profiles from both sides, F = K_r A_r Y A_c K_c'. Leaving a gene out has a closed form
on either side (Stock et al. 2020, doi 10.1093/bib/bby095).
"""

from dataclasses import dataclass

import numpy as np

from pipeline_lib.models.profile_predictor.gene_process import GeneProcess
from pipeline_lib.models.profile_predictor.kernels import Index, Matrix

_SMALLEST = 1e-300


def smooth_both_sides(row_weights: Matrix, profiles: Matrix, column_weights: Matrix) -> Matrix:
    """Return the smoothed values of unseen rows and columns, float64 [u, v].

    Parameters
    ----------
    row_weights, column_weights
        float64 [u, r] and [v, c]: K A of each side, the weight of each seen row or column.
    profiles
        float64 [r, c].
    """
    return np.asarray((row_weights @ profiles) @ column_weights.T)


def left_out_of_both(
    row_process: GeneProcess, column_process: GeneProcess, profiles: Matrix, rows: Index, columns: Index
) -> Matrix:
    """Return what is predicted of cells without their row and without their column, float64 [n].

    With a = A_i. / A_ii the weights of row i are e_i - a, those of column j likewise, so that the cell is
    Y_ij - (A_r Y)_ij / A_ii - (Y A_c)_ij / A_jj + (A_r Y A_c)_ij / (A_ii A_jj).
    """
    across, down = row_process.inverse @ profiles, profiles @ column_process.inverse
    both = across @ column_process.inverse
    scale_row = np.diag(row_process.inverse)[rows]
    scale_column = np.diag(column_process.inverse)[columns]
    cell = profiles[rows, columns] - across[rows, columns] / scale_row - down[rows, columns] / scale_column
    return np.asarray(cell + both[rows, columns] / (scale_row * scale_column))


@dataclass(frozen=True)
class LeftOutPairs:
    """Pairs (i, j) of one set of genes, with the weights that predict each from all genes but these two.

    With the block of A at i and j, the weights of i are e_i - (A_jj A_i. - A_ij A_j.) / (A_ii A_jj - A_ij^2).

    Attributes
    ----------
    inverse
        A, float64 [n, n].
    first, second
        int64 [p]: i and j.
    """

    inverse: Matrix
    first: Index
    second: Index

    def _factors(self) -> tuple[Matrix, Matrix, Matrix]:
        own, other = np.diag(self.inverse)[self.first], np.diag(self.inverse)[self.second]
        between = self.inverse[self.first, self.second]
        determinant = np.maximum(own * other - between**2, _SMALLEST)
        return other / determinant, own / determinant, between / determinant

    def profiles(self, profiles: Matrix) -> Matrix:
        """Return the smoothed value of every pair in the symmetric matrix `profiles` [n, n], float64 [p]."""
        i, j = self.first, self.second
        alpha, gamma, beta = self._factors()
        once = self.inverse @ profiles
        twice = once @ self.inverse
        here, there = np.diag(once), np.diag(twice)
        from_first = gamma * once[j, i] - beta * here[i]
        from_second = alpha * once[i, j] - beta * here[j]
        across = (alpha * gamma + beta**2) * twice[i, j] - alpha * beta * there[i] - beta * gamma * there[j]
        return np.asarray(profiles[i, j] - from_first - from_second + across)

    def values(self, targets: Matrix) -> tuple[Matrix, Matrix]:
        """Return what is predicted of both genes of every pair for the function `targets` [n], float64 [p] each."""
        alpha, gamma, beta = self._factors()
        error = self.inverse @ targets
        left, right = error[self.first], error[self.second]
        return targets[self.first] - alpha * left + beta * right, targets[self.second] - gamma * right + beta * left
