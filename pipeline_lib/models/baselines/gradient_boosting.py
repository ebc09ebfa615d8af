"""Gradient-boosted trees on features of networks, annotation and flux balance."""

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from pipeline_lib.models.baselines.gene_networks import gene_networks
from pipeline_lib.models.baselines.genotype_features import GenotypeFeatures
from pipeline_lib.models.baselines.trees import Trees
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay
from pipeline_lib.models.crosses.search import Search, Trial
from pipeline_lib.models.interface import Cell, Prediction

LEAVES = (63, 15)
DEPTH = 6
LEARNING_RATE = 0.2


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
        trials, rounds = self.settings.trials, self.settings.boosting_rounds
        search: Search[Trees] = Search(fold.validation.value, trials)
        looks = np.array_split(np.arange(trials), min(len(LEAVES), trials))
        for leaves, ensemble in zip(LEAVES, looks, strict=False):
            boosting = HistGradientBoostingRegressor(
                learning_rate=LEARNING_RATE,
                max_iter=rounds,
                max_leaf_nodes=leaves,
                max_depth=DEPTH,
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
