"""The profile predictor of one assay: pairs of measured genes, of one unseen gene, and of two."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_lib.config.profile_predictor import ProfilePredictorSettings
from pipeline_lib.models.baselines.axes import UNKNOWN, Entities, Index
from pipeline_lib.models.baselines.completion import ScoreMatrix
from pipeline_lib.models.baselines.cross_model import CrossModel
from pipeline_lib.models.baselines.crosses import Crosses, Side, StrainBook
from pipeline_lib.models.baselines.effects import Effects
from pipeline_lib.models.baselines.per_assay import AssayFold
from pipeline_lib.models.baselines.search import Trial
from pipeline_lib.models.interface import Cell, Prediction
from pipeline_lib.models.profile_predictor.bilateral import LeftOutPairs, left_out_of_both, smooth_both_sides
from pipeline_lib.models.profile_predictor.completion import Combination, complete, practise_completion
from pipeline_lib.models.profile_predictor.gains import Gains
from pipeline_lib.models.profile_predictor.kernels import GeneKernel, Matrix, gene_kernels
from pipeline_lib.models.profile_predictor.side import AssaySide, Unseen


@dataclass(frozen=True)
class CaseGains:
    """Gains by how many genes, or gene sets, of a cross training lacks, and on which side."""

    measured: Gains
    row_unseen: Gains
    column_unseen: Gains
    both_unseen: Gains


class ProfilePredictor(CrossModel):
    """Main effects plus profiles: completed where measured, by Gaussian processes over genes where not.

    A measured pair takes the least-squares combination of low-rank completion, the most similar profiles and a Gaussian
    process whose kernel holds profile similarity, networks and features. A gene without a profile takes the posterior
    mean of a process over genes; two such genes are smoothed from both sides. Every gain is fitted on training values
    that were held out or left out, as if their genes were as unseen as those of the case.
    """

    kernels: list[GeneKernel]
    effects: Effects
    estimate: Matrix
    sides: tuple[AssaySide, AssaySide]
    gains: CaseGains

    def __init__(self, settings: ProfilePredictorSettings) -> None:
        self.options = settings

    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit effects, completion, processes and gains; nothing is chosen on the validation fold."""
        generator = np.random.default_rng(fold.context.seed)
        self.kernels, self.book = gene_kernels(fold.cell), fold.book
        value = fold.train.value
        symmetric = self.axes.symmetric
        self.effects = Effects.fit(self.axes, rows, columns, value)
        practice = practise_completion(self.axes, rows, columns, value, self.options, generator)
        share, completed = practice.share, practice.residuals.completed
        sides = [self._side(self.axes.rows, completed, self.effects.row, generator)]
        if not symmetric:
            sides.append(self._side(self.axes.columns, completed.T, self.effects.column, generator))
        priors = [side.entity_kernel(self.kernels) for side in sides]
        combination = Combination.learn(practice, priors, self.options, generator)
        # A large screen's matrices are hundreds of megabytes each.
        del practice, completed

        matrix = ScoreMatrix.build(self.axes, rows, columns, value - self.effects.predict(rows, columns))
        residuals = complete(matrix, share, self.options, generator, symmetric=symmetric)
        self.estimate = combination.estimate(residuals, priors)
        del residuals, priors
        completed = np.where(matrix.observed > 0, matrix.values, self.estimate)
        row_side = sides[0].with_profiles(completed)
        self.sides = (row_side, row_side if symmetric else sides[1].with_profiles(completed.T))
        self.gains = self._fit_gains(matrix, combination.gains, generator)
        return []

    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Predict each cross by the case it falls into."""
        value, std = np.empty(len(rows)), np.empty(len(rows))
        new_row, new_column = rows == UNKNOWN, columns == UNKNOWN
        across, row_of = self._unseen(crosses.query, new_row, self.sides[0])
        down, column_of = self._unseen(crosses.array, new_column, self.sides[1])

        known = np.flatnonzero(~new_row & ~new_column)
        estimate = self.estimate[rows[known], columns[known]]
        value[known] = self.effects.predict(rows[known], columns[known]) + estimate
        std[known] = self.gains.measured.std(estimate, [])
        only_row, only_column = np.flatnonzero(new_row & ~new_column), np.flatnonzero(~new_row & new_column)
        for here, unseen, of, other, other_effect, gains in (
            (only_row, across, row_of, columns, self.effects.column, self.gains.row_unseen),
            (only_column, down, column_of, rows, self.effects.row, self.gains.column_unseen),
        ):
            at, beside = of[here], other_effect[other[here]]
            parts = one_unseen(unseen.effect[at], unseen.profile[at, other[here]], beside)
            deviation = gains.value(parts)
            value[here] = self.effects.mean + beside + deviation
            std[here] = gains.std(deviation, [unseen.variance[at]])
        both = np.flatnonzero(new_row & new_column)
        if len(both):
            i, j = row_of[both], column_of[both]
            smoothed = smooth_both_sides(across.weight, self._set_profiles(), down.weight)[i, j]
            deviation = self.gains.both_unseen.value(both_unseen(across.effect[i], down.effect[j], smoothed))
            value[both] = self.effects.mean + deviation
            std[both] = self.gains.both_unseen.std(deviation, [across.variance[i], down.variance[j]])
        return Prediction(value, std)

    def cross_state(self) -> dict[str, Any]:
        """Return effects, estimates, sides and gains; the kernels are the cell's."""
        return {
            "effects": vars(self.effects),
            "estimate": self.estimate,
            "sides": [side.state() for side in (self.sides[:1] if self.axes.symmetric else self.sides)],
            "gains": {name: vars(gains) for name, gains in vars(self.gains).items()},
        }

    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `cross_state` returned."""
        self.kernels, self.book = gene_kernels(cell), book
        self.effects, self.estimate = Effects(**state["effects"]), state["estimate"]
        sides = [AssaySide.from_state(side) for side in state["sides"]]
        self.sides = (sides[0], sides[-1])
        self.gains = CaseGains(**{name: Gains(**gains) for name, gains in state["gains"].items()})

    def _side(self, entities: Entities, profiles: Matrix, effects: Matrix, generator: np.random.Generator) -> AssaySide:
        sets = self.book.genes_of_sets(entities.gene_set)
        return AssaySide.learn(self.kernels, sets, profiles, effects, self.options, generator)

    def _unseen(self, side: Side, missing: Index, known: AssaySide) -> tuple[Unseen, Index]:
        """Return what the processes say of the missing gene sets and the row of each cross among them (0: none)."""
        sets, inverse = np.unique(side.gene_set[missing], return_inverse=True)
        position = np.zeros(len(missing), dtype=np.int64)
        position[missing] = inverse
        return known.unseen(self.kernels, self.book.genes_of_sets(sets)), position

    def _set_profiles(self) -> Matrix:
        """Return the profiles of the row sets over the column sets, float64 [m, k]."""
        return self.sides[1].averaged(self.sides[0].profiles.T).T

    def _fit_gains(self, matrix: ScoreMatrix, measured: Gains, generator: np.random.Generator) -> CaseGains:
        rows, columns = np.nonzero(matrix.observed)
        if len(rows) > self.options.practice_pairs:
            chosen = generator.choice(len(rows), self.options.practice_pairs, replace=False)
            rows, columns = rows[chosen], columns[chosen]
        residual = matrix.values[rows, columns]
        on_row = residual + self.effects.row[rows]
        on_column = residual + self.effects.column[columns]
        row_side, column_side = self.sides
        row_gains = _practise_one(row_side, rows, columns, self.effects.column, on_row)
        column_gains = row_gains
        if not self.axes.symmetric:
            column_gains = _practise_one(column_side, columns, rows, self.effects.row, on_column)
        both = self._practise_both(rows, columns, on_row + self.effects.column[columns])
        return CaseGains(measured, row_gains, column_gains, both)

    def _practise_both(self, rows: Index, columns: Index, target: Matrix) -> Gains:
        row_side, column_side = self.sides
        i, j = row_side.owner[rows], column_side.owner[columns]
        profiles = self._set_profiles()
        if self.axes.symmetric:
            apart = i != j
            i, j, target = i[apart], j[apart], target[apart]
            profiles = (profiles + profiles.T) / 2
            smoothed = LeftOutPairs(row_side.profile_process.inverse, i, j).profiles(profiles)
            left, right = LeftOutPairs(row_side.effect_process.inverse, i, j).values(row_side.effects)
            left, right = left + row_side.mean_effect, right + row_side.mean_effect
        else:
            smoothed = left_out_of_both(row_side.profile_process, column_side.profile_process, profiles, i, j)
            left, right = row_side.left_out_effects()[i], column_side.left_out_effects()[j]
        variances = [side.profile_process.left_out_variance()[at] for side, at in ((row_side, i), (column_side, j))]
        return Gains.fit(both_unseen(left, right, smoothed), variances, target)


def one_unseen(effect: Matrix, profile: Matrix, other_effect: Matrix) -> list[Matrix]:
    """Return the estimates for crosses of an unseen gene with a seen one, float64 [n] each.

    Beside the effect and the profile of the unseen gene: their products with the main effect of the seen one and with
    each other, since genes of large effect have large interactions.
    """
    return [effect, profile, effect * other_effect, effect**2 * other_effect, profile * other_effect, profile * effect]


def both_unseen(row_effect: Matrix, column_effect: Matrix, smoothed: Matrix) -> list[Matrix]:
    """Return the estimates for crosses of two unseen genes, float64 [n] each."""
    product = row_effect * column_effect
    return [row_effect, column_effect, smoothed, product, smoothed * (row_effect + column_effect)]


def _practise_one(side: AssaySide, own: Index, other: Index, other_effect: Matrix, target: Matrix) -> Gains:
    at = side.owner[own]
    profile = side.profile_process.left_out(side.profiles)[at, other]
    parts = one_unseen(side.left_out_effects()[at], profile, other_effect[other])
    return Gains.fit(parts, [side.profile_process.left_out_variance()[at]], target)
