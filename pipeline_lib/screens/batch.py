"""What a reader gives back: batches of observations beside the rows that it rejected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.sources.rejections import REJECTED_FIELDS

_TEXT = pa.dictionary(pa.int32(), pa.string())

MEASUREMENT_FIELDS: tuple[pa.Field, ...] = (
    pa.field("genes", pa.list_(_TEXT)),
    pa.field("order", pa.int64()),
    pa.field("phenotype", _TEXT),
    pa.field("value", pa.float64()),
    pa.field("std", pa.float64()),
    pa.field("p_value", pa.float64()),
    pa.field("p_sided", pa.int64()),
    pa.field("query", _TEXT),
    pa.field("array", _TEXT),
    pa.field("replicate", pa.int64()),
    pa.field("kinds", pa.list_(_TEXT)),
    pa.field("temperature", pa.float64()),
)
"""The observations table without observation_id and screen, which `pipeline_lib.screens.reading` adds."""

REJECTED_SCHEMA = REJECTED_FIELDS.insert(0, pa.field("screen", pa.string()))
"""The table of rejected rows, with the screen."""


@dataclass(frozen=True)
class Source:
    """Everything that a reader may know.

    Attributes
    ----------
    files
        The upstream files by role.
    names
        The gene index.
    settings
        The screen's section of the configuration.
    """

    files: Mapping[str, Path]
    names: GeneNames
    settings: ScreenSettings


@dataclass(frozen=True)
class Batch:
    """What came of some rows of the upstream files.

    Attributes
    ----------
    observations
        `MEASUREMENT_FIELDS`, and more columns beside them; one row may give several observations, or share one.
    rejected
        The rejected rows, `REJECTED_FIELDS`.
    accepted
        Number of rows that were not rejected.
    """

    observations: pa.Table
    rejected: pa.Table
    accepted: int


def constant(text: str, n: int) -> pa.DictionaryArray:
    """Return `n` times the same text."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array([text]))


def _numbers(values: NDArray[np.float64] | float | None, n: int) -> pa.Array:
    """Return float64 values with NaN as missing."""
    filled = np.full(n, np.nan) if values is None else np.broadcast_to(np.asarray(values, dtype=np.float64), (n,))
    return pa.array(filled, from_pandas=True, type=pa.float64())


def measurements(
    genotypes: GenotypeColumns,
    phenotype: str,
    value: NDArray[np.float64],
    *,
    replicate: NDArray[np.int64],
    std: NDArray[np.float64] | None = None,
    p_value: NDArray[np.float64] | None = None,
    raw_p_value: NDArray[np.float64] | None = None,
    p_sided: int | None = None,
    query: pa.Array | None = None,
    array: pa.Array | None = None,
    temperature: NDArray[np.float64] | float | None = None,
    extra: Mapping[str, pa.Array] | None = None,
) -> pa.Table:
    """Put columns of equal length n together into a table of `MEASUREMENT_FIELDS`.

    Parameters
    ----------
    genotypes
        The deleted genes and the kinds of their alleles.
    phenotype
        One of `pipeline_lib.artefacts.schemas.PHENOTYPES`.
    value, std, p_value
        float64 [n]; NaN in `std` and `p_value` means not known.
    replicate
        int64 [n]: 0, 1, ... among the measurements of one genotype.
    raw_p_value
        float64 [n]: P-value of the raw score that the value was adjusted from, NaN where not known; a column of its
        own. None: the screen has no such column.
    p_sided
        1 or 2, of either P-value; written only where there is one.
    query, array
        Strain ids (or allele names), dictionary-encoded.
    temperature
        Degrees Celsius.
    extra
        More columns.
    """
    n = len(genotypes)
    p, raw_p = _numbers(p_value, n), _numbers(raw_p_value, n)
    sided = pa.nulls(n, pa.int64())
    if p_sided is not None:
        sided = pa.array(np.full(n, p_sided), mask=np.asarray(p.is_null()) & np.asarray(raw_p.is_null()))
    columns = [
        genotypes.gene_lists(),
        pa.array(genotypes.order),
        constant(phenotype, n),
        pa.array(np.asarray(value, dtype=np.float64)),
        _numbers(std, n),
        p,
        sided,
        _no_text(n) if query is None else query.cast(_TEXT),
        _no_text(n) if array is None else array.cast(_TEXT),
        pa.array(replicate),
        genotypes.kind_lists(),
        _numbers(temperature, n),
    ]
    table = pa.table(columns, schema=pa.schema(MEASUREMENT_FIELDS))
    if raw_p_value is not None:
        table = table.append_column("raw_p_value", raw_p)
    for name, column in (extra or {}).items():
        table = table.append_column(name, column)
    return table


def _no_text(n: int) -> pa.Array:
    return pa.nulls(n, _TEXT)


Batches = Iterator[Batch]
