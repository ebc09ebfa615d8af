"""Main effects of gene sets, and their prediction for other sets by a Gaussian process and by boosted trees."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.baselines.gradient_boosting import Trees
from pipeline_lib.models.interface import non_negative_least_squares
from pipeline_lib.models.profile_predictor.kernels import GeneInputs, GeneProcess, Index, Matrix, weighted_kernel
from pipeline_lib.models.profile_predictor.learning import KernelWeights

_BINS = 32
_NO_TREES = Trees(np.zeros((0, 0), dtype=np.int64), np.zeros((0, 0)), np.zeros((0, 1)), 0.0)


@dataclass(frozen=True)
class MainEffects:
    """Main effects of m gene sets, and two estimates of those of other sets, stacked without negative weights.

    A Gaussian process compares whole phenotype profiles, memberships and neighbourhoods; boosted trees read single
    columns, such as the growth of the deletion in one condition. Neither holds the other.

    Attributes
    ----------
    mean
        Over the sets.
    deviations
        float64 [m], from `mean`.
    kernel_weights
        float64 [kernels].
    process
        Over the m sets.
    trees
        Over the gene columns of a set.
    cross_fitted
        float64 [m]: what trees that did not see a set predict of its deviation.
    shares
        float64 [2]: weights of process and trees.
    """

    mean: float
    deviations: Matrix
    kernel_weights: Matrix
    process: GeneProcess
    trees: Trees
    cross_fitted: Matrix
    shares: Matrix

    @classmethod
    def fit(
        cls,
        inputs: GeneInputs,
        sets: Index,
        effects: Matrix,
        learned: KernelWeights,
        settings: ProfilePredictorSettings,
        generator: np.random.Generator,
    ) -> Self:
        """Condition the process on all sets, and grow trees where there are enough of them.

        Parameters
        ----------
        inputs
            Kernels and columns of the genes of the cell.
        sets
            int64 [m, 3].
        effects
            float64 [m].
        learned
            Weights of the kernels.
        """
        mean = float(effects.mean())
        deviations = effects - mean
        process = GeneProcess.fit(weighted_kernel(inputs.kernels, learned.weights, sets, sets), learned.noise)
        if len(sets) < settings.tree_sets or not inputs.columns.shape[1]:
            alone = np.array([1.0, 0.0])
            return cls(mean, deviations, learned.weights, process, _NO_TREES, np.zeros(len(sets)), alone)
        columns, seed = inputs.of_sets(sets), int(generator.integers(1 << 31))
        fold = generator.permutation(len(sets)) % settings.tree_folds
        cross_fitted = np.zeros(len(sets))
        for held in (fold == number for number in range(settings.tree_folds)):
            cross_fitted[held] = _grow(columns[~held], deviations[~held], settings, seed).predict(columns[held])
        by_process = process.left_out(deviations[:, None])[:, 0]
        shares = non_negative_least_squares(np.stack([by_process, cross_fitted], axis=1), deviations)
        trees = _grow(columns, deviations, settings, seed)
        return cls(mean, deviations, learned.weights, process, trees, cross_fitted, shares)

    def stacked(self, by_process: Matrix, by_trees: Matrix) -> Matrix:
        """Return effects from both estimates of their deviations, float64 [n]."""
        return np.asarray(self.mean + self.shares[0] * by_process + self.shares[1] * by_trees)

    def left_out(self) -> Matrix:
        """Return what would be predicted of each set without it, float64 [m]."""
        return self.stacked(self.process.left_out(self.deviations[:, None])[:, 0], self.cross_fitted)

    def predict(self, inputs: GeneInputs, known: Index, sets: Index) -> Matrix:
        """Return the effects of gene sets [u, 3] that training lacks, float64 [u]; `known` are those of the fit."""
        kernel = weighted_kernel(inputs.kernels, self.kernel_weights, sets, known)
        by_process = self.process.predict(kernel, self.deviations[:, None])[:, 0]
        by_trees = self.trees.predict(inputs.of_sets(sets)) if self.shares[1] > 0 else np.zeros(len(sets))
        return self.stacked(by_process, by_trees)

    def state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        return {**vars(self), "process": self.process.state(), "trees": vars(self.trees)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the effects that `state` was taken from."""
        return cls(**{**state, "process": GeneProcess.from_state(state["process"]), "trees": Trees(**state["trees"])})


def _grow(columns: Matrix, target: Matrix, settings: ProfilePredictorSettings, seed: int) -> Trees:
    boosting = HistGradientBoostingRegressor(
        learning_rate=settings.tree_learning_rate,
        max_iter=settings.tree_rounds,
        max_leaf_nodes=settings.tree_leaves,
        max_depth=settings.tree_depth,
        max_features=settings.tree_column_share,
        max_bins=_BINS,
        early_stopping=False,
        random_state=seed,
    ).fit(columns, target)
    return Trees.of_boosting(boosting, settings.tree_rounds)
