"""The table of predictions: one row a genotype, and what a reader needs to judge its prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import FOLDS
from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.models.interface import Prediction
from pipeline_lib.training.fitted_model import TrainedAssay
from pipeline_lib.training.measured_genotypes import MeasuredGenotypes

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
        Unit of the values; None where it is not known.
    measured
        The measurements of the assay.
    """

    genes: pa.StringArray
    names: pa.StringArray
    assay: TrainedAssay
    unit: str | None
    measured: MeasuredGenotypes

    @classmethod
    def of_index(
        cls, index: pd.DataFrame, assay: TrainedAssay, unit: str | None, measured: MeasuredGenotypes
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
        std = prediction.std if prediction.std is not None else np.full(n, np.nan)
        constants = (self.assay.phenotype, self.assay.screen or None, self.unit)
        columns = [
            *(
                pa.ListArray.from_arrays(offsets, pa.DictionaryArray.from_arrays(members, names))
                for names in (self.genes, self.names)
            ),
            pa.array(order),
            *(_repeated(constant, n) for constant in constants),
            _known(prediction.value),
            _known(np.where(np.isnan(prediction.value), np.nan, std)),
            pa.array(seen),
            pa.array(~np.isnan(value)),
            _known(value),
            pa.DictionaryArray.from_arrays(pa.array(fold, mask=fold < 0), pa.array(FOLDS)),
        ]
        return pa.RecordBatch.from_arrays(columns, names=SCHEMA.names)


def plain(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """Return batches as one table of `SCHEMA`, text as text."""
    return pa.Table.from_batches(batches).cast(SCHEMA)


def _repeated(text: str | None, n: int) -> pa.DictionaryArray:
    codes = pa.array(np.zeros(n, dtype=np.int8), mask=np.full(n, text is None))
    return pa.DictionaryArray.from_arrays(codes, pa.array([text or ""]))


def _count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of true values of each row, int64 [n]; numpy's own sum over so short an axis takes longer."""
    columns = iter(chosen.T)
    total = next(columns).astype(np.int64)
    for column in columns:
        total += column
    return total


def _known(values: NDArray[np.float64]) -> pa.Array:
    """Return numbers with null for NaN."""
    return pa.array(values, from_pandas=True)
