"""Baselines that see an assay as a matrix: two-way random effects, and completion of what these leave unexplained."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from pipeline_lib.models.crosses.crosses import UNKNOWN, Axes, Crosses, Index, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, Trial, Values
from pipeline_lib.models.interface import Cell, Prediction

REFINEMENTS = 10
LEAST_VARIANCE = 1e-30
_NOISE_UNIT = 1e-3
_SINGULAR = 1e-9


@dataclass(frozen=True)
class Effects:
    """Fitted value = mean + row effect + column effect; an unknown row or column has effect 0.

    Attributes
    ----------
    mean
        Generalised least squares mean.
    row, column
        float64 [r], [c]: predicted effects; the same array twice where the screen is symmetric.
    row_variance, column_variance, noise_variance
        Variance components, in squared units of the assay.
    row_count, column_count
        float64 [r], [c]: observations of each.
    """

    mean: float
    row: Values
    column: Values
    row_variance: float
    column_variance: float
    noise_variance: float
    row_count: Values
    column_count: Values

    @classmethod
    def fit(cls, axes: Axes, rows: Index, columns: Index, value: Values) -> Self:
        """Fit the effects on crosses at these positions.

        Notes
        -----
        Effects solve Henderson's mixed model equations (Henderson 1975, Biometrics 31:423), shrunken by noise
        variance over effect variance: empirical Bayes. The variances start at `variance_components` and are refined
        by expectation-maximisation, with each effect's posterior variance taken as if the others were known.
        """
        factors = indicator_factors(axes, rows, columns)
        design = sparse.hstack(factors, format="csr")
        levels = [factor.shape[1] for factor in factors]
        count = np.asarray(design.sum(axis=0)).ravel()
        noise, *effects = variance_components(factors, value)
        for _ in range(REFINEMENTS):
            mean, solution, left = _mixed_model(design, _penalty(noise, effects, levels), value)
            posterior = noise / (count + _penalty(noise, effects, levels))
            starts = np.cumsum([0, *levels[:-1]])
            effects = list(np.add.reduceat(solution**2 + posterior, starts) / levels)
            noise = max(float(left @ left + count @ posterior) / len(value), LEAST_VARIANCE)
        mean, solution, _ = _mixed_model(design, _penalty(noise, effects, levels), value)
        row, column = (solution, solution) if axes.symmetric else (solution[: levels[0]], solution[levels[0] :])
        row_count, column_count = (count, count) if axes.symmetric else (count[: levels[0]], count[levels[0] :])
        return cls(mean, row, column, float(effects[0]), float(effects[-1]), noise, row_count, column_count)

    def predict(self, rows: Index, columns: Index) -> Values:
        """Return the fitted values, float64 [n]; -1 marks what is not known."""
        return np.asarray(self.mean + np.append(self.row, 0.0)[rows] + np.append(self.column, 0.0)[columns])

    def spread(self, rows: Index, columns: Index) -> Values:
        """Return the SD of a new measurement: noise and what is not known of the effects, float64 [n].

        The posterior variance of an effect is taken as if the other factor were known:
        v s2 / (s2 + n v) after n observations.
        """
        left = _posterior(self.row_variance, self.noise_variance, self.row_count)[rows]
        right = _posterior(self.column_variance, self.noise_variance, self.column_count)[columns]
        return np.sqrt(self.noise_variance + left + right)


def _posterior(variance: float, noise: float, count: Values) -> Values:
    observed = variance * noise / np.maximum(noise + count * variance, 1e-30)
    return np.append(observed, variance)


def indicator_factors(axes: Axes, rows: Index, columns: Index) -> list[sparse.csr_array]:
    """Return one indicator matrix [n, levels] a factor: rows and columns, or both in one where symmetric."""
    n = len(rows)
    row = sparse.csr_array((np.ones(n), (np.arange(n), rows)), shape=(n, axes.shape[0]))
    column = sparse.csr_array((np.ones(n), (np.arange(n), columns)), shape=(n, axes.shape[1]))
    return [row + column] if axes.symmetric else [row, column]


def variance_components(factors: list[sparse.csr_array], value: Values) -> Values:
    """Return noise variance and the variance of each factor's effects by the method of moments.

    With y = 1 mu + sum_k Z_k u_k + e and M = I - 11'/n, the quadratic forms y'My and y'M Z_k Z_k' M y are equated
    with their expectations: MINQUE with equal weights (Rao 1971, J. Multivariate Anal. 1:257; also known as
    Haseman-Elston regression). A negative estimate becomes 0, the noise at least a millionth of the variance. Where the
    forms cannot separate noise from effects, as with one measurement a strain, the measurement is believed.

    Parameters
    ----------
    factors
        Indicator (or incidence) matrices Z_k, sparse [n, levels].
    value
        float64 [n].

    Returns
    -------
    float64 [1 + len(factors)]
        Noise first.
    """
    n = len(value)
    centred = value - value.mean()
    sums = [np.asarray(factor.sum(axis=0)).ravel() for factor in factors]
    size = 1 + len(factors)
    left, right = np.zeros((size, size)), np.zeros(size)
    left[0, 0], right[0] = n - 1, centred @ centred
    for k, factor in enumerate(factors):
        gram = factor.T @ factor
        left[0, k + 1] = left[k + 1, 0] = gram.diagonal().sum() - sums[k] @ sums[k] / n
        right[k + 1] = np.sum((factor.T @ centred) ** 2)
        for other in range(k + 1):
            left[k + 1, other + 1] = left[other + 1, k + 1] = _crossed_norm(
                factor.T @ factors[other], sums[k], sums[other], n
            )
    length = np.sqrt(np.diag(left))
    length[length == 0] = 1.0
    # Of all solutions the shortest, noise measured in small units: that with least noise.
    unit = np.append(_NOISE_UNIT, np.ones(len(factors)))
    shortest = np.linalg.lstsq(left / np.outer(length, length) * unit, right / length, rcond=_SINGULAR)[0]
    estimate = shortest * unit / length
    total = right[0] / max(n - 1, 1)
    estimate[1:] = np.maximum(estimate[1:], 0.0)
    estimate[0] = max(estimate[0], 1e-6 * total, LEAST_VARIANCE)
    return np.asarray(estimate)


def _crossed_norm(gram: sparse.csr_array, left: Values, right: Values, n: int) -> float:
    """Return the squared Frobenius norm of Z_k' M Z_l without making it dense."""
    return float((gram.data**2).sum() - 2 * left @ (gram @ right) / n + (left @ left) * (right @ right) / n**2)


def _penalty(noise: float, effects: list[float], levels: list[int]) -> Values:
    return np.repeat([noise / max(variance, 1e-9 * noise) for variance in effects], levels)


def _mixed_model(design: sparse.csr_array, penalty: Values, value: Values) -> tuple[float, Values, Values]:
    """Solve [[n, 1'Z], [Z'1, Z'Z + diag(penalty)]] (mean, effects) = (1'y, Z'y); return them and the residuals."""
    full = sparse.hstack([np.ones((len(value), 1)), design], format="csr")
    gram = (full.T @ full + sparse.diags_array(np.append(0.0, penalty))).tocsr()
    diagonal = gram.diagonal()
    preconditioner = LinearOperator(gram.shape, matvec=lambda vector: vector / diagonal)
    solution, _ = cg(gram, full.T @ value, rtol=1e-10, maxiter=1000, M=preconditioner)
    return float(solution[0]), solution[1:], value - full @ solution


class CrossModel(AssayModel):
    """A baseline that predicts the crosses of an assay from their rows and columns."""

    axes: Axes

    @abstractmethod
    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit; `rows` and `columns` are the positions of the training crosses."""

    @abstractmethod
    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Predict crosses at these positions, -1 where training lacks the row or the column."""

    @abstractmethod
    def cross_state(self) -> dict[str, Any]:
        """Return what `load_crosses` needs."""

    @abstractmethod
    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `cross_state` returned."""

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Find the axes and fit."""
        self.axes = Axes.fit(fold.train, len(fold.book.names))
        return self.fit_crosses(fold, *self.axes.positions(fold.train))

    def predict(self, crosses: Crosses) -> Prediction:
        """Predict crosses by their positions."""
        crosses = self.axes.placed(crosses)
        return self.predict_crosses(crosses, *self.axes.positions(crosses))

    def state(self) -> dict[str, Any]:
        """Return the axes and what the crosses need."""
        return {"axes": self.axes.state(), "crosses": self.cross_state()}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `state` returned."""
        self.axes = Axes.from_state(state["axes"])
        self.load_crosses(state["crosses"], book, cell)


GATHERED_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class ScoreMatrix:
    """Residuals of an assay as a dense matrix; memory is 16 bytes a cell.

    Attributes
    ----------
    values
        float64 [r, c]: mean of the replicates, 0 where nothing was measured. Symmetric where the screen is.
    observed
        float64 [r, c]: 1 where something was measured, else 0.
    """

    values: Values
    observed: Values

    @classmethod
    def build(cls, axes: Axes, rows: Index, columns: Index, value: Values) -> Self:
        """Average the replicates of each cell; mirror them where the screen is symmetric."""
        if axes.symmetric:
            rows, columns, value = np.concatenate([rows, columns]), np.concatenate([columns, rows]), np.tile(value, 2)
        height, width = axes.shape
        cell = rows * width + columns
        count = np.bincount(cell, minlength=height * width).reshape(axes.shape)
        total = np.bincount(cell, value, minlength=height * width).reshape(axes.shape)
        return cls(total / np.maximum(count, 1), (count > 0).astype(np.float64))


@dataclass(frozen=True)
class HeldOut:
    """Validation crosses: their positions (-1 where not known) and what the effects leave of their values."""

    crosses: Crosses
    rows: Index
    columns: Index
    residual: Values


class CompletionModel(CrossModel):
    """Two-way effects plus a completion of the residual matrix; without row or column, the effects alone."""

    effects: Effects

    @abstractmethod
    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Complete the matrix, with hyperparameters chosen on `held`."""

    @abstractmethod
    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Return the predicted residual of each cross, 0 where nothing is known."""

    @abstractmethod
    def residual_state(self) -> dict[str, Any]:
        """Return what `load_residuals` needs."""

    @abstractmethod
    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `residual_state` returned."""

    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit the effects, then the residuals."""
        self.effects = Effects.fit(self.axes, rows, columns, fold.train.value)
        residual = fold.train.value - self.effects.predict(rows, columns)
        matrix = ScoreMatrix.build(self.axes, rows, columns, residual)
        positions = self.axes.positions(fold.validation)
        held = HeldOut(fold.validation, *positions, fold.validation.value - self.effects.predict(*positions))
        return self.fit_residuals(matrix, held, fold)

    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Add effects and residuals up."""
        return Prediction(self.effects.predict(rows, columns) + self.residuals(crosses, rows, columns))

    def cross_state(self) -> dict[str, Any]:
        """Return effects and residuals."""
        return {"effects": vars(self.effects), "residuals": self.residual_state()}

    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore effects and residuals."""
        self.effects = Effects(**state["effects"])
        self.load_residuals(state["residuals"], book, cell)


@dataclass(frozen=True)
class Factors:
    """A matrix of low rank: left [r, k] times right [c, k] transposed."""

    left: Values
    right: Values

    def at(self, rows: Index, columns: Index, *, symmetric: bool) -> Values:
        """Return the cells, float64 [n]; 0 where row or column is -1; the mean of (i, j) and (j, i) if `symmetric`."""
        cells = np.zeros(len(rows))
        known = np.flatnonzero((rows != UNKNOWN) & (columns != UNKNOWN))
        for start in range(0, len(known), GATHERED_AT_ONCE):
            part = known[start : start + GATHERED_AT_ONCE]
            i, j = rows[part], columns[part]
            cells[part] = np.einsum("nk,nk->n", self.left[i], self.right[j])
            if symmetric:
                cells[part] += np.einsum("nk,nk->n", self.left[j], self.right[i])
                cells[part] /= 2
        return cells


class FactorModel(CompletionModel):
    """A completion that is a matrix of low rank."""

    factors: Factors

    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Return the cells of the low-rank matrix."""
        del crosses
        return self.factors.at(rows, columns, symmetric=self.axes.symmetric)

    def residual_state(self) -> dict[str, Any]:
        """Return the factors."""
        return vars(self.factors)

    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the factors."""
        self.factors = Factors(**state)
