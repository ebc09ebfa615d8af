"""Closed-form terms of genotypes: single-mutant fitness, epsilon and tau by least squares on cross-fitted estimates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.models.baselines.digenic import singles_from_product
from pipeline_lib.models.clp import decomposition
from pipeline_lib.models.clp.assays import EVIDENCE, Terms, bounded
from pipeline_lib.models.clp.levels import (
    CALL,
    CASES,
    CONTROLS,
    FITNESS,
    INTERACTION,
    FluxTerms,
    Index,
    Level,
    LevelGains,
    LevelName,
    Lower,
    NoProfiles,
    Profiles,
    Values,
    by_level,
    case_of,
    column_names,
    design_of,
    evidence_of,
    group_of,
    is_product,
    units_of,
)
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.profile_predictor.cases import CrossEstimates

_FITNESS = PHENOTYPES.index("fitness")


@dataclass(frozen=True)
class ImpliedSingles:
    """Refine the terms of single mutants that are predicted by themselves.

    Inside the product of a double mutant the implied fitness has no place: it has seen the value.

    Attributes
    ----------
    effects
        By screen, float64 [N]: single-mutant fitness less 1 whose product fits the fitness of double and triple mutants
        best (`singles_from_product`); NaN of genes that none of them lacks.
    gains
        By screen: weights of the term, the implied effect and a constant; of screens with single mutants.
    """

    effects: Mapping[str, Values]
    gains: Mapping[str, LevelGains]

    @classmethod
    def of(cls, train: Genotypes, size: int) -> Self:
        """Measure what is implied; the gains are fitted later (`with_gains`)."""
        effects = {}
        for screen, phenotype, rows in train.assays():
            several = rows[train.order[rows] > 1]
            if phenotype == _FITNESS and len(several):
                effects[train.screens[screen]] = singles_from_product(train.take(several), size) - 1
        return cls(effects, {})

    def with_gains(self, screen: str, singles: Genotypes, term: Values, std: Values, case: Index) -> "ImpliedSingles":
        """Fit how the term and what is implied are weighed, on terms that did not see their value.

        The value of `singles` is their effect: fitness less 1.
        """
        rows, implied = self._known(screen, singles)
        if not len(rows):
            return self
        design = np.stack([term[rows], implied, np.ones(len(rows))], axis=1)
        units = np.bincount(case[rows], minlength=CASES).astype(np.float64)
        target, expected = singles.value[rows], np.array([1.0, 0.0, 0.0])
        gains = LevelGains.least_squares(design, target, std[rows], case[rows], units, expected)
        return ImpliedSingles(self.effects, {**self.gains, screen: gains})

    def refined(self, screen: str, singles: Genotypes, term: Values, std: Values, case: Index) -> tuple[Values, Values]:
        """Return term and SD of single mutants, float64 [n] each; unchanged where nothing is implied."""
        if screen not in self.gains:
            return term, std
        rows, implied = self._known(screen, singles)
        design = np.stack([term[rows], implied, np.ones(len(rows))], axis=1)
        better, spread = term.copy(), std.copy()
        better[rows] = self.gains[screen].value(design, case[rows])
        spread[rows] = self.gains[screen].std(std[rows], case[rows])
        return better, spread

    def _known(self, screen: str, singles: Genotypes) -> tuple[Index, Values]:
        if screen not in self.effects:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        effect = self.effects[screen][singles.genes[:, 0]]
        rows = np.flatnonzero(~np.isnan(effect))
        return rows, effect[rows]

    def state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        return {"effects": dict(self.effects), "gains": {screen: vars(gains) for screen, gains in self.gains.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return what `state` was taken from."""
        return cls(state["effects"], {screen: LevelGains(**gains) for screen, gains in state["gains"].items()})


class Flux(Protocol):
    """What flux balance computes of genotypes."""

    def terms(self, genes: Index, screen: str = "") -> FluxTerms:
        """Return the terms of genotypes int64 [n, 3] of a screen."""
        ...


NewProfiles = Callable[[], Profiles]
"""Makes the estimates of a level that is to be fitted."""


@dataclass(frozen=True)
class ClosedForm:
    """Terms of genotypes by the levels of a training fold.

    A fitness is put together from the terms of all subsets of the genotype (`decomposition`), so that screens of
    fitness know of interactions and those of interactions need no fitness.

    Attributes
    ----------
    levels
        What was fitted, by screen, phenotype and order.
    flux
        Exact growth of genotypes.
    implied
        What double and triple mutants imply of single ones.
    controls
        What the control crosses of triple mutants measured beyond what was expected.
    """

    levels: Mapping[LevelName, Level]
    flux: Flux
    implied: ImpliedSingles
    controls: decomposition.ControlCrosses

    @classmethod
    def fit(
        cls,
        train: Genotypes,
        cell: Cell,
        context: FitContext,
        new_profiles: NewProfiles,
        flux: Flux,
        controls: decomposition.ControlCrosses,
    ) -> tuple[Self, Index, Terms]:
        """Fit every level, the lower orders first.

        Returns
        -------
        ClosedForm
            The fitted levels.
        int64 [m]
            Positions in `train`; an observation may stand there once for each case.
        Terms
            [m]: terms of these observations that did not see their value.
        """
        levels: dict[LevelName, Level] = {}
        implied = ImpliedSingles.of(train, len(cell.genes))
        fitted = cls(levels, flux, implied, controls)
        positions, terms = [], []
        for name, rows in by_level(train):
            part = _on_one_side(train.take(rows))
            lower_terms = fitted._lower(part, name)
            measured, profiles = part, new_profiles()
            whole: Profiles = NoProfiles()
            if name[1] == FITNESS:
                part = replace(part, value=part.value - lower_terms.reference)
            observation, estimates = profiles.fit(part, cell, context)
            whole_value = np.zeros(len(observation))
            if is_product(*name[1:]):
                whole = new_profiles()
                as_whole = whole.fit(replace(measured, value=measured.value - 1), cell, context)
                observation, estimates, whole_value = _of_both(observation, estimates, *as_whole)
            cross_fitted, lower = part.take(observation), lower_terms.take(observation)
            flux_terms = flux.terms(cross_fitted.genes, name[0])
            design, expected = design_of(*name[1:], estimates, whole_value, lower, flux_terms)
            case = case_of(estimates)
            if name[1] == CALL:
                gains = LevelGains.log_odds(design, cross_fitted.value, case)
            else:
                gains = _least_squares(cross_fitted, name, estimates, lower, design, expected)
            levels[name] = Level(profiles, whole, gains, len(rows))
            positions.append(rows[observation])
            found = fitted._terms_of(cross_fitted, name, levels[name], estimates, whole_value, lower)
            if _is_single_fitness(name):
                implied = implied.with_gains(name[0], cross_fitted, found.term, found.std, found.case)
                found = _refined(implied, cross_fitted, name, levels[name], found)
            if name[1:] == (INTERACTION, 2) and name[0] in controls.screens:
                seen = fitted._terms_of(
                    part, name, levels[name], profiles.estimates(part), np.zeros(len(part)), lower_terms
                )
                left_out = observation, found.term, found.std
                fitted = replace(fitted, controls=fitted.controls.with_pairs(name[0], part, seen.term, left_out))
            terms.append(found)
        fitted = replace(fitted, implied=implied)
        return fitted, np.concatenate(positions), Terms.concatenate(terms)

    def terms(self, genotypes: Genotypes) -> Terms:
        """Return the terms of genotypes, measured or not; a level that was not fitted takes the nearest one's.

        Where no screen measured an order, its genotypes have the terms of lower order and none of their own.
        """
        found = Terms.empty(len(genotypes))
        for name, rows in by_level(genotypes):
            part, level = _on_one_side(genotypes.take(rows)), self._level(name)
            if level is None:
                found.put(rows, self._terms_of_subsets(part, name))
            else:
                part_terms = self._estimated(part, name, level)
                if _is_single_fitness(name):
                    part_terms = _refined(self.implied, part, name, level, part_terms)
                found.put(rows, part_terms)
        return found

    def _level(self, name: LevelName) -> Level | None:
        """Return a level, or the largest of its phenotype and order."""
        if name in self.levels:
            return self.levels[name]
        others = [level for other, level in self.levels.items() if other[1:] == name[1:]]
        return max(others, key=lambda level: level.size, default=None)

    def _estimated(self, part: Genotypes, name: LevelName, level: Level) -> Terms:
        """Return the terms of genotypes of a fitted level, measured or not."""
        estimates, lower = level.profiles.estimates(part), self._lower(part, name)
        whole = level.whole.estimates(part).value if is_product(*name[1:]) else np.zeros(len(part))
        return self._terms_of(part, name, level, estimates, whole, lower)

    def _terms_of(
        self, part: Genotypes, name: LevelName, level: Level, estimates: CrossEstimates, whole: Values, lower: Lower
    ) -> Terms:
        _, phenotype, order = name
        flux = self.flux.terms(part.genes, name[0])
        design, _ = design_of(phenotype, order, estimates, whole, lower, flux)
        case = case_of(estimates)
        group = group_of(case, lower)
        term = level.gains.value(design, group)
        std = level.gains.std(estimates.std, group)
        single, pair = lower.single, lower.pair
        if phenotype == FITNESS and order == 1:
            single = single.copy()
            single[:, 0] = 1 + term
        if phenotype == FITNESS and order == 2:
            pair = pair.copy()
            pair[:, 0] = term
        unit = level.gains.unit
        evidence = evidence_of(term / unit, std / unit, unit, estimates, flux)
        return Terms(
            term,
            std,
            single,
            pair,
            self._units(name, len(part)),
            evidence,
            lower.evidence,
            estimates.unseen_genes,
            case,
        )

    def _terms_of_subsets(self, part: Genotypes, name: LevelName) -> Terms:
        """Return the terms of genotypes of an order that no screen measured.

        A fitness is that of all subsets without an interaction of its own; any other value the mean of the pairs.
        """
        lower, units = self._lower(part, name), self._units(name, len(part))
        term = np.zeros(len(part)) if name[1] == FITNESS else lower.reference / len(decomposition.PAIRS)
        return replace(
            Terms.empty(len(part)),
            term=term,
            std=units[:, name[2] - 1],
            single=lower.single,
            pair=lower.pair,
            unit=units,
            pair_evidence=lower.evidence,
        )

    def _units(self, name: LevelName, rows: int) -> Values:
        """Return the units of order 1, 2 and 3, float64 [rows, 3]; that of the order below where none was fitted."""
        units, unit = [], 1.0
        for order in range(1, MAX_ORDER + 1):
            level = self._level((*name[:2], order))
            unit = level.gains.unit if level is not None else unit
            units.append(unit)
        return np.tile(np.array(units), (rows, 1))

    def _lower(self, part: Genotypes, name: LevelName) -> Lower:
        """Return the terms of lower order; genes of a genotype stand first, blanks behind."""
        screen, phenotype, order = name
        relative = phenotype == FITNESS
        nothing = Terms.empty(len(part))
        single, pair, evidence = nothing.single, nothing.pair, nothing.pair_evidence
        if relative and order > 1:
            for slot in range(order):
                found, place = self._of_subsets(part, (slot,), (screen, phenotype, 1))
                single[:, slot] += found.term[place]
        if order == MAX_ORDER:
            for position, slots in enumerate(decomposition.PAIRS):
                found, place = self._of_subsets(part, slots, (screen, phenotype, 2))
                pair[:, position] = found.term[place]
                if relative:
                    evidence[:, position] = found.evidence[place]
        if relative:
            whole = decomposition.fitness(single, pair, np.zeros(len(part)))
            return Lower(whole if order > 1 else np.ones(len(part)), single, pair, evidence, np.full(len(part), np.nan))
        residuals = np.full(len(part), np.nan)
        if phenotype == INTERACTION and order == MAX_ORDER:
            residuals = self._control_residuals(part, screen)
        return Lower(pair.sum(axis=1), single, np.zeros_like(pair), evidence, residuals)

    def _control_residuals(self, triples: Genotypes, screen: str) -> Values:
        """Return the sum of the residuals of the control crosses of triples, float64 [n]; NaN where there are none."""
        residual = self.controls.residuals(triples)
        unknown = np.isnan(residual).all(axis=1)
        if unknown.all():
            return np.full(len(triples), np.nan)
        single = np.ones((len(triples), MAX_ORDER))
        for slot in range(MAX_ORDER):
            found, place = self._of_subsets(triples, (slot,), (screen, FITNESS, 1))
            single[:, slot] += found.term[place]
        return np.where(unknown, np.nan, decomposition.pairs_in_fitness(single, np.nan_to_num(residual)))

    def _of_subsets(self, part: Genotypes, slots: tuple[int, ...], name: LevelName) -> tuple[Terms, Index]:
        """Return the terms of each distinct set of the genes in `slots`, and which of them each genotype has, [n]."""
        base = int(part.genes.max(initial=0)) + 1
        key = np.zeros(len(part), dtype=np.int64)
        for slot in slots:
            key = key * base + part.genes[:, slot]
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        chosen = part.genes[first][:, slots]
        n = len(chosen)
        genes = np.full((n, MAX_ORDER), NO_GENE)
        genes[:, : len(slots)] = chosen
        subsets = replace(
            part.take(np.zeros(n, dtype=np.int64)),
            genes=genes,
            query=np.full(n, NO_GENE),
            array=np.full(n, NO_GENE),
            value=np.full(n, np.nan),
        )
        level = self._level(name)
        if level is None:
            return Terms.empty(n), inverse
        return self._estimated(subsets, name, level), inverse


def _of_both(
    observation: Index, estimates: CrossEstimates, of_whole: Index, whole: CrossEstimates
) -> tuple[Index, CrossEstimates, Values]:
    """Return the observations that two sets of estimates have in the same case: both go without the same values."""
    first_key, second_key = observation * CASES + case_of(estimates), of_whole * CASES + case_of(whole)
    _, first, second = np.intersect1d(first_key, second_key, assume_unique=True, return_indices=True)
    return observation[first], estimates.take(first), whole.value[second]


def _least_squares(
    crosses: Genotypes, name: LevelName, estimates: CrossEstimates, lower: Lower, design: Values, expected: Values
) -> LevelGains:
    """Fit the gains of a level; of tau those of crosses without control crosses, and those of crosses with them.

    A triple that nobody crossed yet has no controls: its gains are fitted as if no triple had any.
    """
    case = case_of(estimates)

    def fit(rows: Index, columns: Index) -> LevelGains:
        units = units_of(crosses.take(rows), case[rows], estimates.unseen_genes[rows])
        part = design[np.ix_(rows, columns)]
        return LevelGains.least_squares(
            part, crosses.value[rows], estimates.std[rows], case[rows], units, expected[columns]
        )

    rows, columns = np.arange(len(crosses)), np.arange(len(expected))
    names = column_names(*name[1:])
    if CONTROLS not in names:
        return fit(rows, columns)
    place = names.index(CONTROLS)
    without = fit(rows, np.delete(columns, place))
    measured = np.flatnonzero(~np.isnan(lower.control_residuals))
    if not len(measured):
        return without.where_measured(place, replace(without, gain=np.insert(without.gain, place, 0.0, axis=1)))
    return without.where_measured(place, fit(measured, columns))


def _on_one_side(genotypes: Genotypes) -> Genotypes:
    """Return genotypes with single mutants on the query side, whichever side of a cross their strain is made for.

    One gene is no cross: with strains on two sides, single mutants would be a matrix of two columns, and each
    measurement would be divided among effects and profiles that nothing else in it supports.
    """
    alone = (genotypes.order == 1) & (genotypes.query < 0) & (genotypes.array >= 0)
    query, array = np.where(alone, genotypes.array, genotypes.query), np.where(alone, NO_GENE, genotypes.array)
    return replace(genotypes, query=query, array=array)


def _is_single_fitness(name: LevelName) -> bool:
    return name[1] == FITNESS and name[2] == 1


def _refined(implied: ImpliedSingles, part: Genotypes, name: LevelName, level: Level, terms: Terms) -> Terms:
    """Return the terms of single mutants that are predicted by themselves."""
    term, std = implied.refined(name[0], part, terms.term, terms.std, terms.case)
    single, evidence = terms.single.copy(), terms.evidence.copy()
    single[:, 0] = 1 + term
    unit = level.gains.unit
    evidence[:, EVIDENCE.index("term")] = bounded(term / unit)
    evidence[:, EVIDENCE.index("log_sd")] = bounded(np.log(std / unit))
    return replace(terms, term=term, std=std, single=single, evidence=evidence)
