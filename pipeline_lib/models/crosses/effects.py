"""Two-way random effects: variance components by moments, effects by best linear unbiased prediction."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from pipeline_lib.models.crosses.axes import Axes, Index
from pipeline_lib.models.crosses.per_assay import Values

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
        return self.mean + np.append(self.row, 0.0)[rows] + np.append(self.column, 0.0)[columns]

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
