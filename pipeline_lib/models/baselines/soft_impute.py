"""Matrix completion by soft-thresholded singular values (Mazumder, Hastie and Tibshirani 2010, JMLR 11:2287)."""

from collections.abc import Iterator

import numpy as np
from scipy.linalg import eigh, qr

from pipeline_lib.models.crosses.completion import FactorModel, Factors, HeldOut, ScoreMatrix
from pipeline_lib.models.crosses.per_assay import AssayFold, PerAssay, Values
from pipeline_lib.models.crosses.search import Search, Trial

STRONGEST, WEAKEST = 0.6, 0.06
SWEEPS = 30
CHANGE = 1e-4


class SoftImpute(FactorModel):
    """The path of solutions from strong to weak thresholds; the one that predicts validation best is kept."""

    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Walk down the path, each solution starting from the one before."""
        trials = self.settings.trials
        search: Search[Factors] = Search(held.residual, trials)
        generator = np.random.default_rng(fold.context.seed)
        rank = min(self.settings.max_rank, *matrix.values.shape)
        shares = np.geomspace(STRONGEST, WEAKEST, trials)
        for share, factors in zip(shares, soft_impute_path(matrix, shares, rank, generator), strict=True):
            predicted = factors.at(held.rows, held.columns, symmetric=self.axes.symmetric)
            search.offer(f"threshold={share:.3g} rank={factors.left.shape[1]}", predicted, factors)
        self.factors = search.best
        return search.trials


def soft_impute_path(
    matrix: ScoreMatrix, shares: Values, rank: int, generator: np.random.Generator
) -> Iterator[Factors]:
    """Yield the solution at each threshold.

    Each minimises 1/2 ||P(X - Z)||_F^2 + lambda ||Z||_* over matrices Z of at most `rank`, where P keeps the
    observed cells. A sweep fills the missing cells with Z (equation 10) and takes one step of block power iteration
    for the leading singular vectors, which start from those of the sweep before (as in Hastie et al. 2015, JMLR
    16:3367, section 5); at full rank the step is an exact singular value decomposition.

    Parameters
    ----------
    matrix
        Observed cells.
    shares
        Thresholds, descending, as shares of the largest singular value of the observed cells.
    rank
        Greatest rank.
    generator
        Starts the power iteration.
    """
    right = qr(generator.standard_normal((matrix.values.shape[1], rank)), mode="economic")[0]
    for _ in range(3):
        left, singular, right = _power_step(matrix.values, right)
    largest = singular[0]
    missing = 1.0 - matrix.observed
    completed = np.zeros_like(matrix.values)
    for share in shares:
        for _ in range(SWEEPS):
            left, singular, right = _power_step(matrix.values + missing * completed, right)
            kept = singular > share * largest
            scaled = left[:, kept] * (singular[kept] - share * largest)
            before, completed = completed, scaled @ right[:, kept].T
            if np.sum((completed - before) ** 2) <= CHANGE * max(np.sum(before**2), 1e-300):
                break
        yield Factors(scaled, right[:, kept])


def _power_step(filled: Values, right: Values) -> tuple[Values, Values, Values]:
    """Return left vectors [r, k], descending singular values [k] and right vectors [c, k] near those of `filled`."""
    basis = qr(filled @ right, mode="economic")[0]
    projected = basis.T @ filled
    squares, rotation = eigh(projected @ projected.T)
    order = np.argsort(squares)[::-1]
    singular = np.sqrt(np.maximum(squares[order], 0.0))
    rotation = rotation[:, order]
    rotated = projected.T @ rotation
    return basis @ rotation, singular, rotated / np.maximum(singular, 1e-12 * max(singular[0], 1e-300))


class SoftImputeModel(PerAssay):
    """Model ``soft_impute``."""

    assay_model = SoftImpute
