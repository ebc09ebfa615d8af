"""The model ``gene_effects``: the mean of an assay and a shrunken effect of each deleted gene."""

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, ConfigDict, Field

from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.extension import model
from pipeline_lib.models.interface import Prediction


class GeneEffectSettings(BaseModel):
    """Settings of the model."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    penalty: float = Field(default=2.0, ge=0)
    """Observations of value 0 that are added to those of each gene."""


@model("gene_effects", "mean of the assay and a shrunken effect of each gene", settings=GeneEffectSettings)
class GeneEffects:
    """Value = mean + the sum of the effects of the deleted genes, by screen and phenotype."""

    def __init__(self, settings, training):
        self.penalty = settings.penalty
        self.assays = {}

    def fit(self, train, validation, cell, context):
        """Average what is left of the mean over the observations of each gene, shared among the deleted genes."""
        for screen, phenotype, rows in train.assays():
            genes, value = train.genes[rows], train.value[rows]
            mean = value.mean()
            present = genes != NO_GENE
            share = np.broadcast_to(((value - mean) / present.sum(axis=1))[:, None], genes.shape)
            total = np.bincount(genes[present], share[present], minlength=len(cell.genes))
            count = np.bincount(genes[present], minlength=len(cell.genes))
            self.assays[screen, phenotype] = mean, total / np.maximum(count + self.penalty, 1e-12)
        return pd.DataFrame({"epoch": [0], "fold": ["train"], "metric": ["assays"], "value": [float(len(self.assays))]})

    def predict(self, genotypes):
        """Add the effects up; an assay that training lacks is predicted as 0."""
        value = np.zeros(len(genotypes))
        for screen, phenotype, rows in genotypes.assays():
            if (screen, phenotype) in self.assays:
                mean, effects = self.assays[screen, phenotype]
                # The last place, which stands for no gene, has no effect.
                value[rows] = mean + np.append(effects, 0.0)[genotypes.genes[rows]].sum(axis=1)
        return Prediction(value)

    def state(self):
        """Return what `from_state` needs: tensors and plain values alone."""
        return {
            "penalty": self.penalty,
            "assays": [
                {"screen": screen, "phenotype": phenotype, "mean": float(mean), "effects": torch.from_numpy(effects)}
                for (screen, phenotype), (mean, effects) in self.assays.items()
            ],
        }

    @classmethod
    def from_state(cls, state, cell):
        """Return the fitted model."""
        fitted = cls(GeneEffectSettings(penalty=state["penalty"]), None)
        for assay in state["assays"]:
            fitted.assays[assay["screen"], assay["phenotype"]] = assay["mean"], assay["effects"].numpy()
        return fitted
