"""What is known of a cross by how many of its gene sets training lacks, the case that lacks both among them.

Two-step kernel ridge regression (Pahikkala et al. 2014, doi 10.1007/978-3-662-44851-9_33): the processes of rows and
of columns smooth the matrix Y of profiles from both sides, F = K_r A_r Y A_c K_c'. Leaving a gene out has a closed form
on either side (Stock et al. 2020, doi 10.1093/bib/bby095).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.models.profile_predictor.completion import Gains
from pipeline_lib.models.profile_predictor.kernels import GeneProcess, Index, Matrix
from pipeline_lib.models.profile_predictor.side import AssaySide

_SMALLEST = 1e-300


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

    def take(self, rows: Index) -> "CrossEstimates":
        """Return the crosses at `rows`."""
        return CrossEstimates(**{name: values[rows] for name, values in vars(self).items()})

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


@dataclass(frozen=True)
class Estimates:
    """Estimates of n crosses and how uncertain their Gaussian processes are.

    Attributes
    ----------
    parts
        float64 [n] each: what the gains weigh.
    variances
        float64 [n] each: posterior variance of each unseen side, in units of its prior one.
    """

    parts: list[Matrix]
    variances: list[Matrix]

    @classmethod
    def of_one_unseen(cls, effect: Matrix, profile: Matrix, other_effect: Matrix, variance: Matrix) -> "Estimates":
        """Return the estimates for crosses of an unseen gene set with a seen one.

        Beside the effect and the profile of the unseen set: their products with the main effect of the seen one and
        with each other, since genes of large effect have large interactions.

        Parameters
        ----------
        effect, profile
            float64 [n]: predicted main effect of the unseen set, and its predicted residual at this partner.
        other_effect
            float64 [n]: main effect of the partner.
        variance
            float64 [n].
        """
        products = [effect * other_effect, effect**2 * other_effect, profile * other_effect, profile * effect]
        return cls([effect, profile, *products], [variance])

    @classmethod
    def of_both_unseen(cls, effects: tuple[Matrix, Matrix], smoothed: Matrix, variances: list[Matrix]) -> "Estimates":
        """Return the estimates for crosses of two unseen gene sets.

        Parameters
        ----------
        effects
            float64 [n] each: predicted main effects of both.
        smoothed
            float64 [n]: profiles smoothed from both sides.
        variances
            float64 [n] each.
        """
        product, total = effects[0] * effects[1], effects[0] + effects[1]
        return cls([*effects, smoothed, product, smoothed * total], variances)

    def joined(self, others: "Estimates") -> "Estimates":
        """Return these estimates with others behind them."""
        return Estimates(
            [np.append(a, b) for a, b in zip(self.parts, others.parts, strict=True)],
            [np.append(a, b) for a, b in zip(self.variances, others.variances, strict=True)],
        )


def left_out_of_one_side(
    side: AssaySide, profiles: Matrix, own: Index, other: Index, other_effect: Matrix
) -> Estimates:
    """Estimate measured crosses as if training lacked the gene set of one side.

    Parameters
    ----------
    side
        The side whose set is left out.
    profiles
        float64 [m, c]: `AssaySide.left_out_profiles` of it.
    own, other
        int64 [n]: positions of both entities on their axes.
    other_effect
        float64 [c]: main effects of the entities of the other axis.
    """
    at = side.owner[own]
    profile = profiles[at, other]
    variance = side.process.left_out_variance()[at]
    return Estimates.of_one_unseen(side.effects.left_out()[at], profile, other_effect[other], variance)


def left_out_of_both_sides(sides: tuple[AssaySide, AssaySide], rows: Index, columns: Index) -> Estimates:
    """Estimate measured crosses as if training lacked the gene sets of both sides.

    In a symmetric screen the trees that predict one gene's main effect may have seen that of the other.

    Parameters
    ----------
    sides
        Rows and columns; one and the same object where the screen is symmetric.
    rows, columns
        int64 [n]: positions on the axes. In a symmetric screen both are never strains of one gene set.
    """
    row_side, column_side = sides
    i, j = row_side.owner[rows], column_side.owner[columns]
    profiles = set_profiles(sides)
    if row_side is column_side:
        smoothed = LeftOutPairs(row_side.process.inverse, i, j).profiles((profiles + profiles.T) / 2)
        of_rows = row_side.effects
        left, right = LeftOutPairs(of_rows.process.inverse, i, j).values(of_rows.deviations)
        effects = of_rows.stacked(left, of_rows.cross_fitted[i]), of_rows.stacked(right, of_rows.cross_fitted[j])
    else:
        smoothed = left_out_of_both(row_side.process, column_side.process, profiles, i, j)
        effects = row_side.effects.left_out()[i], column_side.effects.left_out()[j]
    variances = [side.process.left_out_variance()[at] for side, at in zip(sides, (i, j), strict=True)]
    return Estimates.of_both_unseen(effects, smoothed, variances)


def set_profiles(sides: tuple[AssaySide, AssaySide]) -> Matrix:
    """Return the profiles of the gene sets of the rows over those of the columns, float64 [m, k]."""
    return np.ascontiguousarray(sides[1].averaged(sides[0].profiles.T).T)


def of_measured(mean: float, effects: Matrix, interaction: Matrix, gains: Gains) -> CrossEstimates:
    """Estimate n crosses of two seen sides from main effects, float64 [n, 2], and what they leave, float64 [n]."""
    value = mean + effects.sum(axis=1) + interaction
    sides, genes = np.zeros(effects.shape, dtype=bool), np.zeros((len(value), MAX_ORDER), dtype=bool)
    return CrossEstimates(value, gains.std(interaction, []), effects, interaction, sides, genes)


def of_one_unseen(mean: float, parts: Estimates, beside: Matrix, gains: Gains, side: int) -> CrossEstimates:
    """Estimate n crosses whose query (side 0) or array (1) is unseen; the other's effect is `beside`, float64 [n]."""
    deviation = gains.value(parts.parts)
    effects, unseen = np.zeros((len(beside), 2)), np.zeros((len(beside), 2), dtype=bool)
    effects[:, side], effects[:, 1 - side], unseen[:, side] = parts.parts[0], beside, True
    std = gains.std(deviation, parts.variances)
    genes = np.zeros((len(beside), MAX_ORDER), dtype=bool)
    return CrossEstimates(mean + beside + deviation, std, effects, parts.parts[1], unseen, genes)


def of_both_unseen(mean: float, parts: Estimates, gains: Gains) -> CrossEstimates:
    """Estimate n crosses whose query and array are both unseen."""
    deviation = gains.value(parts.parts)
    return CrossEstimates(
        mean + deviation,
        gains.std(deviation, parts.variances),
        np.stack(parts.parts[:2], axis=1),
        parts.parts[2],
        np.ones((len(deviation), 2), dtype=bool),
        np.zeros((len(deviation), MAX_ORDER), dtype=bool),
    )
