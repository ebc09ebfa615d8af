"""Complete the matrix of an assay: from the most similar profiles, by low-rank factorisation, by a nuclear norm."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, qr
from sklearn.utils.extmath import randomized_svd

from pipeline_lib.models.crosses.crosses import UNKNOWN, Crosses, Index, StrainBook
from pipeline_lib.models.crosses.effects import CompletionModel, FactorModel, Factors, HeldOut, ScoreMatrix
from pipeline_lib.models.crosses.per_assay import AssayFold, PerAssay, Search, Trial, Values
from pipeline_lib.models.interface import Cell

LEAST_OVERLAP = 10
"""Columns that two profiles must share for a correlation."""


class NearestProfiles(CompletionModel):
    """Weighted mean of the same column in the most similar rows and of the same row in the most similar columns.

    Weights are positive correlations of profiles to a power; the number of neighbours and the power are chosen on
    validation.
    """

    completed: Values

    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Try every number of neighbours with every power."""
        del fold
        by_row = Profiles.of(matrix.values, matrix.observed)
        by_column = None if self.axes.symmetric else Profiles.of(matrix.values.T, matrix.observed.T)
        tried = product(self.settings.nearest_powers, self.settings.nearest_neighbours)
        grid = list(islice(tried, self.settings.trials))
        search: Search[Values] = Search(held.residual, len(grid))
        for power, neighbours in grid:
            value, weight = by_row.weighted_sum(neighbours, power)
            across, beside = by_column.weighted_sum(neighbours, power) if by_column else (value, weight)
            value, weight = value + across.T, weight + beside.T
            # A prior of weight at residual 0 holds back cells with few or unlike neighbours.
            completed = value / np.maximum(weight + self.settings.nearest_prior * np.median(weight), 1e-12)
            self.completed = completed
            predicted = self.residuals(held.crosses, held.rows, held.columns)
            search.offer(f"neighbours={neighbours} power={power:g}", predicted, completed)
        self.completed = search.best
        return search.trials

    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Look the imputed cell up."""
        del crosses
        known = (rows != UNKNOWN) & (columns != UNKNOWN)
        return np.where(known, self.completed[rows, columns], 0.0)

    def residual_state(self) -> dict[str, Any]:
        """Return the imputed matrix."""
        return {"completed": self.completed}

    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the imputed matrix."""
        self.completed = state["completed"]


def profile_correlations(values: Values, observed: Values) -> Values:
    """Return the uncentred correlation of every two rows over the columns measured in both, float64 [r, r].

    0 on the diagonal and where fewer than ten columns are shared.

    Parameters
    ----------
    values
        float64 [r, c], 0 where not measured. Rows are residuals of two-way effects, whose mean is 0 already.
    observed
        float64 [r, c], 1 where measured.
    """
    squares = values**2 @ observed.T
    norm = np.sqrt(np.maximum(squares * squares.T, 1e-300))
    correlation = values @ values.T / norm
    correlation[observed @ observed.T < LEAST_OVERLAP] = 0.0
    np.fill_diagonal(correlation, 0.0)
    return np.asarray(correlation)


@dataclass(frozen=True)
class Profiles:
    """The rows that have enough columns for a correlation, and how similar they are."""

    rows: Index
    similarity: Values
    values: Values
    observed: Values

    @classmethod
    def of(cls, values: Values, observed: Values) -> Self:
        """Compare all rows of `values`, both float64 [r, c]; `observed` is 1 where measured."""
        rows = np.flatnonzero(observed.sum(axis=1) >= LEAST_OVERLAP)
        return cls(rows, profile_correlations(values[rows], observed[rows]), values, observed)

    def weighted_sum(self, neighbours: int, power: float) -> tuple[Values, Values]:
        """Return, for each cell, the weighted sum over the nearest rows and the weight of those measured there."""
        if not len(self.rows):
            return np.zeros_like(self.values), np.zeros_like(self.values)
        kept = min(neighbours, len(self.rows))
        nearest = np.argpartition(-self.similarity, kept - 1, axis=1)[:, :kept]
        weight = np.maximum(np.take_along_axis(self.similarity, nearest, axis=1), 0.0) ** power
        cells = (np.repeat(self.rows, kept), self.rows[nearest.ravel()])
        weights = sparse.csr_array((weight.ravel(), cells), shape=(len(self.values), len(self.values)))
        return weights @ self.values, weights @ self.observed


class NearestProfilesModel(PerAssay):
    """Model ``nearest_profiles``."""

    assay_model = NearestProfiles


LEAST_PENALTY = 1e-12


class Factorisation(FactorModel):
    """Residual = inner product of a row's and a column's vector; rank and penalty chosen on validation.

    Where the screen is symmetric so is the prediction: the mean of (i, j) and (j, i).
    """

    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Fit every rank (the greatest, its half, ...) with every penalty."""
        greatest, penalties = self.settings.factorisation_rank, self.settings.factorisation_penalties
        search: Search[Factors] = Search(held.residual, self.settings.trials)
        deviation = float(np.sqrt(np.sum(matrix.values**2) / max(matrix.observed.sum(), 1.0)))
        # The largest singular value that noise of this SD on the observed cells would have.
        edge = deviation * np.sqrt(matrix.observed.mean()) * np.sqrt(matrix.values.shape).sum()
        ranks = [max(greatest >> step, 1) for step in range(-(-self.settings.trials // len(penalties)))]
        _, singular, vectors = randomized_svd(
            matrix.values, min(greatest, *matrix.values.shape), random_state=fold.context.seed
        )
        start = vectors.T * np.sqrt(singular)
        for rank, penalty in islice(product(ranks, penalties), self.settings.trials):
            ridge = max(penalty * edge, LEAST_PENALTY)
            factors = alternate(matrix, start[:, :rank], ridge, self.settings.factorisation_rounds)
            predicted = factors.at(held.rows, held.columns, symmetric=self.axes.symmetric)
            search.offer(f"rank={rank} penalty={penalty:g}", predicted, factors)
        self.factors = search.best
        return search.trials


def alternate(matrix: ScoreMatrix, right: Values, penalty: float, rounds: int) -> Factors:
    """Minimise |P(X - L R')|^2 + penalty (|L|^2 + |R|^2) over L and R in turn.

    Alternating least squares as in Zhou et al. 2008 (Large-scale parallel collaborative filtering for the Netflix
    prize, section 3.1), with one penalty for all rows. Where P keeps every cell, the minimum is the singular value
    decomposition of X with the penalty taken off each singular value.

    Parameters
    ----------
    matrix
        Observed cells.
    right
        float64 [c, k]: where R starts.
    penalty
        Ridge penalty of every vector, in the matrix's units.
    rounds
        How often both are solved for.
    """
    for _ in range(rounds):
        left = _solve(matrix.values, matrix.observed, right, penalty)
        right = _solve(matrix.values.T, matrix.observed.T, left, penalty)
    return Factors(left, right)


def _solve(values: Values, observed: Values, fixed: Values, penalty: float) -> Values:
    """Return the ridge regression of every row of `values` [r, c] on `fixed` [c, k] over its observed cells: [r, k]."""
    rank = fixed.shape[1]
    products = (fixed[:, :, None] * fixed[:, None, :]).reshape(len(fixed), rank * rank)
    gram = (observed @ products).reshape(-1, rank, rank) + penalty * np.eye(rank)
    return np.asarray(np.linalg.solve(gram, (values @ fixed)[:, :, None])[:, :, 0])


class FactorisationModel(PerAssay):
    """Model ``factorisation``."""

    assay_model = Factorisation


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
        shares = np.geomspace(self.settings.soft_impute_greatest, self.settings.soft_impute_least, trials)
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
