"""Model ``profile_predictor``: a profile predictor an assay, behind the one interface of every model."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.models.crosses.crosses import Crosses
from pipeline_lib.models.crosses.per_assay import FittedAssay, PerAssay, stated_assays
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.profile_predictor.assay import ProfilePredictor
from pipeline_lib.models.profile_predictor.estimates import CrossEstimates, CrossFitted


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
    assert isinstance(assay.model, ProfilePredictor)  # noqa: S101 - the class says so
    return assay.model
