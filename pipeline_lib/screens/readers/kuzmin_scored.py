"""Kuzmin et al. 2018 and 2020 beside their main tables: called interactions, and scored output of the protocol.

``links.txt`` lists 17,285 triplets that were called an interaction: three allele names, and how often the triplet was
called positive (rating=0) and negative (rating=1). A triplet with the neutral ho deletion is digenic, every other
trigenic; all trigenic calls are negative. Labels only: no score, no P-value, no list of what was tested.

Value 1: called negative at least once; value 0: called positive only, or (``assumed_tested``) not called. The
background is every double-mutant query that was analysed times every array allele that a call names, less what was
called. The queries are those of the assignment file that the authors' program analyses (``Tspace``, ``PPI controls``),
and further pairs of the optional strain table that have calls.

Scored output in twelve columns, no header: query, array, score and SD in colony-size units, P-value, fitness and SD of
query and array, expected and observed fitness of the combined mutant and its SD. Raw epsilon is observed minus expected
fitness.

Scored output in six columns with the header of the published table: the column headed "Adjusted genetic interaction
score (epsilon or tau)" holds raw epsilon in every row. Either way the score is phenotype ``raw_interaction``; the
P-value (one-sided, at most 0.5) is its own, and so is the SD: the program sets the SD of the observed fitness to that
of epsilon.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS, NEUTRAL_CONTROL, GenotypeColumns, Strains
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.double_mutant_queries import (
    NONE,
    AlleleTriplets,
    DoubleMutantQueries,
    Roles,
    assign_roles,
    read_queries,
    read_triplets,
)
from pipeline_lib.screens.strain_pairs import Crosses, read_pairs, replicate_numbers, strain_fitness
from pipeline_lib.sources.row_block import Column, RejectedRows, Rejections, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

_COLUMNS = {
    "triplet": Column(("Triplete_Name", "Triplet_Name")),
    "positive": Column(("rating=0",), "number"),
    "negative": Column(("rating=1",), "number"),
}


def read_calls_2018(source: Source) -> Batches:
    """Yield one batch: the calls in the order of the file, then the background."""
    path = source.files["calls"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS, rejections, delimiters=" "), path)
    strain_table = source.files.get("strain_fitness")
    queries, query_rejections = read_queries(source.files["assignment"], strain_table, source.names)
    triplets, kept = read_triplets(block, "triplet", source.names, rejections)
    roles = assign_roles(triplets, queries)
    background_query, background_array = _background(roles, queries, triplets)
    called = len(triplets.codes)
    genotypes = GenotypeColumns.concatenate(
        [
            GenotypeColumns.sort(source.names, triplets.genes(), triplets.kind[triplets.codes]),
            _crossed(source.names, queries, triplets, roles, background_query, background_array),
        ]
    )
    negative = np.append(block.number("negative")[kept], np.zeros(len(background_query)))
    positive = np.append(block.number("positive")[kept], np.zeros(len(background_query)))
    table = measurements(
        genotypes,
        "call",
        (negative > 0).astype(np.float64),
        query=pa.concat_arrays(
            [_query_labels(roles, queries, source.names), _decode(background_query, queries.strains)]
        ).dictionary_encode(),
        array=pa.concat_arrays(
            [_decode(roles.array, triplets.alleles), _decode(background_array, triplets.alleles)]
        ).dictionary_encode(),
        replicate=replicate_numbers(genotypes.keys()),
        extra={
            "assumed_tested": pa.array(np.arange(len(genotypes)) >= called),
            "positive_calls": pa.array(positive.astype(np.int64)),
            "negative_calls": pa.array(negative.astype(np.int64)),
        },
    )
    yield Batch(table, RejectedRows.join([part.take() for part in (rejections, *query_rejections)]), called)


def _background(
    roles: Roles, queries: DoubleMutantQueries, triplets: AlleleTriplets
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (query, array allele) of every cross that is assumed to have been tested and was not called."""
    with_calls = np.unique(roles.query[roles.query != NONE])
    screened = np.union1d(np.flatnonzero(queries.analysed), with_calls)
    arrays = np.unique(roles.array[roles.array != NONE]).astype(np.int64)
    query, array = np.repeat(screened, len(arrays)), np.tile(arrays, len(screened))
    own_gene = (queries.genes[query] == triplets.gene[array][:, None]).any(axis=1)
    width = len(triplets.alleles)
    certain = roles.query != NONE
    was_called = np.isin(query * width + array, roles.query[certain] * width + roles.array[certain])
    return query[~own_gene & ~was_called], array[~own_gene & ~was_called]


def _crossed(
    names: GeneNames,
    queries: DoubleMutantQueries,
    triplets: AlleleTriplets,
    roles: Roles,
    query: NDArray[np.int64],
    array: NDArray[np.int64],
) -> GenotypeColumns:
    """Return the genotypes of queries crossed to arrays; a query gene's kind is that of its alleles in the calls."""
    kind_of_gene = np.full(len(names), KINDS.index("unspecified"), dtype=np.int8)
    in_query = (triplets.codes != roles.array[:, None]) & (roles.query != NONE)[:, None]
    alleles = triplets.codes[in_query]
    kind_of_gene[triplets.gene[alleles]] = triplets.kind[alleles]
    pair = queries.genes[query]
    return GenotypeColumns.sort(
        names,
        np.column_stack([pair, triplets.gene[array]]),
        np.column_stack([kind_of_gene[pair], triplets.kind[array]]),
    )


def _decode(codes: NDArray[np.int64] | NDArray[np.int32], labels: list[str]) -> pa.Array:
    """Return labels of `codes`, missing where the code is -1."""
    return pa.array(labels, type=pa.string()).take(pa.array(codes, mask=codes == NONE))


def _query_labels(roles: Roles, queries: DoubleMutantQueries, names: GeneNames) -> pa.Array:
    """Return the id of each call's query strain: a double mutant, or the control of a digenic call."""
    controls = [queries.controls.get(gene, NEUTRAL_CONTROL) for gene in range(len(names))]
    double = _decode(roles.query, queries.strains)
    single = _decode(roles.control_gene, controls)
    return pa.array(
        np.where(np.asarray(double.is_valid()), double.to_numpy(False), single.to_numpy(False)), pa.string()
    )


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
