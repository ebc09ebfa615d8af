"""The profile predictor of one assay: pairs of measured genes, of one unseen gene, and of two."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.cell.testable import effective_number
from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.baselines.axes import UNKNOWN, Entities, Index
from pipeline_lib.models.baselines.completion import ScoreMatrix
from pipeline_lib.models.baselines.cross_model import CrossModel
from pipeline_lib.models.baselines.crosses import Crosses, Mask, Side, StrainBook
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
from pipeline_lib.models.profile_predictor.estimates import CrossEstimates, CrossFitted
from pipeline_lib.models.profile_predictor.gains import Gains
from pipeline_lib.models.profile_predictor.kernels import GeneKernel, Matrix, gene_kernels
from pipeline_lib.models.profile_predictor.side import AssaySide, Unseen

_FEWEST = 2
"""Rows and columns of an assay without which there are no profiles to compare."""


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
    cross_fitted: CrossFitted
    """Estimates of training observations without themselves; a restored model has none."""

    def __init__(self, settings: ProfilePredictorSettings) -> None:
        self.options = settings

    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit effects, completion, processes and gains; nothing is chosen on the validation fold."""
        generator = np.random.default_rng(fold.context.seed)
        self.kernels, self.book = gene_kernels(fold.cell), fold.book
        value = fold.train.value
        self.effects = Effects.fit(self.axes, rows, columns, value)
        if min(self.axes.shape) < _FEWEST:
            held, gains = self._fit_effects(rows, columns, value, generator)
        else:
            held, gains = self._fit_profiles(rows, columns, value, generator)
        by_sides = self._fit_unseen(rows, columns, value, gains, generator)
        self.cross_fitted = CrossFitted(
            np.append(held.observation, by_sides.observation),
            CrossEstimates.concatenate([held.estimates, by_sides.estimates]),
        )
        return []

    def _fit_effects(
        self, rows: Index, columns: Index, value: Matrix, generator: np.random.Generator
    ) -> tuple[CrossFitted, Gains]:
        """Fit an assay of one row or column, single mutants say: it has main effects and no profiles.

        Observations are held out one by one: another one of the same strain may have stayed.
        """
        chosen = generator.random(len(value)) < self.options.held_share
        kept = ~chosen
        effects = Effects.fit(self.axes, rows[kept], columns[kept], value[kept]) if kept.any() else self.effects
        seen = np.isin(rows, rows[kept]) & np.isin(columns, columns[kept])
        held = np.flatnonzero(chosen & seen)
        none = np.zeros(len(held))
        residual = value[held] - effects.predict(rows[held], columns[held])
        gains = Gains.fit([none], [], residual, len(residual))
        at = np.stack([effects.row[rows[held]], effects.column[columns[held]]], axis=1)
        self.estimate = np.zeros(self.axes.shape)
        sides = [self._side(self.axes.rows, self.estimate, self.effects.row, generator)]
        if not self.axes.symmetric:
            sides.append(self._side(self.axes.columns, self.estimate.T, self.effects.column, generator))
        self.sides = (sides[0], sides[-1])
        return CrossFitted(held, _of_measured(effects.mean, at, none, gains)), gains

    def _fit_profiles(
        self, rows: Index, columns: Index, value: Matrix, generator: np.random.Generator
    ) -> tuple[CrossFitted, Gains]:
        """Fit the profiles of both sides, and how completion and similarity are weighed on held-out cells."""
        symmetric = self.axes.symmetric
        practice = practise_completion(self.axes, rows, columns, value, self.options, generator)
        share, completed = practice.share, practice.residuals.completed
        sides = [self._side(self.axes.rows, completed, self.effects.row, generator)]
        if not symmetric:
            sides.append(self._side(self.axes.columns, completed.T, self.effects.column, generator))
        priors = [side.entity_kernel(self.kernels) for side in sides]
        combination = Combination.learn(practice, priors, self.options, generator)
        held = practice.held
        effects = np.stack([practice.effects.row[held.rows], practice.effects.column[held.columns]], axis=1)
        estimates = _of_measured(practice.effects.mean, effects, combination.held, combination.gains)
        cross_fitted = CrossFitted(held.observation, estimates)
        # A large screen's matrices are hundreds of megabytes each.
        del practice, completed

        matrix = ScoreMatrix.build(self.axes, rows, columns, value - self.effects.predict(rows, columns))
        residuals = complete(matrix, share, self.options, generator, symmetric=symmetric)
        observed = matrix.observed > 0
        self.estimate = _not_beyond(matrix.values, combination.estimate(residuals, priors), observed)
        del residuals, priors
        completed = np.where(observed, matrix.values, self.estimate)
        row_side = sides[0].with_profiles(completed)
        self.sides = (row_side, row_side if symmetric else sides[1].with_profiles(completed.T))
        return cross_fitted, combination.gains

    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Predict each cross by the case it falls into."""
        estimates = self.estimate_crosses(crosses, rows, columns)
        return Prediction(estimates.value, estimates.std)

    def estimates_of(self, crosses: Crosses) -> CrossEstimates:
        """Return the estimates of crosses of this assay, seen or not, part by part."""
        return self.estimate_crosses(crosses, *self.axes.positions(crosses))

    def estimate_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> CrossEstimates:
        """Estimate crosses at these positions, -1 where training lacks the row or the column."""
        new_row, new_column = rows == UNKNOWN, columns == UNKNOWN
        found = CrossEstimates.empty(len(rows))
        if not (new_row.any() or new_column.any()):
            return self._measured(rows, columns)
        across, row_of = self._unseen(crosses.query, new_row, self.sides[0])
        down, column_of = self._unseen(crosses.array, new_column, self.sides[1])
        known = np.flatnonzero(~new_row & ~new_column)
        found.put(known, self._measured(rows[known], columns[known]))
        here = np.flatnonzero(new_row & ~new_column)
        at, beside = row_of[here], columns[here]
        found.put(
            here,
            self._query_unseen(
                Estimates.of_one_unseen(
                    across.effect[at], across.profile[at, beside], self.effects.column[beside], across.variance[at]
                ),
                self.effects.column[beside],
            ),
        )
        here = np.flatnonzero(~new_row & new_column)
        at, beside = column_of[here], rows[here]
        found.put(
            here,
            self._array_unseen(
                Estimates.of_one_unseen(
                    down.effect[at], down.profile[at, beside], self.effects.row[beside], down.variance[at]
                ),
                self.effects.row[beside],
            ),
        )
        both = np.flatnonzero(new_row & new_column)
        if len(both):
            i, j = row_of[both], column_of[both]
            smoothed = smooth_both_sides(across.weight, set_profiles(self.sides), down.weight)[i, j]
            effects, variances = (across.effect[i], down.effect[j]), [across.variance[i], down.variance[j]]
            found.put(both, self._both_unseen(Estimates.of_both_unseen(effects, smoothed, variances)))
        return found

    def _measured(self, rows: Index, columns: Index) -> CrossEstimates:
        interaction = self.estimate[rows, columns]
        effects = np.stack([self.effects.row[rows], self.effects.column[columns]], axis=1)
        return _of_measured(self.effects.mean, effects, interaction, self.gains.measured)

    def _query_unseen(self, parts: Estimates, beside: Matrix) -> CrossEstimates:
        return _of_one_unseen(self.effects.mean, parts, beside, self.gains.row_unseen, side=0)

    def _array_unseen(self, parts: Estimates, beside: Matrix) -> CrossEstimates:
        return _of_one_unseen(self.effects.mean, parts, beside, self.gains.column_unseen, side=1)

    def _both_unseen(self, parts: Estimates) -> CrossEstimates:
        deviation = self.gains.both_unseen.value(parts.parts)
        return CrossEstimates(
            self.effects.mean + deviation,
            self.gains.both_unseen.std(deviation, parts.variances),
            np.stack(parts.parts[:2], axis=1),
            parts.parts[2],
            np.ones((len(deviation), 2), dtype=bool),
            np.zeros((len(deviation), MAX_ORDER), dtype=bool),
        )

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

    def _fit_unseen(
        self, rows: Index, columns: Index, value: Matrix, measured: Gains, generator: np.random.Generator
    ) -> CrossFitted:
        """Fit the gains of unseen sides on observations, and return what each case estimates of them."""
        observation = np.arange(len(rows))
        if self.axes.symmetric:
            # Two strains of one gene set are no pair of which one or both could be unseen.
            observation = observation[self.sides[0].owner[rows] != self.sides[0].owner[columns]]
        if len(observation) > self.options.practice_pairs:
            observation = np.sort(generator.choice(observation, self.options.practice_pairs, replace=False))
        rows, columns = rows[observation], columns[observation]
        row_effect, column_effect = self.effects.row[rows], self.effects.column[columns]
        residual = value[observation] - self.effects.mean
        by_row = left_out_of_one_side(self.sides[0], rows, columns, self.effects.column)
        by_column = left_out_of_one_side(self.sides[1], columns, rows, self.effects.row)
        by_both = left_out_of_both_sides(self.sides, rows, columns)
        without_row, without_column = residual - column_effect, residual - row_effect
        units = [effective_number(side.owner[places]) for side, places in zip(self.sides, (rows, columns), strict=True)]
        if self.axes.symmetric:
            either = _joined(by_row, by_column)
            of_either = np.append(rows, columns)
            row_gains = Gains.fit(
                either.parts,
                either.variances,
                np.append(without_row, without_column),
                effective_number(self.sides[0].owner[of_either]),
            )
            column_gains = row_gains
        else:
            row_gains = Gains.fit(by_row.parts, by_row.variances, without_row, units[0])
            column_gains = Gains.fit(by_column.parts, by_column.variances, without_column, units[1])
        both_gains = Gains.fit(by_both.parts, by_both.variances, residual, min(units))
        self.gains = CaseGains(measured, row_gains, column_gains, both_gains)
        cases = [
            self._query_unseen(by_row, column_effect),
            self._array_unseen(by_column, row_effect),
            self._both_unseen(by_both),
        ]
        return CrossFitted(np.tile(observation, len(cases)), CrossEstimates.concatenate(cases))


def _not_beyond(value: Matrix, estimate: Matrix, observed: Mask) -> Matrix:
    """Return the estimate [r, c] with that of observed cells no larger, by least squares, than their values.

    Gains are fitted on held-out cells, where a completion of few measurements is small; where it has seen the value
    itself the same gain would overshoot.
    """
    own, measured = estimate[observed], value[observed]
    squares = float(own @ own)
    slope = min(float(own @ measured) / squares, 1.0) if squares > 0 else 1.0
    return np.where(observed, max(slope, 0.0) * estimate, estimate)


def _of_measured(mean: float, effects: Matrix, interaction: Matrix, gains: Gains) -> CrossEstimates:
    value = mean + effects.sum(axis=1) + interaction
    sides, genes = np.zeros(effects.shape, dtype=bool), np.zeros((len(value), MAX_ORDER), dtype=bool)
    return CrossEstimates(value, gains.std(interaction, []), effects, interaction, sides, genes)


def _of_one_unseen(mean: float, parts: Estimates, beside: Matrix, gains: Gains, side: int) -> CrossEstimates:
    deviation = gains.value(parts.parts)
    effects, unseen = np.zeros((len(beside), 2)), np.zeros((len(beside), 2), dtype=bool)
    effects[:, side], effects[:, 1 - side], unseen[:, side] = parts.parts[0], beside, True
    std = gains.std(deviation, parts.variances)
    genes = np.zeros((len(beside), MAX_ORDER), dtype=bool)
    return CrossEstimates(mean + beside + deviation, std, effects, parts.parts[1], unseen, genes)


def _joined(first: Estimates, second: Estimates) -> Estimates:
    return Estimates(
        [np.append(a, b) for a, b in zip(first.parts, second.parts, strict=True)],
        [np.append(a, b) for a, b in zip(first.variances, second.variances, strict=True)],
    )
