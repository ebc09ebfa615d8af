"""One level: the terms of one order in one assay, by least squares on cross-fitted estimates and on exact growth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.cell.testable import effective_number, genotype_codes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.baselines.flux import WILD_TYPE_FITNESS, FluxOfScreens
from pipeline_lib.models.clp.assays import bounded
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.profile_predictor.cases import CrossEstimates
from pipeline_lib.models.profile_predictor.model import ProfilePredictorModel

Values = NDArray[np.float64]
Index = NDArray[np.int64]
LevelName = tuple[str, int, int]
"""Screen, phenotype, order."""

CASE_NAMES = ("measured", "query_unseen", "array_unseen", "both_unseen")
"""Which sides of a cross training lacks."""
CASES = len(CASE_NAMES)
GROUP_NAMES = (*CASE_NAMES, *(f"{name}, controls measured" for name in CASE_NAMES))
"""Groups of crosses with gains of their own: the cases, and of tau the same where a control cross was measured."""
CONTROLS = "control_residuals"
_PRIOR_UNITS = 10.0
"""Independent observations' worth of belief that the gains of a case are those of all cases together."""
_LEAST_SD = 0.05
"""SD of an estimate, in SD of the terms, below which none is believed."""
_LEAST_SCALE = 0.02
"""RMS of a column below which belief in its expected gain grows: a gain that rounding errors or one small value show is
not carried over to large values."""
_FEWEST_CALLS = 20
"""Calls, and as many values without one, below which a case takes the log odds of all cases together."""
_METHOD = "fba"
_LOST_GROWTH = 1e-6


@dataclass(frozen=True)
class FluxTerms:
    """Terms of n genotypes; a genotype without a gene of the metabolic model has the wild type's.

    Attributes
    ----------
    fitness
        float64 [n]: growth over that of the wild type.
    interaction
        float64 [n]: epsilon of pairs, tau of triples, 0 of single deletions.
    grows_less
        bool [n]: whether the deletion costs growth.
    """

    fitness: NDArray[np.float64]
    interaction: NDArray[np.float64]

    @property
    def grows_less(self) -> NDArray[np.bool_]:
        """Whether the deletions cost growth, bool [n]."""
        return self.fitness < WILD_TYPE_FITNESS - _LOST_GROWTH

    def along(self, order: int, *, call: bool) -> NDArray[np.float64]:
        """Return the term that an assay of this order measures, float64 [n]: a call rises with a negative one."""
        if order == 1:
            return self.fitness - WILD_TYPE_FITNESS
        return -self.interaction if call else self.interaction


class FluxBalance:
    """Terms by flux balance analysis, of the table of knockouts or solved when they are needed."""

    def __init__(self, results: FluxOfScreens) -> None:
        self._results = results

    @classmethod
    def read(cls, cell: Cell) -> Self:
        """Read the table of the cell."""
        return cls(FluxOfScreens(cell, _METHOD))

    def terms(self, genes: NDArray[np.int64], screen: str = "") -> FluxTerms:
        """Return the terms of genotypes int64 [n, 3] on a screen's medium; where the solver failed, the wild type's.

        Raises
        ------
        PipelineError
            When the table lacks a genotype and nothing can solve it.
        """
        fitness, interaction = self._results.of(genes, screen)
        return FluxTerms(np.nan_to_num(fitness, nan=WILD_TYPE_FITNESS), np.nan_to_num(interaction))


class NoFlux:
    """Terms without a metabolic model: those of the wild type."""

    def terms(self, genes: NDArray[np.int64], screen: str = "") -> FluxTerms:  # noqa: ARG002 - the protocol's
        """Return terms of genotypes int64 [n, 3] that change nothing."""
        return FluxTerms(np.full(len(genes), WILD_TYPE_FITNESS), np.zeros(len(genes)))


class Profiles(Protocol):
    """What is estimated of the genotypes of one level from the training values of others."""

    def fit(self, train: Genotypes, cell: Cell, context: FitContext) -> tuple[Index, CrossEstimates]:
        """Fit; return positions in `train` and their estimates, made without their value."""
        ...

    def estimates(self, genotypes: Genotypes) -> CrossEstimates:
        """Return the estimates of any genotypes."""
        ...

    def state(self) -> dict[str, Any]:
        """Return tensors and plain values."""
        ...


class PredictedProfiles:
    """Estimates by the profile predictor."""

    def __init__(self, settings: ModelSettings) -> None:
        self._model = ProfilePredictorModel(settings, TrainingSettings())

    def fit(self, train: Genotypes, cell: Cell, context: FitContext) -> tuple[Index, CrossEstimates]:
        """Fit; return positions in `train` and their estimates, made without their value."""
        self._model.fit(train, train.take(np.zeros(0, dtype=np.int64)), cell, context)
        found = self._model.cross_fitted
        return found.observation, found.estimates

    def estimates(self, genotypes: Genotypes) -> CrossEstimates:
        """Return the estimates of any genotypes."""
        return self._model.estimates(genotypes)

    def state(self) -> dict[str, Any]:
        """Return tensors and plain values."""
        return self._model.state()

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the estimates that `state` was taken from."""
        restored = cls(ModelSettings())
        restored._model = ProfilePredictorModel.from_state(state, cell)
        return restored


class NoProfiles:
    """The mean of the level for every genotype."""

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        self._mean, self._std = mean, std

    def fit(self, train: Genotypes, cell: Cell, context: FitContext) -> tuple[Index, CrossEstimates]:  # noqa: ARG002
        """Fit; return every observation."""
        self._mean, self._std = float(train.value.mean()), float(train.value.std())
        return np.arange(len(train)), self.estimates(train)

    def estimates(self, genotypes: Genotypes) -> CrossEstimates:
        """Return the mean."""
        found = CrossEstimates.empty(len(genotypes))
        found.value[:], found.std[:] = self._mean, max(self._std, 1e-12)
        return found

    def state(self) -> dict[str, Any]:
        """Return plain values."""
        return {"mean": self._mean, "std": self._std}

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:  # noqa: ARG003 - the protocol's
        """Return the estimates that `state` was taken from."""
        return cls(**state)


@dataclass(frozen=True)
class LevelGains:
    """Weights of the columns of a design by group, and how far off their sum is.

    Attributes
    ----------
    gain
        float64 [groups, columns]; `GROUP_NAMES`, the four cases alone where the level is none of tau.
    spread
        float64 [groups]: SD of the error over the SD that the profile predictor states.
    unit
        SD of the terms in training.
    """

    gain: Values
    spread: Values
    unit: float

    @classmethod
    def least_squares(
        cls, design: Values, target: Values, std: Values, case: Index, units: Values, expected: Values
    ) -> Self:
        """Fit measured terms: ridge towards `expected` [columns]; cases with an unseen side towards all cases together.

        The estimate of a strain that was measured is its measurement, so the gain of that case is expected to be 1
        whatever those of unseen strains are: where each was measured once, no row of training shows it.
        The rows of a case weigh as many as its independent `units` [4]: a thousand crosses of two queries show what
        two unseen queries are like.
        """
        scale = np.maximum(np.sqrt(np.mean(design**2, axis=0)), _LEAST_SCALE)
        rows = np.maximum(np.bincount(case, minlength=CASES), 1)
        root = np.sqrt(np.minimum(units / rows, 1.0))[case]
        scaled, weighted = design / scale * root[:, None], target * root
        pooled = _ridge(scaled, weighted, expected * scale)
        towards = [expected * scale, *[pooled] * (CASES - 1)]
        gain = np.stack([_ridge(scaled[case == k], weighted[case == k], towards[k]) for k in range(CASES)]) / scale
        unit = max(float(target.std()), 1e-6)
        error = ((target - _weighed(design, gain, case)) / np.maximum(std, _LEAST_SD * unit)) ** 2
        overall = float(np.sqrt(error.mean()))
        spread = np.array([np.sqrt(error[case == k].mean()) if (case == k).any() else overall for k in range(CASES)])
        return cls(gain, np.maximum(spread, 1e-6), unit)

    def where_measured(self, column: int, measured: "LevelGains") -> "LevelGains":
        """Return these gains, of a design without the column, and as further groups those of rows that have it."""
        gain = np.concatenate([np.insert(self.gain, column, 0.0, axis=1), measured.gain])
        return LevelGains(gain, np.concatenate([self.spread, measured.spread]), self.unit)

    @classmethod
    def log_odds(cls, design: Values, target: Values, case: Index) -> Self:
        """Fit calls by logistic regression; the last column of the design is its constant."""
        scale = np.maximum(np.sqrt(np.mean(design**2, axis=0)), _LEAST_SCALE)
        scaled = design / scale
        called = np.clip(target.mean(), 1e-9, 1 - 1e-9)
        pooled = _logistic(scaled, target, float(np.log(called / (1 - called))))
        gain = np.tile(pooled, (CASES, 1))
        for k in range(CASES):
            rows = case == k
            if min(target[rows].sum(), (1 - target[rows]).sum()) >= _FEWEST_CALLS:
                gain[k] = _logistic(scaled[rows], target[rows], 0.0)
        return cls(gain / scale, np.ones(CASES), 1.0)

    def std(self, std: Values, group: Index) -> Values:
        """Return the SD of new measurements, float64 [n], from the SD that the profile predictor states."""
        return np.maximum(std, _LEAST_SD * self.unit) * self.spread[group]

    def value(self, design: Values, group: Index) -> Values:
        """Return the terms, float64 [n]."""
        return _weighed(design, self.gain, group)


@dataclass(frozen=True)
class Level:
    """A fitted level.

    Attributes
    ----------
    profiles
        Estimates the terms.
    whole
        Estimates the fitness of multiple mutants as it is, without lower terms; elsewhere nothing.
    gains
        What weighs them.
    size
        Number of training observations.
    """

    profiles: Profiles
    whole: Profiles
    gains: LevelGains
    size: int


def case_of(estimates: CrossEstimates) -> Index:
    """Return the case of each cross among `CASE_NAMES`, int64 [n]."""
    return estimates.unseen[:, 0] + 2 * estimates.unseen[:, 1].astype(np.int64)


def group_of(case: Index, lower: "Lower") -> Index:
    """Return the group of each cross among `GROUP_NAMES`, int64 [n]."""
    return np.asarray(case + CASES * ~np.isnan(lower.control_residuals))


def units_of(crosses: Genotypes, case: Index, unseen_genes: NDArray[np.bool_]) -> Values:
    """Return how many independent observations of each case there are, float64 [4].

    Measured crosses are taken for independent of each other; of unseen sides there are as many as strains of equal size
    (as gene sets, where no strain is named), of two unseen sides as many as of the side that has fewest.
    """
    missing = np.sort(np.where(unseen_genes, crosses.genes, NO_GENE), axis=1)
    set_code = genotype_codes(missing) + len(crosses.strains)
    query, array = (np.where(side >= 0, side, set_code) for side in (crosses.query, crosses.array))

    both = min(effective_number(side[case == 3]) for side in (query, array))
    one = effective_number(query[case == 1]), effective_number(array[case == 2])
    return np.array([(case == 0).sum(), *one, both], dtype=np.float64)


def _ridge(design: Values, target: Values, towards: Values) -> Values:
    gram = design.T @ design + _PRIOR_UNITS * np.eye(design.shape[1])
    return np.asarray(towards + np.linalg.solve(gram, design.T @ (target - design @ towards)))


def _logistic(design: Values, target: Values, fallback: float) -> Values:
    if not 0 < target.sum() < len(target):
        return np.append(np.zeros(design.shape[1] - 1), np.clip(fallback, -20.0, 20.0))
    fitted = LogisticRegression(C=1.0, max_iter=200).fit(design[:, :-1], target > 0)
    return np.append(fitted.coef_[0], fitted.intercept_[0])


def _weighed(design: Values, gain: Values, case: Index) -> Values:
    return np.asarray(np.einsum("nf,nf->n", design, gain[case]))


def by_level(genotypes: Genotypes) -> Iterator[tuple[LevelName, Index]]:
    """Yield the levels of genotypes and the rows of each, the lower orders first; '' where no screen is stated."""
    shift = len(genotypes.screens) + 1
    order, codes = genotypes.order, genotypes.phenotype + 1
    codes = (order * shift + genotypes.screen + 1) * (len(PHENOTYPES) + 1) + codes
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    for position, row in enumerate(first):
        if order[row] > 0:
            screen = genotypes.screen[row]
            name = genotypes.screens[screen] if screen >= 0 else ""
            yield (name, int(genotypes.phenotype[row]), int(order[row])), np.flatnonzero(inverse == position)


FITNESS, INTERACTION, CALL = (PHENOTYPES.index(name) for name in ("fitness", "interaction", "call"))
"""Phenotypes whose terms are combined by definition, whose terms are epsilon and tau, and whose terms are log odds."""
_FLUX_UNIT = 0.1
"""Change of fitness that counts as one unit of evidence."""


@dataclass(frozen=True)
class Lower:
    """The terms of lower order that the term of a genotype is defined relative to.

    Attributes
    ----------
    reference
        float64 [n]: fitness by the lower terms alone; for other phenotypes the sum of the terms of a triple's pairs.
    single, pair, evidence
        As in `pipeline_lib.models.clp.assays.Terms`.
    control_residuals
        float64 [n]: sum of the residuals of the control crosses of a triple (`decomposition.ControlCrosses`), each
        times the fitness of the gene that it lacks, as tau weighs them; NaN where none was measured.
    """

    reference: Values
    single: Values
    pair: Values
    evidence: NDArray[np.float32]
    control_residuals: Values

    def take(self, rows: Index) -> "Lower":
        """Return the terms of the genotypes at `rows`."""
        return Lower(**{name: values[rows] for name, values in vars(self).items()})


def design_of(
    phenotype: int, order: int, estimates: CrossEstimates, whole: Values, lower: Lower, flux: FluxTerms
) -> tuple[Values, Values]:
    """Return the columns that the gains weigh, float64 [n, columns], and the gains that are expected without data.

    `whole`, float64 [n], is the fitness of multiple mutants by `Level.whole`, less 1; nothing reads it elsewhere.
    """
    relative = phenotype == FITNESS
    columns = [estimates.value, flux.along(order, call=phenotype == CALL)]
    if _has_lower_terms(phenotype, order):
        columns.append(lower.reference - 1 if relative else lower.reference)
    if is_product(phenotype, order):
        # Both estimates are of one value: a weight on their difference is not held back by what they have in common.
        columns.append(whole - (lower.reference - 1) - estimates.value)
    if _is_tau(phenotype, order):
        columns.append(np.nan_to_num(lower.control_residuals))
    columns.append(np.ones(len(estimates)))
    design = np.stack(columns, axis=1)
    expected = np.zeros(design.shape[1])
    expected[0] = 1.0
    return design, expected


def column_names(phenotype: int, order: int) -> list[str]:
    """Return the names of the columns that the gains of a level weigh."""
    lower = ["lower_terms"] if _has_lower_terms(phenotype, order) else []
    whole = ["whole_estimate"] if is_product(phenotype, order) else []
    controls = [CONTROLS] if _is_tau(phenotype, order) else []
    return ["estimate", "flux", *lower, *whole, *controls, "constant"]


def evidence_of(
    term: Values, std: Values, unit: float, estimates: CrossEstimates, flux: FluxTerms
) -> NDArray[np.float32]:
    """Return what the network reads beside its latents, float32 [n, 10] (`pipeline_lib.models.clp.assays.EVIDENCE`).

    Parameters
    ----------
    term, std
        float64 [n], in units of `unit`, the SD of the terms of the level.
    """
    effects = estimates.effects / unit
    columns = [
        term,
        estimates.interaction / unit,
        effects.sum(axis=1),
        effects.prod(axis=1),
        np.log(std),
        estimates.unseen.any(axis=1).astype(np.float64),
        estimates.unseen.all(axis=1).astype(np.float64),
        flux.interaction / _FLUX_UNIT,
        (flux.fitness - 1) / _FLUX_UNIT,
        flux.grows_less.astype(np.float64),
    ]
    return bounded(np.stack(columns, axis=1))


def is_product(phenotype: int, order: int) -> bool:
    """Return whether a value is the fitness of a multiple mutant: what its lower terms make up, and its own term."""
    return phenotype == FITNESS and order > 1


def _has_lower_terms(phenotype: int, order: int) -> bool:
    return order == MAX_ORDER or is_product(phenotype, order)


def _is_tau(phenotype: int, order: int) -> bool:
    return phenotype == INTERACTION and order == MAX_ORDER
