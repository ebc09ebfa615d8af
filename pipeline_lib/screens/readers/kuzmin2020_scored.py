"""Scored output of the trigenic protocol itself (Kuzmin et al. 2020), in its 12-column and its 6-column form.

Twelve columns, no header: query, array, score and SD in colony-size units, P-value, fitness and SD of query and array,
expected and observed fitness of the combined mutant and its SD. Raw epsilon is observed minus expected fitness.

Six columns with the header of the published table: the column headed "Adjusted genetic interaction score (epsilon or
tau)" holds raw epsilon in every row. Either way the score is phenotype ``raw_interaction``; the P-value (one-sided, at
most 0.5) is its own, and so is the SD: the program sets the SD of the observed fitness to that of epsilon.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source
from pipeline_lib.screens.strain_pairs import Crosses, read_pairs, strain_fitness
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

_TWELVE = (
    "query",
    "array",
    "colony_score",
    "colony_std",
    "p_value",
    "query_fitness",
    "query_std",
    "array_fitness",
    "array_std",
    "expected",
    "fitness",
    "fitness_std",
)
_TWELVE_COLUMNS = {name: Column((name,), "text" if name in {"query", "array"} else "number") for name in _TWELVE}
_SIX_COLUMNS = {
    "query": Column(("Query Strain ID",)),
    "array": Column(("Array Strain ID",)),
    "raw": Column(("Adjusted genetic interaction score (epsilon or tau)",), "number"),
    "p_value": Column(("P-value",), "number"),
    "fitness": Column(("Double/triple mutant fitness",), "number"),
    "fitness_std": Column(("Double/triple mutant fitness standard deviation",), "number"),
}
_ROUNDING = 1.01e-4
"""The 6-column form is rounded to four decimals."""


def read_scored_2020(source: Source) -> Batches:
    """Yield one batch; where both forms are given, the finer twelve columns, after a check that the six agree."""
    blocks: dict[str, RowBlock] = {}
    rejections: dict[str, Rejections] = {role: Rejections(path) for role, path in source.files.items()}
    if "twelve_columns" in source.files:
        path = source.files["twelve_columns"]
        blocks["twelve_columns"] = one_block(
            read_blocks(path, _TWELVE_COLUMNS, rejections["twelve_columns"], header=_TWELVE), path
        )
    if "six_columns" in source.files:
        path = source.files["six_columns"]
        blocks["six_columns"] = one_block(read_blocks(path, _SIX_COLUMNS, rejections["six_columns"]), path)
    role = next(iter(blocks))
    if len(blocks) == 2:
        _check_agreement(source.files, blocks)
    yield _batch(source, blocks[role], rejections[role])


def _raw(block: RowBlock) -> np.ndarray:
    return block.number("raw") if block.has("raw") else block.number("fitness") - block.number("expected")


def _batch(source: Source, block: RowBlock, rejections: Rejections) -> Batch:
    strains = Strains(source.names, drop_control=True)
    pairs = read_pairs(block, strains, rejections, needed="fitness")
    crosses = Crosses.join([pairs], strains)
    raw, fitness, std, p_value = (
        column[pairs.kept] for column in (_raw(block), *map(block.number, ("fitness", "fitness_std", "p_value")))
    )
    tables = [crosses.measured("raw_interaction", raw, std, p_value), crosses.measured("fitness", fitness, std)]
    if block.has("query_fitness"):
        tables += [
            strain_fitness(
                strains,
                codes,
                block.number(f"{role}_fitness")[pairs.kept],
                control_fitness=role == "array",
                role=role,
                std=block.number(f"{role}_std")[pairs.kept],
            )
            for role, codes in (("query", pairs.query), ("array", pairs.array))
        ]
    return Batch(pa.concat_tables(tables), rejections.take(), len(pairs.genotypes))


def _strain_pairs_of(block: RowBlock) -> dict[tuple[str, str], int]:
    pairs = zip(block.text("query").to_pylist(), block.text("array").to_pylist(), strict=True)
    return {pair: row for row, pair in enumerate(pairs)}


def _check_agreement(files: Mapping[str, Path], blocks: Mapping[str, RowBlock]) -> None:
    """Refuse two forms that are not of the same screens."""
    fine, rounded = blocks["twelve_columns"], blocks["six_columns"]
    place = _strain_pairs_of(fine)
    rows = np.array([place.get(pair, -1) for pair in _strain_pairs_of(rounded)], dtype=np.int64)
    lines = rounded.lines
    if len(rows) != len(lines) or (rows < 0).any():
        line = int(lines[np.flatnonzero(rows < 0)[0]]) if (rows < 0).any() else int(lines[-1])
        raise PipelineError(
            f"{files['six_columns']}: row {line}: its strain pair is not in {files['twelve_columns']}, or is there "
            "twice; give the two forms of one scoring run, or one of them."
        )
    differs = np.abs(_raw(fine)[rows] - rounded.number("raw")) > _ROUNDING
    if differs.any():
        line = int(lines[np.flatnonzero(differs)[0]])
        raise PipelineError(
            f"{files['six_columns']}: row {line}: the score is not the raw epsilon of {files['twelve_columns']}; give "
            "the two forms of one scoring run, or one of them."
        )
