"""Predict genotypes with a fitted model of a run: a table with what a reader needs to judge each prediction."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.artefacts import FOLDS
from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.config.model_registry import entry_of, family_of
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames, genotypes_of_lists, smallest_order
from pipeline_lib.models.interface import Cell, Prediction
from pipeline_lib.training.fitted_model import FittedModel, genotypes_of, load_fitted, read_cell, with_solver
from pipeline_lib.training.genotypes import CHUNK, cut, parse_genotypes
from pipeline_lib.training.measured_genotypes import MeasuredGenotypes, TrainedAssay
from pipeline_lib.training.run_files import FitFiles, find_fit, unit_of

SCHEMA = pa.schema(
    [
        ("genes", pa.list_(pa.string())),
        ("names", pa.list_(pa.string())),
        ("order", pa.int64()),
        ("phenotype", pa.string()),
        ("screen", pa.string()),
        ("unit", pa.string()),
        ("prediction", pa.float64()),
        ("sd", pa.float64()),
        ("genes_seen", pa.int64()),
        ("measured", pa.bool_()),
        ("measured_value", pa.float64()),
        ("fold", pa.string()),
    ]
)
"""``genes`` and ``names``: systematic and standard names; ``genes_seen``: how many of the genes the training fold of
the screen and phenotype has; ``measured_value``: mean of the measurements of the genotype itself, null where there is
none; ``fold``: the fold that holds them."""


@dataclass(frozen=True)
class PredictionTable:
    """Puts predictions of one assay into the columns of `SCHEMA`.

    Attributes
    ----------
    genes, names
        Systematic and standard name of every gene of the index.
    assay
        What is predicted.
    unit
        Unit of the values, empty where it is not known.
    measured
        The measurements of the assay.
    """

    genes: pa.StringArray
    names: pa.StringArray
    assay: TrainedAssay
    unit: str
    measured: MeasuredGenotypes

    @classmethod
    def of_index(
        cls, index: pd.DataFrame, assay: TrainedAssay, unit: str, measured: MeasuredGenotypes
    ) -> "PredictionTable":
        """Return the table for genotypes of a gene index (``tables/genes.parquet``)."""
        genes, names = (pa.array(index[column], type=pa.string()) for column in ("gene", "name"))
        return cls(genes, names, assay, unit, measured)

    def batch(self, genes: NDArray[np.int64], prediction: Prediction) -> pa.RecordBatch:
        """Return the rows of genotypes int64 [n, 3], in their order; text is encoded by dictionaries."""
        n = len(genes)
        present = genes != NO_GENE
        order = _count(present)
        offsets = pa.array(np.concatenate([[0], order.cumsum()]).astype(np.int32))
        members = pa.array(genes[present].astype(np.int32))
        value, fold = self.measured.find(genes)
        seen = _count(np.append(self.assay.genes, np.False_)[genes])
        constants = (self.assay.phenotype, self.assay.screen, self.unit)
        columns = [
            *(
                pa.ListArray.from_arrays(offsets, pa.DictionaryArray.from_arrays(members, names))
                for names in (self.genes, self.names)
            ),
            pa.array(order),
            *(_repeated(constant, n) for constant in constants),
            _known(prediction.value),
            _known(np.where(np.isnan(prediction.value), np.nan, prediction.std)),
            pa.array(seen),
            pa.array(~np.isnan(value)),
            _known(value),
            pa.DictionaryArray.from_arrays(pa.array(fold, mask=fold < 0), pa.array(FOLDS)),
        ]
        return pa.RecordBatch.from_arrays(columns, names=SCHEMA.names)


def plain(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """Return batches as one table of `SCHEMA`, text as text."""
    return pa.Table.from_batches(batches).cast(SCHEMA)


def _repeated(text: str, n: int) -> pa.DictionaryArray:
    """Return a column of one text; an empty one is missing."""
    codes = pa.array(np.zeros(n, dtype=np.int8), mask=np.full(n, not text))
    return pa.DictionaryArray.from_arrays(codes, pa.array([text]))


def _count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of true values of each row, int64 [n]; numpy's own sum over so short an axis takes longer."""
    columns = iter(chosen.T)
    total: NDArray[np.int64] = next(columns).astype(np.int64)
    for column in columns:
        total += column
    return total


def _known(values: NDArray[np.float64]) -> pa.Array:
    """Return numbers with null for NaN."""
    return pa.array(values, from_pandas=True)


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

        Each is a sequence of names, or all are texts as `pipeline_lib.training.genotypes.parse_genotypes` reads.

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
        table: pd.DataFrame = plain(batches).to_pandas()
        return table


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
    cell = open_cell(files, processes)
    fitted = load_fitted(files.fitted, cell)
    assay = fitted.assay(screen, phenotype)
    names = GeneNames.from_table(cell.genes)
    measured = MeasuredGenotypes.none(len(names))
    if assay.screen:
        measured = MeasuredGenotypes.read(files.observations, files.folds, names, assay.screen, assay.phenotype)
    table = PredictionTable.of_index(cell.genes, assay, unit_of(files.run, assay.screen, assay.phenotype), measured)
    return Predictor(fitted, assay, names, table)


def open_cell(files: FitFiles, processes: int = 1) -> Cell:
    """Read the cell as a fitted model of a run sees it; see `open_predictor`."""
    cell = read_cell(files.genes, files.edges, files.stoichiometry, features=files.features)
    method = entry_of(files.model).knockouts
    # A network reads the knockouts where its run made them; the flux models are nothing without.
    if method and (family_of(files.model) != "clp" or files.metabolism(f"knockouts.{method}.parquet").exists()):
        cell = with_solver(cell, files, method, processes)
    return cell


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
        `pipeline_lib.training.predict.SCHEMA`, one row a genotype, in their order.

    Raises
    ------
    PipelineError
        When there is no such fit, it does not predict the requested quantity, or a genotype is none.
    """
    return open_predictor(find_fit(Path(run), model, split, seed), screen, phenotype).predict(genotypes)


STDOUT = Path("-")
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}

REPEATING = [
    "genes.list.element",
    "names.list.element",
    "order",
    "phenotype",
    "screen",
    "unit",
    "genes_seen",
    "fold",
]
"""Columns of few distinct values; to look for them among predictions would take as long as to write them."""

Write = Callable[[pa.RecordBatch], None]


def refuse_unknown_suffix(output: Path) -> None:
    """Refuse an output whose suffix is of no kind that can be written.

    Raises
    ------
    PipelineError
        When it is neither ``-`` nor ends in .parquet, .csv, .tsv or .txt.
    """
    if output != STDOUT and output.suffix.lower() not in {".parquet", *DELIMITERS}:
        raise PipelineError(
            f"{output}: predictions are written as .parquet, .csv, .tsv or .txt (tabs), not '{output.suffix}'; choose "
            "one of these suffixes, or '-' for csv on the standard output."
        )


@contextmanager
def prediction_writer(output: Path, *, as_json: bool = False) -> Iterator[Write]:
    """Yield what writes batches of `SCHEMA` to `output`, which appears whole at the end; ``-`` is the standard output.

    In text the genes of a genotype are joined by ``+``, and what is not known is empty. With `as_json` the standard
    output gets one JSON object a line.

    Raises
    ------
    PipelineError
        When the suffix is unknown, or the file cannot be written.
    """
    refuse_unknown_suffix(output)
    if output == STDOUT:
        yield _json_writer(sys.stdout.buffer) if as_json else _text_writer(sys.stdout.buffer, ",")
        sys.stdout.buffer.flush()
        return
    with atomic_path(output) as temporary:
        if output.suffix.lower() == ".parquet":
            with ExitStack() as opened:
                yield _parquet_writer(temporary, opened)
        else:
            with temporary.open("wb") as stream:
                yield _text_writer(stream, DELIMITERS[output.suffix.lower()])


def _parquet_writer(path: Path, opened: ExitStack) -> Write:
    writer: pq.ParquetWriter | None = None

    def write(batch: pa.RecordBatch) -> None:
        nonlocal writer
        if writer is None:
            # Readers find text in the file; that it came encoded is no business of theirs.
            writer = pq.ParquetWriter(
                path,
                batch.schema,
                compression="zstd",
                store_schema=False,
                use_dictionary=REPEATING,
                write_statistics=False,
            )
            opened.enter_context(writer)
        writer.write_batch(batch)

    return write


def _text_writer(stream: BinaryIO, delimiter: str) -> Write:
    started = False

    def write(batch: pa.RecordBatch) -> None:
        nonlocal started
        import polars as pl

        frame = pl.DataFrame(pl.from_arrow(plain([batch]))).with_columns(pl.col("genes", "names").list.join("+"))
        # Written by Python, whose errors (a full disk, a closed pipe) the command line knows.
        stream.write(frame.write_csv(separator=delimiter, include_header=not started).encode())
        started = True

    return write


def _json_writer(stream: BinaryIO) -> Write:
    def write(batch: pa.RecordBatch) -> None:
        import polars as pl

        stream.write(pl.DataFrame(pl.from_arrow(plain([batch]))).write_ndjson().encode())

    return write
