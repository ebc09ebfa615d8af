"""Boosted trees as plain arrays, so that a fitted model is stored without pickled code."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from pipeline_lib.models.crosses.per_assay import Values

ROWS_AT_ONCE = 1 << 13


@dataclass(frozen=True)
class Trees:
    """A sum of binary trees of one depth d; node k has children 2k + 1 (feature <= threshold) and 2k + 2.

    Attributes
    ----------
    feature
        int64 [trees, 2^d - 1]: which feature each inner node compares.
    threshold
        float64 [trees, 2^d - 1]: infinite below a leaf that lies higher up.
    value
        float64 [trees, 2^d]: what each leaf adds.
    baseline
        What all leaves are added to.
    """

    feature: NDArray[np.int64]
    threshold: Values
    value: Values
    baseline: float

    @classmethod
    def of_boosting(cls, boosting: HistGradientBoostingRegressor, rounds: int) -> Self:
        """Copy the first `rounds` trees of a fitted scikit-learn model without categorical features."""
        # scikit-learn has no public view of the nodes of these trees.
        grown = [stage[0].nodes for stage in boosting._predictors[:rounds]]  # noqa: SLF001
        longest = max(len(nodes) for nodes in grown)
        table = np.zeros((len(grown), longest), dtype=grown[0].dtype)
        for row, nodes in enumerate(grown):
            table[row, : len(nodes)] = nodes
        feature, threshold = [], []
        level = np.zeros((len(grown), 1), dtype=np.int64)
        for _ in range(int(table["depth"].max())):
            nodes = np.take_along_axis(table, level, axis=1)
            leaf = nodes["is_leaf"].astype(bool)
            feature.append(np.where(leaf, 0, nodes["feature_idx"]))
            threshold.append(np.where(leaf, np.inf, nodes["num_threshold"]))
            left, right = np.where(leaf, level, nodes["left"]), np.where(leaf, level, nodes["right"])
            level = np.stack([left, right], axis=2).reshape(len(grown), -1)
        value = np.take_along_axis(table, level, axis=1)["value"]
        empty = np.zeros((len(grown), 0))
        return cls(
            np.concatenate([empty, *feature], axis=1).astype(np.int64),
            np.concatenate([empty, *threshold], axis=1),
            value,
            float(np.ravel(boosting._baseline_prediction)[0]),  # noqa: SLF001
        )

    def predict(self, features: Values) -> Values:
        """Return the sum over the trees, float64 [n]; `features` is [n, f] without NaN."""
        depth = int(np.log2(self.value.shape[1]))
        predicted = np.full(len(features), self.baseline)
        for start in range(0, len(features), ROWS_AT_ONCE):
            block = np.ascontiguousarray(features[start : start + ROWS_AT_ONCE])
            first = np.arange(len(block)) * block.shape[1]
            flat = block.ravel()
            for feature, threshold, value in zip(self.feature, self.threshold, self.value, strict=True):
                node = np.zeros(len(block), dtype=np.int64)
                for _ in range(depth):
                    node = 2 * node + 1 + (flat[first + feature[node]] > threshold[node])
                predicted[start : start + len(block)] += value[node - len(feature)]
        return predicted
