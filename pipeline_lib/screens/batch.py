"""What a reader gives back: batches of checked observations beside the rows that it rejected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import GenotypeColumns
from pipeline_lib.sources.row_block import REJECTED_FIELDS, Expected, Reason, RejectedRows, Rejections, RowBlock
from pipeline_lib.sources.written_numbers import is_missing, parse_numbers

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
        The rejected rows, each with its reason.
    accepted
        Number of rows that were not rejected.
    """

    observations: pa.Table
    rejected: RejectedRows
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


ONE_SIDED_MAXIMUM = 0.5
"""A one-sided P-value taken on the side that the score lies on cannot be greater."""

GREATEST_MAGNITUDE = 1e9
"""What no measurement of a genotype reaches in size.

Fitness and its interactions lie near 1, S-scores within some tens, colony sizes within some 100,000 pixels, summed
intensities of pixels within some 100,000,000. What is greater is a sentinel or an overflow; sums of its squares over a
screen leave the range of float32.
"""

_SENTINELS = (99.0, 999.0, 9999.0, 99999.0, 999999.0)
"""Numbers that, with either sign, programs write where there is no measurement."""
_FEWEST_OTHERS = 10
"""Other values of a block without which nothing shows what a common magnitude is."""
_BEYOND = 10.0
"""Times by which a sentinel exceeds every other value."""


_UNMEASURED = Reason("no measurement", Expected.ANY)

_SENTINEL = Reason("no measurement: {}, where no other value is a tenth as great", Expected.ANY)

_BEYOND_ALL = f"is beyond {GREATEST_MAGNITUDE:,.0f} in size, which no measurement reaches"

_TOO_GREAT = Reason(f"value {{}} {_BEYOND_ALL}")

_TOO_GREAT_SD = Reason(f"standard deviation {{}} {_BEYOND_ALL}")

_NEGATIVE_SD = Reason("standard deviation {} is negative")


def check_values(
    block: RowBlock,
    rejections: Rejections,
    *,
    needed: str,
    p_value: str | None = None,
    p_maximum: float = 1.0,
    std: str | None = None,
) -> NDArray[np.bool_]:
    """Return the rows whose values are possible, bool [n]; the others are rejected.

    Parameters
    ----------
    block
        Rows of the file.
    rejections
        Gets the rows without a value, with one (or an SD) beyond `GREATEST_MAGNITUDE`, one such as -999 that stands for
        a missing one, a P-value out of range or a negative SD.
    needed
        Column without which a row is nothing.
    p_value, p_maximum
        Column of P-values and the greatest possible one.
    std
        Column of standard deviations.
    """
    values = block.number(needed)
    usable = ~np.isnan(values)
    block.reject(~usable, _UNMEASURED, rejections)
    wrong = np.abs(values) > GREATEST_MAGNITUDE
    block.reject(wrong, [_TOO_GREAT.of(f"{value:g}") for value in values[wrong]], rejections)
    usable &= ~wrong
    wrong = usable & _sentinels(values, usable)
    block.reject(wrong, [_SENTINEL.of(f"{value:g}") for value in values[wrong]], rejections)
    usable &= ~wrong
    if p_value is not None:
        p = block.number(p_value)
        wrong = usable & ((p < 0) | (p > p_maximum))
        no_p_value = Reason(f"P-value {{}} is not within 0 and {p_maximum:g}")
        block.reject(wrong, [no_p_value.of(f"{value:.10g}") for value in p[wrong]], rejections)
        usable &= ~wrong
    if std is not None:
        spread = block.number(std)
        wrong = usable & (spread < 0)
        block.reject(wrong, [_NEGATIVE_SD.of(f"{value:g}") for value in spread[wrong]], rejections)
        usable &= ~wrong
        wrong = usable & (spread > GREATEST_MAGNITUDE)
        block.reject(wrong, [_TOO_GREAT_SD.of(f"{value:g}") for value in spread[wrong]], rejections)
        usable &= ~wrong
    return usable


def _sentinels(values: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which values [n] stand for a missing one: all nines, far beyond every other value of the block."""
    sizes = np.abs(values)
    nines = np.isin(sizes, _SENTINELS)
    others = sizes[usable & ~nines]
    if not nines.any() or len(others) < _FEWEST_OTHERS:
        return np.zeros(len(values), dtype=bool)
    return np.asarray(nines & (sizes > _BEYOND * others.max()))


_WORDS = (("false", "true"), ("f", "t"), ("no", "yes"), ("n", "y"))
"""Words for not called and called, of which a column may use one pair, in lower case."""

_LISTED = 5


def call_values(encoded: pa.DictionaryArray, path: Path, column: str) -> NDArray[np.float64]:
    """Return calls as 0 and 1, NaN where missing.

    Parameters
    ----------
    encoded
        The column as text [n], dictionary-encoded: 0 and 1, or one pair of words for no and yes throughout.
    path, column
        The file and its column, for errors.

    Returns
    -------
    float64 [n]

    Raises
    ------
    PipelineError
        When the column holds anything else: which of two other values means "called" is not for the reader to guess.
    """
    distinct = encoded.dictionary.cast(pa.string())
    present = ~is_missing(distinct)
    lines = np.arange(len(distinct), dtype=np.int64)
    numbers = parse_numbers(distinct.dictionary_encode(), lines, comma_allowed=False).values
    words = np.array([text.strip().lower() for text in distinct.to_pylist()], dtype=object)
    spellings = [np.where(np.isin(numbers, (0, 1)), numbers, np.nan)]
    spellings += [np.where(words == yes, 1.0, np.where(words == no, 0.0, np.nan)) for no, yes in _WORDS]
    for values in spellings:
        if not np.isnan(values[present]).any():
            return np.asarray(values[encoded.indices.to_numpy(zero_copy_only=False)])
    found = distinct.filter(pa.array(present)).to_pylist()
    listed = ", ".join(f"'{text}'" for text in found[:_LISTED]) + (", ..." if len(found) > _LISTED else "")
    raise PipelineError(
        f"{path}: column '{column}' holds {listed}, which are no calls; write 1 for a called interaction and 0 for "
        "what was tested and not called."
    )
