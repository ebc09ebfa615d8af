"""Gradient-boosted trees on features of networks, annotation and flux balance, stored as plain arrays."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingRegressor

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.features.matrices import components_of_tables
from pipeline_lib.models.baselines.flux import WILD_TYPE_FITNESS, FluxResults
from pipeline_lib.models.baselines.network_profiles import gene_complexes, gene_networks
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay, Search, Trial, Values
from pipeline_lib.models.interface import Cell, Prediction

UNKNOWN_ESSENTIAL = 0.5


@dataclass(frozen=True)
class GenotypeFeatures:
    """Features of genotypes that do not depend on the order of their genes.

    Features of one gene (degree in each network, enzyme complexes, in the metabolic model, essential, growth of the
    single knockout by flux balance, where it is unknown the mean of the known ones, the principal components of each
    feature table) enter as their least and their greatest value over the genotype; features of two genes (weight of
    their edge, cosine of their neighbourhoods, both in each network and similarity graph) as their greatest. With
    triples come the mean of the former, the sum of the latter, and the order.

    Attributes
    ----------
    of_gene
        float64 [N, g].
    networks
        Symmetric matrices [N, N].
    with_means
        Whether to add mean, sum and order, which say little more of pairs.
    """

    of_gene: Values
    networks: list[sparse.csr_array]
    with_means: bool

    @classmethod
    def of_cell(cls, cell: Cell, *, with_means: bool) -> "GenotypeFeatures":
        """Read gene features and networks off the cell."""
        networks = list(gene_networks(cell).values())
        essential = cell.genes["essential"].astype("Float64").fillna(UNKNOWN_ESSENTIAL).to_numpy(np.float64)
        columns = [
            cell.genes["in_gem"].to_numpy(np.float64),
            essential,
            np.asarray(gene_complexes(cell).sum(axis=1)).ravel(),
            _filled(FluxResults.read(cell, "fba").single_fitness()),
            *(np.asarray(network.astype(bool).sum(axis=1)).ravel() for network in networks),
        ]
        components = components_of_tables(cell.features, len(cell.genes))
        of_gene = np.concatenate([np.stack(columns, axis=1), components], axis=1)
        return cls(of_gene.astype(np.float64), networks, with_means)

    def describe(self, genotypes: Genotypes) -> Values:
        """Return the features, float64 [n, f]."""
        there = genotypes.genes != NO_GENE
        ones = self.of_gene[np.maximum(genotypes.genes, 0)]
        parts = [
            np.where(there[:, :, None], ones, np.inf).min(axis=1),
            np.where(there[:, :, None], ones, -np.inf).max(axis=1),
        ]
        greatest, total = self._pairs(genotypes)
        parts.append(greatest)
        if self.with_means:
            order = genotypes.order[:, None]
            parts += [np.where(there[:, :, None], ones, 0.0).sum(axis=1) / order, total, order]
        return np.concatenate(parts, axis=1)

    def _pairs(self, genotypes: Genotypes) -> tuple[Values, Values]:
        """Return greatest and sum of the features of a genotype's pairs, float64 [n, 2 * networks] each."""
        present, compact = np.unique(genotypes.genes, return_inverse=True)
        compact = compact.reshape(genotypes.genes.shape)
        greatest, total = np.zeros((2, len(genotypes), 2 * len(self.networks)))
        for number, network in enumerate(self.networks):
            near = network[np.maximum(present, 0)]
            unit = sparse.diags_array(1 / np.sqrt(np.maximum(near.astype(bool).sum(axis=1), 1))) @ near.sign()
            for column, table in enumerate((near[:, np.maximum(present, 0)], unit @ unit.T), start=2 * number):
                for i, j in combinations(range(MAX_ORDER), 2):
                    rows = np.flatnonzero((genotypes.genes[:, i] != NO_GENE) & (genotypes.genes[:, j] != NO_GENE))
                    if not len(rows):
                        continue
                    cells = np.asarray(table[compact[rows, i], compact[rows, j]]).ravel()
                    greatest[rows, column] = np.maximum(greatest[rows, column], cells)
                    total[rows, column] += cells
        return greatest, total


def _filled(growth: Values) -> Values:
    """Return growth with the mean of the known values where it is unknown: trees take no missing value."""
    known = growth[~np.isnan(growth)]
    return np.where(np.isnan(growth), known.mean() if len(known) else WILD_TYPE_FITNESS, growth)


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


class GradientBoosting(AssayModel):
    """Squared-error boosting; leaves a tree and number of trees are chosen on validation."""

    features: GenotypeFeatures
    trees: Trees

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Grow one ensemble a number of leaves and look at each at evenly spaced rounds."""
        with_triples = bool((fold.train.genotypes.order > 2).any())
        cell = fold.cell.on_medium(fold.cell.medium_of(fold.screen))
        self.features = GenotypeFeatures.of_cell(cell, with_means=with_triples)
        inputs, held = self.features.describe(fold.train.genotypes), self.features.describe(fold.validation.genotypes)
        trials, rounds, sizes = self.settings.trials, self.settings.boosting_rounds, self.settings.boosting_leaves
        search: Search[Trees] = Search(fold.validation.value, trials)
        looks = np.array_split(np.arange(trials), min(len(sizes), trials))
        for leaves, ensemble in zip(sizes, looks, strict=False):
            boosting = HistGradientBoostingRegressor(
                learning_rate=self.settings.boosting_learning_rate,
                max_iter=rounds,
                max_leaf_nodes=leaves,
                max_depth=self.settings.boosting_depth,
                early_stopping=False,
                random_state=fold.context.seed,
            ).fit(inputs, fold.train.value)
            for look in range(1, len(ensemble) + 1):
                trees = Trees.of_boosting(boosting, max(rounds * look // len(ensemble), 1))
                search.offer(f"leaves={leaves} trees={len(trees.value)}", trees.predict(held), trees)
        self.trees = search.best
        return search.trials

    def predict(self, crosses: Crosses) -> Prediction:
        """Add the trees up."""
        return Prediction(self.trees.predict(self.features.describe(crosses.genotypes)))

    def state(self) -> dict[str, Any]:
        """Return the trees and the features of genes; the networks are the cell's."""
        features = {"of_gene": self.features.of_gene, "with_means": self.features.with_means}
        return {"trees": vars(self.trees), "features": features}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the trees."""
        self.features = GenotypeFeatures(**state["features"], networks=list(gene_networks(cell).values()))
        self.trees = Trees(**state["trees"])


class GradientBoostingModel(PerAssay):
    """Model ``gradient_boosting``."""

    assay_model = GradientBoosting
