"""Predict every pair or triple of a list of genes shard by shard, and keep the strongest of each."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import comb, isnan, nan, sqrt
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Prediction
from pipeline_lib.training.fitted_model import genotypes_of
from pipeline_lib.training.genotypes import Chunks, all_pairs, all_triples
from pipeline_lib.training.predict import Predictor, plain

Floats = NDArray[np.float64]
Genes = NDArray[np.int64]

CHUNK = 65_536
"""Genotypes that are predicted at a time. Shards hold whole chunks, so a prediction does not depend on their number."""
LOWEST, HIGHEST = "lowest", "highest"
_STREAMS: dict[int, Callable[[Genes, int, int, int], Chunks]] = {2: all_pairs, 3: all_triples}


@dataclass(frozen=True)
class Shard:
    """Part `number` (1, 2, ...) of `shards` equal parts of the genotypes in their order."""

    number: int
    shards: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the shard that is written ``3-of-16``.

        Raises
        ------
        PipelineError
            When the text is no such shard.
        """
        parts = text.split("-of-")
        if len(parts) == 2 and all(part.isdigit() for part in parts) and 1 <= int(parts[0]) <= int(parts[1]):
            return cls(int(parts[0]), int(parts[1]))
        raise PipelineError(f"'{text}' is no shard; write its number and how many there are: 3-of-16.")

    def between(self, genotypes: int) -> tuple[int, int]:
        """Return the positions of the first genotype and behind the last one."""
        chunks = -(-genotypes // CHUNK)
        begin, end = (chunks * part // self.shards for part in (self.number - 1, self.number))
        return begin * CHUNK, min(end * CHUNK, genotypes)


@dataclass(frozen=True)
class ScanSummary:
    """What was predicted, of one shard or of several.

    Attributes
    ----------
    genotypes, failed
        How many were predicted, and of how many the solver of a flux model found nothing.
    mean, sd, minimum, maximum
        Of the predictions; NaN where there is none.
    seconds
        Time of predicting, summed over shards.
    """

    genotypes: int
    failed: int
    mean: float
    sd: float
    minimum: float
    maximum: float
    seconds: float

    @classmethod
    def of(cls, values: Floats, seconds: float) -> Self:
        """Summarise predictions, float64 [n], NaN where there is none."""
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(len(values), len(values), nan, nan, nan, nan, seconds)
        moments = (float(known.mean()), float(known.std()), float(known.min()), float(known.max()))
        return cls(len(values), len(values) - len(known), *moments, seconds)

    def content(self) -> dict[str, float | None]:
        """Return what stands in a JSON file; what is not known is null."""
        return {name: None if isnan(value) else value for name, value in asdict(self).items()}

    @classmethod
    def from_content(cls, content: Mapping[str, float | None]) -> Self:
        """Return the summary that `content` was taken from."""
        return cls(**{name: nan if value is None else value for name, value in content.items()})  # type: ignore[arg-type]

    @classmethod
    def joined(cls, parts: Iterable["ScanSummary"]) -> Self:
        """Return the summary of all parts together."""
        table = pd.DataFrame([asdict(part) for part in parts])
        known = (table["genotypes"] - table["failed"]).to_numpy(np.float64)
        there = table[known > 0]
        counts = known[known > 0]
        mean = float(np.average(there["mean"], weights=counts)) if len(there) else nan
        squares = there["sd"] ** 2 + (there["mean"] - mean) ** 2
        return cls(
            int(table["genotypes"].sum()),
            int(table["failed"].sum()),
            mean,
            sqrt(np.average(squares, weights=counts)) if len(there) else nan,
            float(there["minimum"].min()),
            float(there["maximum"].max()),
            float(table["seconds"].sum()),
        )


@dataclass(frozen=True)
class _Strongest:
    """The `kept` lowest and highest predictions so far; of equal ones those that stand first in the order."""

    kept: int
    genes: Genes
    value: Floats
    std: Floats

    @classmethod
    def none(cls, kept: int) -> Self:
        return cls(kept, np.empty((0, 3), dtype=np.int64), np.empty(0), np.empty(0))

    def with_chunk(self, genes: Genes, prediction: Prediction) -> Self:
        """Return the strongest of these and of a chunk that stands behind them in the order."""
        known = np.flatnonzero(~np.isnan(prediction.value))
        value = np.append(self.value, prediction.value[known])
        rows = _ends(value, self.kept)
        old, new = rows[rows < len(self.value)], known[rows[rows >= len(self.value)] - len(self.value)]
        return type(self)(
            self.kept,
            np.concatenate([self.genes[old], genes[new]]),
            value[rows],
            np.append(self.std[old], prediction.std[new]),
        )


def _ends(value: Floats, kept: int) -> Genes:
    """Return the positions of the `kept` lowest and highest values, ascending; of equal values the first ones."""
    if len(value) <= kept:
        return np.arange(len(value))
    chosen = np.zeros(len(value), dtype=bool)
    for signed in (value, -value):
        limit = np.partition(signed, kept - 1)[kept - 1]
        below, level = signed < limit, np.flatnonzero(signed == limit)
        chosen |= below
        chosen[level[: kept - int(below.sum())]] = True
    return np.flatnonzero(chosen)


def scan_shard(
    predictor: Predictor, genes: Genes, order: int, shard: Shard, kept: int, advance: Callable[[int], None]
) -> tuple[pa.Table, ScanSummary]:
    """Predict one shard of all sets of `order` genes.

    Parameters
    ----------
    predictor
        The fitted model and what it predicts.
    genes
        int64, ascending gene indices.
    order
        2 or 3.
    shard
        Which part.
    kept
        How many of the lowest and how many of the highest predictions are kept.
    advance
        Called with the number of genotypes that were just predicted.

    Returns
    -------
    Table
        `pipeline_lib.training.predict.SCHEMA` of the genotypes kept, in their order.
    ScanSummary
        Of all of them.
    """
    begin, end = shard.between(comb(len(genes), order))
    assay, strongest, summaries = predictor.assay, _Strongest.none(kept), []
    for chunk in _STREAMS[order](genes, CHUNK, begin, end):
        started = time.perf_counter()
        genotypes = genotypes_of(chunk, predictor.fitted, assay.screen, assay.phenotype)
        prediction = predictor.fitted.model.predict(genotypes)
        strongest = strongest.with_chunk(chunk, prediction)
        summaries.append(ScanSummary.of(prediction.value, time.perf_counter() - started))
        advance(len(chunk))
    rows = predictor.table.batch(strongest.genes, Prediction(strongest.value, strongest.std))
    nothing = ScanSummary.of(np.empty(0), 0.0)
    return plain([rows]), ScanSummary.joined([*summaries, nothing])


def merge_shards(shards: Sequence[pa.Table], kept: int) -> pa.Table:
    """Return the strongest genotypes of all shards, in the order of the shards.

    Returns
    -------
    Table
        The columns of the shards behind ``end`` ('lowest', 'highest') and ``rank`` (1, 2, ... from that end); a
        genotype that is among both stands twice.
    """
    table = pa.concat_tables(shards)
    value = table["prediction"].to_numpy()
    parts = []
    for end, signed in ((LOWEST, value), (HIGHEST, -value)):
        rows = np.argsort(signed, kind="stable")[:kept]
        part = table.take(pa.array(rows))
        part = part.add_column(0, "rank", pa.array(np.arange(1, len(rows) + 1)))
        parts.append(part.add_column(0, "end", pa.array([end] * len(rows), pa.string())))
    return pa.concat_tables(parts)
