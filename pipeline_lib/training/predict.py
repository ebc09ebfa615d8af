"""Predict genotypes with a fitted model of a run: which quantity, in which units, and what is known of it already."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.config.model_registry import entry_of, family_of
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.genotypes import genotypes_of_lists, smallest_order
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.training.fitted_model import FittedModel, TrainedAssay, genotypes_of, load_fitted
from pipeline_lib.training.flux_solver import with_solver
from pipeline_lib.training.genotype_names import parse_genotypes
from pipeline_lib.training.genotype_streams import cut
from pipeline_lib.training.inputs import read_cell
from pipeline_lib.training.measured_genotypes import MeasuredGenotypes
from pipeline_lib.training.prediction_table import PredictionTable, plain
from pipeline_lib.training.requested_genotypes import CHUNK
from pipeline_lib.training.run_files import FitFiles, find_fit, unit_of


@dataclass(frozen=True)
class Predictor:
    """A fitted model, the assay that it predicts, and the columns of its predictions.

    Attributes
    ----------
    fitted
        The model.
    assay
        What is predicted, in whose units.
    names
        The gene index.
    table
        Makes the rows.
    """

    fitted: FittedModel
    assay: TrainedAssay
    names: GeneNames
    table: PredictionTable

    @property
    def least(self) -> int:
        """Number of deleted genes that the phenotype needs."""
        return smallest_order(self.assay.phenotype)

    def explain_choice(self) -> str:
        """State what is predicted where the request left it open, and what else the model was fitted on."""
        if not self.assay.screen:
            return (
                f"predicts {self.assay.phenotype} as the metabolic model gives it, in no screen's units: no screen in "
                "training measured it"
            )
        rest = [str(assay) for assay in self.fitted.assays if assay is not self.assay]
        others = f", of which it has most training observations; also fitted on {', '.join(rest)}" if rest else ""
        return f"predicts {self.assay.phenotype} in the units of the screen {self.assay.screen}{others}"

    def batches(self, chunks: Iterable[NDArray[np.int64]]) -> Iterator[pa.RecordBatch]:
        """Yield the predictions (`prediction_table.SCHEMA`) of chunks of genotypes int64 [n, 3]."""
        for genes in chunks:
            genotypes = genotypes_of(genes, self.fitted, self.assay.screen, self.assay.phenotype)
            yield self.table.batch(genes, self.fitted.model.predict(genotypes))

    def predict(self, genotypes: Sequence[Sequence[str]] | Sequence[str]) -> pd.DataFrame:
        """Predict genotypes given by the names of their genes, one row each, in their order.

        Each is a sequence of names, or all are texts as `pipeline_lib.training.genotype_names.parse_genotypes` reads.

        Raises
        ------
        PipelineError
            When one of them names an unknown or ambiguous gene, no gene, one gene twice, or too few or too many.
        """
        texts = [genotype for genotype in genotypes if isinstance(genotype, str)]
        if texts and len(texts) == len(genotypes):
            genes = parse_genotypes(texts, self.names, self.least, _place)
        elif texts:
            raise PipelineError(
                f"'{texts[0]}' is a text among tuples of gene names; give every genotype in one of the two ways."
            )
        else:
            lists = pa.array([list(genes) for genes in genotypes], type=pa.list_(pa.string()))
            genes = genotypes_of_lists(lists, self.names, self.least, _place)
        batches = list(self.batches(cut(genes, CHUNK)))
        if not batches:
            raise PipelineError("There is no genotype to predict: give at least one.")
        return plain(batches).to_pandas()


def _place(row: int) -> str:
    return f"genotype {row + 1}"


def open_predictor(
    files: FitFiles, screen: str | None = None, phenotype: str | None = None, processes: int = 1
) -> Predictor:
    """Read a fitted model of a run and all that its predictions are judged by.

    Parameters
    ----------
    files
        Which fit of which run (`pipeline_lib.training.run_files.find_fit`).
    screen, phenotype
        What to predict, in whose units. None: of what the model was fitted on, what has most training observations.
    processes
        Worker processes of the flux models; the results do not depend on it.

    Raises
    ------
    PipelineError
        When a file is missing, damaged or of another gene index, or the model was not fitted on the requested quantity.
    """
    cell = read_cell(files.genes, files.edges, files.stoichiometry, features=files.features)
    method = entry_of(files.model).knockouts
    # A network reads the knockouts where its run made them; the flux models are nothing without.
    if method and (family_of(files.model) != "clp" or files.metabolism(f"knockouts.{method}.parquet").exists()):
        cell = with_solver(cell, files, method, processes)
    fitted = load_fitted(files.fitted, cell)
    assay = fitted.assay(screen, phenotype)
    names = GeneNames.from_table(cell.genes)
    measured = MeasuredGenotypes.none(len(names))
    if assay.screen:
        measured = MeasuredGenotypes.read(files.observations, files.folds, names, assay.screen, assay.phenotype)
    table = PredictionTable.of_index(cell.genes, assay, unit_of(files.run, assay.screen, assay.phenotype), measured)
    return Predictor(fitted, assay, names, table)


def predict(
    run: Path | str,
    model: str,
    genotypes: Sequence[Sequence[str]],
    *,
    split: str | None = None,
    seed: int | None = None,
    screen: str | None = None,
    phenotype: str | None = None,
) -> pd.DataFrame:
    """Predict genotypes, given by the names of their genes, with a fitted model of a run.

    Parameters
    ----------
    run
        ``results/<run>``.
    model, split, seed
        Which fit; see `pipeline_lib.training.run_files.find_fit`.
    genotypes
        One to three different genes each: systematic names, standard names or aliases.
    screen, phenotype
        See `open_predictor`.

    Returns
    -------
    DataFrame
        `pipeline_lib.training.prediction_table.SCHEMA`, one row a genotype, in their order.

    Raises
    ------
    PipelineError
        When there is no such fit, it does not predict the requested quantity, or a genotype is none.
    """
    return open_predictor(find_fit(Path(run), model, split, seed), screen, phenotype).predict(genotypes)
