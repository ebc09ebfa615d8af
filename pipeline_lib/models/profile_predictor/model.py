"""Model ``profile_predictor``: of each assay pairs of measured genes, of one unseen gene, and of two."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.cell.testable import effective_number
from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.crosses.crosses import UNKNOWN, Crosses, Index, Side, StrainBook
from pipeline_lib.models.crosses.effects import CrossModel, Effects, ScoreMatrix
from pipeline_lib.models.crosses.per_assay import AssayFold, FittedAssay, PerAssay, Trial, stated_assays
from pipeline_lib.models.interface import Cell, FitContext, Prediction
from pipeline_lib.models.profile_predictor.cases import (
    CrossEstimates,
    CrossFitted,
    Estimates,
    left_out_of_both_sides,
    left_out_of_one_side,
    of_both_unseen,
    of_measured,
    of_one_unseen,
    set_profiles,
    smooth_both_sides,
)
from pipeline_lib.models.profile_predictor.completion import (
    Combination,
    Gains,
    complete,
    not_beyond,
    practise_completion,
)
from pipeline_lib.models.profile_predictor.kernels import GeneInputs, Matrix, gene_inputs
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
    mean of a process over genes, freed of noise, and a main effect by the process and by boosted trees; two such genes
    are smoothed from both sides. Every gain is fitted on training values
    that were held out or left out, as if their genes were as unseen as those of the case.
    """

    inputs: GeneInputs
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
        self.inputs, self.book = gene_inputs(fold.cell, self.options), fold.book
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
        gains = Gains.fit([none], [], residual, len(residual), self.options.prior_observations)
        at = np.stack([effects.row[rows[held]], effects.column[columns[held]]], axis=1)
        self.estimate = np.zeros(self.axes.shape)
        sides = self._learn_sides(self.estimate, generator)
        self.sides = (sides[0], sides[-1])
        return CrossFitted(held, of_measured(effects.mean, at, none, gains)), gains

    def _fit_profiles(
        self, rows: Index, columns: Index, value: Matrix, generator: np.random.Generator
    ) -> tuple[CrossFitted, Gains]:
        """Fit the profiles of both sides, and how completion and similarity are weighed on held-out cells."""
        symmetric = self.axes.symmetric
        practice = practise_completion(self.axes, rows, columns, value, self.options, generator)
        share, completed = practice.share, practice.residuals.completed
        sides = self._learn_sides(completed, generator)
        priors = [side.entity_kernel(self.inputs) for side in sides]
        combination = Combination.learn(practice, priors, self.options, generator)
        held = practice.held
        effects = np.stack([practice.effects.row[held.rows], practice.effects.column[held.columns]], axis=1)
        estimates = of_measured(practice.effects.mean, effects, combination.held, combination.gains)
        cross_fitted = CrossFitted(held.observation, estimates)
        # A large screen's matrices are hundreds of megabytes each.
        del practice, completed

        matrix = ScoreMatrix.build(self.axes, rows, columns, value - self.effects.predict(rows, columns))
        residuals = complete(matrix, share, self.options, generator, symmetric=symmetric)
        observed = matrix.observed > 0
        self.estimate = not_beyond(matrix.values, combination.estimate(residuals, priors), observed)
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
        missing = rows == UNKNOWN, columns == UNKNOWN
        if not (missing[0].any() or missing[1].any()):
            return self._measured(rows, columns)
        found = CrossEstimates.empty(len(rows))
        known = np.flatnonzero(~missing[0] & ~missing[1])
        found.put(known, self._measured(rows[known], columns[known]))
        positions, effects = (rows, columns), (self.effects.row, self.effects.column)
        (across, row_of), (down, column_of) = predicted = [
            self._unseen(side, new, of_training)
            for side, new, of_training in zip((crosses.query, crosses.array), missing, self.sides, strict=True)
        ]
        for side, (unseen, place) in enumerate(predicted):
            other = 1 - side
            here = np.flatnonzero(missing[side] & ~missing[other])
            at, beside = place[here], positions[other][here]
            profile, beside_effect = unseen.profile[at, beside], effects[other][beside]
            parts = Estimates.of_one_unseen(unseen.effect[at], profile, beside_effect, unseen.variance[at])
            found.put(here, self._one_unseen(parts, beside_effect, side))
        both = np.flatnonzero(missing[0] & missing[1])
        if len(both):
            i, j = row_of[both], column_of[both]
            smoothed = smooth_both_sides(across.weight, set_profiles(self.sides), down.weight)[i, j]
            both_effects, variances = (across.effect[i], down.effect[j]), [across.variance[i], down.variance[j]]
            found.put(both, self._both_unseen(Estimates.of_both_unseen(both_effects, smoothed, variances)))
        return found

    def _measured(self, rows: Index, columns: Index) -> CrossEstimates:
        interaction = self.estimate[rows, columns]
        effects = np.stack([self.effects.row[rows], self.effects.column[columns]], axis=1)
        return of_measured(self.effects.mean, effects, interaction, self.gains.measured)

    def _one_unseen(self, parts: Estimates, beside: Matrix, side: int) -> CrossEstimates:
        gains = (self.gains.row_unseen, self.gains.column_unseen)[side]
        return of_one_unseen(self.effects.mean, parts, beside, gains, side)

    def _both_unseen(self, parts: Estimates) -> CrossEstimates:
        return of_both_unseen(self.effects.mean, parts, self.gains.both_unseen)

    def cross_state(self) -> dict[str, Any]:
        """Return effects, estimates, sides and gains; kernels and columns of genes are the cell's."""
        return {
            "inputs": self.inputs.layout,
            "effects": vars(self.effects),
            "estimate": self.estimate,
            "sides": [side.state() for side in (self.sides[:1] if self.axes.symmetric else self.sides)],
            "gains": {name: vars(gains) for name, gains in vars(self.gains).items()},
        }

    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `cross_state` returned.

        Raises
        ------
        PipelineError
            When networks or feature tables are not those of the fit.
        """
        self.inputs, self.book = gene_inputs(cell, self.options), book
        differing = set(state["inputs"]) ^ set(self.inputs.layout)
        if differing:
            raise PipelineError(
                "The model was fitted with other networks or feature tables: one of the two lacks "
                f"{', '.join(sorted(differing)[:5])}; give those of its own run, or fit again."
            )
        self.effects, self.estimate = Effects(**state["effects"]), state["estimate"]
        sides = [AssaySide.from_state(side) for side in state["sides"]]
        self.sides = (sides[0], sides[-1])
        self.gains = CaseGains(**{name: Gains(**gains) for name, gains in state["gains"].items()})

    def _learn_sides(self, profiles: Matrix, generator: np.random.Generator) -> list[AssaySide]:
        """Learn rows and columns from profiles, float64 [r, c]; the rows alone where the screen is symmetric."""
        learned = [(self.axes.rows, profiles, self.effects.row)]
        if not self.axes.symmetric:
            learned.append((self.axes.columns, profiles.T, self.effects.column))
        sides = []
        for entities, own, effects in learned:
            sets = self.book.genes_of_sets(entities.gene_set)
            sides.append(
                AssaySide.learn(self.inputs, sets, own, effects, self.options, generator, symmetric=self.axes.symmetric)
            )
        return sides

    def _unseen(self, side: Side, missing: Index, known: AssaySide) -> tuple[Unseen, Index]:
        """Return what the processes predict of the missing gene sets and the row of each cross among them (0: none)."""
        sets, inverse = np.unique(side.gene_set[missing], return_inverse=True)
        position = np.zeros(len(missing), dtype=np.int64)
        position[missing] = inverse
        return known.unseen(self.inputs, self.book.genes_of_sets(sets)), position

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
        residual, prior = value[observation] - self.effects.mean, self.options.prior_observations
        of_rows = self.sides[0].left_out_profiles()
        of_columns = of_rows if self.axes.symmetric else self.sides[1].left_out_profiles()
        by_row = left_out_of_one_side(self.sides[0], of_rows, rows, columns, self.effects.column)
        by_column = left_out_of_one_side(self.sides[1], of_columns, columns, rows, self.effects.row)
        by_both = left_out_of_both_sides(self.sides, rows, columns)
        without_row, without_column = residual - column_effect, residual - row_effect
        units = [effective_number(side.owner[places]) for side, places in zip(self.sides, (rows, columns), strict=True)]
        if self.axes.symmetric:
            either = by_row.joined(by_column)
            target = np.append(without_row, without_column)
            of_either = effective_number(self.sides[0].owner[np.append(rows, columns)])
            row_gains = column_gains = Gains.fit(either.parts, either.variances, target, of_either, prior)
        else:
            row_gains = Gains.fit(by_row.parts, by_row.variances, without_row, units[0], prior)
            column_gains = Gains.fit(by_column.parts, by_column.variances, without_column, units[1], prior)
        both_gains = Gains.fit(by_both.parts, by_both.variances, residual, min(units), prior)
        self.gains = CaseGains(measured, row_gains, column_gains, both_gains)
        cases = [
            self._one_unseen(by_row, column_effect, side=0),
            self._one_unseen(by_column, row_effect, side=1),
            self._both_unseen(by_both),
        ]
        return CrossFitted(np.tile(observation, len(cases)), CrossEstimates.concatenate(cases))


class ProfilePredictorModel(PerAssay):
    """Model ``profile_predictor``."""

    section = "profile_predictor"
    assay_model = ProfilePredictor

    cross_fitted: CrossFitted
    """Estimates of training observations without themselves; a restored model has none."""

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit every assay of `train`; see `PerAssay.fit`."""
        history = super().fit(train, validation, cell, context)
        observations, estimates = [], []
        for name, rows in stated_assays(train):
            found = _predictor(self.assays[name]).cross_fitted
            observations.append(rows[found.observation])
            crosses = self.book.crosses(train.take(observations[-1]))
            estimates.append(self._whole(self.assays[name], found.estimates, crosses))
        self.cross_fitted = CrossFitted(np.concatenate(observations), CrossEstimates.concatenate(estimates))
        return history

    def estimates(self, genotypes: Genotypes) -> CrossEstimates:
        """Return the estimates of genotypes, part by part, in the units of their assay."""
        crosses = self.book.crosses(genotypes)
        found = CrossEstimates.empty(len(genotypes))
        for name, rows in stated_assays(genotypes):
            assay = self._nearest_assay(name)
            predictor = _predictor(assay)
            part = predictor.axes.placed(crosses.take(rows))
            found.put(rows, self._whole(assay, predictor.estimates_of(part), part))
        return found

    def _whole(self, assay: FittedAssay, estimates: CrossEstimates, crosses: Crosses) -> CrossEstimates:
        """Add the mean of the order, and which genes stand on a side that training lacks."""
        genes = crosses.genotypes.genes
        unseen = np.zeros(genes.shape, dtype=bool)
        for side, missing in zip((crosses.query, crosses.array), estimates.unseen.T, strict=True):
            of_side = self.book.genes_of_sets(side.gene_set[missing])
            unseen[missing] |= (genes[missing][:, :, None] == of_side[:, None, :]).any(axis=2)
        unseen &= genes != NO_GENE
        value = estimates.value + assay.order_means[crosses.genotypes.order]
        return replace(estimates, value=value, unseen_genes=unseen)


def _predictor(assay: FittedAssay) -> ProfilePredictor:
    assert isinstance(assay.model, ProfilePredictor)  # noqa: S101 - the class makes no other
    return assay.model
