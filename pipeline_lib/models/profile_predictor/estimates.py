"""What the profile predictor estimates of crosses, part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.baselines.matrix_completion import Profiles
from pipeline_lib.models.crosses.effects import ScoreMatrix
from pipeline_lib.models.profile_predictor.kernels import GeneProcess, Index, Matrix
from pipeline_lib.models.profile_predictor.side import LEAST_NOISE, minimise_left_out


@dataclass(frozen=True)
class CrossEstimates:
    """Estimates of n crosses.

    Attributes
    ----------
    value, std
        float64 [n]: estimated measurement and the SD of a new one.
    effects
        float64 [n, 2]: main effects of the query's and the array's side, predicted where training lacks the side.
    interaction
        float64 [n]: estimate of what the main effects leave.
    unseen
        bool [n, 2]: whether training lacks the side.
    unseen_genes
        bool [n, 3]: which of the genotype's genes stand on such a side.
    """

    value: Matrix
    std: Matrix
    effects: Matrix
    interaction: Matrix
    unseen: NDArray[np.bool_]
    unseen_genes: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.value)

    @classmethod
    def empty(cls, n: int) -> Self:
        """Return a table of `n` rows to be filled."""
        sides, genes = np.zeros((n, 2), dtype=bool), np.zeros((n, MAX_ORDER), dtype=bool)
        return cls(np.zeros(n), np.ones(n), np.zeros((n, 2)), np.zeros(n), sides, genes)

    def put(self, rows: Index, part: "CrossEstimates") -> None:
        """Write `part` at `rows`."""
        for name, values in vars(self).items():
            values[rows] = getattr(part, name)

    @classmethod
    def concatenate(cls, parts: Sequence["CrossEstimates"]) -> Self:
        """Return the crosses of all parts, one part after the other."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(cls.empty(0))})


@dataclass(frozen=True)
class CrossFitted:
    """Estimates of training observations that did not see them.

    An observation may stand in it several times: held out as a cell of the matrix, and as if training lacked its query,
    its array, or both.

    Attributes
    ----------
    observation
        int64 [m]: positions in the training fold.
    estimates
        [m].
    """

    observation: Index
    estimates: CrossEstimates


_KERNELS, _START = 3, 0.3


@dataclass(frozen=True)
class ProfileKernel:
    """The kernel of one axis: similarity of completed profiles beside the learned kernel of networks and features.

    Attributes
    ----------
    weight
        float64 [3]: of the cosine of profiles, its square, and the kernel of networks and features.
    noise
        Variance of the noise in the same unit.
    """

    weight: Matrix
    noise: float

    def estimate(self, completed: Matrix, prior_kernel: Matrix) -> Matrix:
        """Predict every row of `completed` [e, c] from all other rows; `prior_kernel` is float64 [e, e]."""
        parts = _kernels(completed, prior_kernel)
        kernel = sum(weight * part for weight, part in zip(self.weight, parts, strict=True))
        noise = self.noise + LEAST_NOISE * float(np.mean(np.diag(np.asarray(kernel))))
        return GeneProcess.fit(np.asarray(kernel), noise).left_out(completed)


def learn_profile_kernel(
    completed: Matrix, prior_kernel: Matrix, held: tuple[Index, Index, Matrix], steps: int
) -> ProfileKernel:
    """Find the weights that predict held-out cells best from all rows but the cell's own.

    The similarity of two profiles uses their values, so that an error on measured cells would flatter it: the loss
    counts only cells that `completed` was made without.

    Parameters
    ----------
    completed
        float64 [e, c]: measured where there is a measurement that is not held out.
    prior_kernel
        float64 [e, e].
    held
        Rows, columns and values of the cells that were held out.
    steps
        Most iterations of L-BFGS.
    """
    rows, columns, value = held
    if not len(value):
        return ProfileKernel(np.full(_KERNELS, _START), _START)
    total = max(float(np.sum(value**2)), 1e-300)

    def squared_error(residuals: Matrix) -> tuple[float, Matrix]:
        error = completed[rows, columns] - residuals[rows, columns] - value
        derivative = np.zeros_like(completed)
        np.add.at(derivative, (rows, columns), -2 * error / total)
        return float(np.sum(error**2)) / total, derivative

    kernels = _kernels(completed, prior_kernel)
    learned = minimise_left_out(kernels, completed, squared_error, (_START, _START), steps)
    return ProfileKernel(learned[:-1], float(learned[-1]))


def nearest_profile_estimate(matrix: ScoreMatrix, settings: ProfilePredictorSettings, *, symmetric: bool) -> Matrix:
    """Return the mean of the same column in the rows with the most similar profiles, and the other way round, [r, c].

    As ``nearest_profiles`` does; by default at its usual choice of 40 neighbours weighted by the cube of their
    correlation.
    """
    neighbours, power = settings.neighbours, settings.neighbour_power
    value, weight = Profiles.of(matrix.values, matrix.observed).weighted_sum(neighbours, power)
    across, beside = value, weight
    if not symmetric:
        by_column = Profiles.of(matrix.values.T, matrix.observed.T)
        across, beside = by_column.weighted_sum(neighbours, power)
    total = weight + beside.T
    return np.asarray((value + across.T) / np.maximum(total + settings.neighbour_prior * np.median(total), 1e-12))


def measured_estimates(
    matrix: ScoreMatrix,
    completed: Matrix,
    low_rank: Matrix,
    kernels: Sequence[ProfileKernel],
    prior_kernels: Sequence[Matrix],
    settings: ProfilePredictorSettings,
) -> Iterator[Matrix]:
    """Yield low-rank completion, nearest profiles and the process of each axis, float64 [r, c], one at a time.

    Parameters
    ----------
    matrix
        Residuals of two-way effects and where they were measured.
    completed
        Measured values, completed by `low_rank` where there are none.
    kernels, prior_kernels
        One an axis; one alone where the screen is symmetric, whose estimate is the mean of both orders.
    settings
        How the most similar profiles are weighted.
    """
    symmetric = len(kernels) == 1
    yield low_rank
    yield nearest_profile_estimate(matrix, settings, symmetric=symmetric)
    by_row = kernels[0].estimate(completed, prior_kernels[0])
    if symmetric:
        yield (by_row + by_row.T) / 2
    else:
        yield by_row
        yield kernels[1].estimate(completed.T, prior_kernels[1]).T


def _kernels(completed: Matrix, prior_kernel: Matrix) -> list[Any]:
    length = np.linalg.norm(completed, axis=1, keepdims=True)
    unit = completed / np.where(length > 0, length, 1.0)
    cosine = unit @ unit.T
    return [cosine, cosine**2, prior_kernel]
