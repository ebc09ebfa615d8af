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
from pipeline_lib.models.profile_predictor.bilateral import smooth_both_sides
from pipeline_lib.models.profile_predictor.cases import (
    Estimates,
    left_out_of_both_sides,
    left_out_of_one_side,
    set_profiles,
)
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
            profile = unseen.profile[at, other[here]]
            known_of = Estimates.of_one_unseen(unseen.effect[at], profile, beside, unseen.variance[at])
            deviation = gains.value(known_of.parts)
            value[here] = self.effects.mean + beside + deviation
            std[here] = gains.std(deviation, known_of.variances)
        both = np.flatnonzero(new_row & new_column)
        if len(both):
            i, j = row_of[both], column_of[both]
            smoothed = smooth_both_sides(across.weight, set_profiles(self.sides), down.weight)[i, j]
            effects, variances = (across.effect[i], down.effect[j]), [across.variance[i], down.variance[j]]
            known_of = Estimates.of_both_unseen(effects, smoothed, variances)
            deviation = self.gains.both_unseen.value(known_of.parts)
            value[both] = self.effects.mean + deviation
            std[both] = self.gains.both_unseen.std(deviation, known_of.variances)
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

    def _fit_gains(self, matrix: ScoreMatrix, measured: Gains, generator: np.random.Generator) -> CaseGains:
        rows, columns = np.nonzero(matrix.observed)
        if self.axes.symmetric:
            # Two strains of one gene set are no pair of which one or both could be unseen.
            apart = self.sides[0].owner[rows] != self.sides[0].owner[columns]
            rows, columns = rows[apart], columns[apart]
        if len(rows) > self.options.practice_pairs:
            chosen = generator.choice(len(rows), self.options.practice_pairs, replace=False)
            rows, columns = rows[chosen], columns[chosen]
        residual = matrix.values[rows, columns]
        row_effect, column_effect = self.effects.row[rows], self.effects.column[columns]
        by_row, by_column, by_both = self._left_out(rows, columns)
        row_gains = Gains.fit(by_row.parts, by_row.variances, residual + row_effect)
        column_gains = row_gains
        if not self.axes.symmetric:
            column_gains = Gains.fit(by_column.parts, by_column.variances, residual + column_effect)
        both_gains = Gains.fit(by_both.parts, by_both.variances, residual + row_effect + column_effect)
        return CaseGains(measured, row_gains, column_gains, both_gains)

    def _left_out(self, rows: Index, columns: Index) -> tuple[Estimates, Estimates, Estimates]:
        """Estimate measured crosses without the row's gene set, the column's, and both."""
        return (
            left_out_of_one_side(self.sides[0], rows, columns, self.effects.column),
            left_out_of_one_side(self.sides[1], columns, rows, self.effects.row),
            left_out_of_both_sides(self.sides, rows, columns),
        )
