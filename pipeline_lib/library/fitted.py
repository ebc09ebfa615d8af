"""One fitted model of a run: what it was fitted on, how it did, what it predicts."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.training.run_files import FitFiles

if TYPE_CHECKING:
    from pipeline_lib.training.predict import Predictor


class Fit:
    """A fitted model of a run.

    Parameters
    ----------
    files
        Where its files are (`pipeline_lib.training.run_files.find_fit`).
    """

    def __init__(self, files: FitFiles) -> None:
        self.files = files
        self._predictors: dict[tuple[str | None, str | None], Predictor] = {}

    def __repr__(self) -> str:
        return f"Fit({self.files.model!r}, split={self.files.split!r}, seed={self.files.seed})"

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Its prediction of every observation of the split: observation_id, prediction, prediction_std, fold."""
        return read_table(self.files.fitted.with_name("predictions.parquet"))

    @cached_property
    def history(self) -> pd.DataFrame:
        """Its training, epoch by epoch (long form); for models without epochs, what was chosen on validation."""
        return read_table(self.files.fitted.with_name("history.parquet"))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Seconds, memory, device and scores by fold and assay."""
        content: dict[str, Any] = read_json(self.files.fitted.with_name("metrics.json"))
        return content

    @property
    def assays(self) -> pd.DataFrame:
        """What it was fitted on: screen, phenotype, and training observations of 1, 2 and 3 deleted genes."""
        rows = [
            (assay.screen, assay.phenotype, *assay.observations[1:])
            for assay in self._predictor(None, None).fitted.assays
        ]
        return pd.DataFrame(rows, columns=["screen", "phenotype", "singles", "pairs", "triples"])

    def predict(
        self,
        genotypes: Sequence[Sequence[str]] | Sequence[str],
        *,
        screen: str | None = None,
        phenotype: str | None = None,
    ) -> pd.DataFrame:
        """Predict genotypes.

        Parameters
        ----------
        genotypes
            One to three different genes each, by systematic names, standard names or aliases: tuples of names, or texts
            such as ``ACT1+YFL039C``.
        screen, phenotype
            What to predict, in whose units. None: of what the model was fitted on, what has most training observations.

        Returns
        -------
        DataFrame
            One row a genotype, in their order: genes, names, order, phenotype, screen, unit, prediction, sd (NaN where
            the model has none), genes_seen (how many of the genes training had seen), measured, measured_value and
            fold of the genotype's own measurement.

        Raises
        ------
        PipelineError
            When a genotype is none, or the model does not predict what is asked.
        """
        return self._predictor(screen, phenotype).predict(genotypes)

    def _predictor(self, screen: str | None, phenotype: str | None) -> "Predictor":
        key = (screen, phenotype)
        if key not in self._predictors:
            from pipeline_lib.training.predict import open_predictor

            self._predictors[key] = open_predictor(self.files, screen, phenotype)
        return self._predictors[key]
