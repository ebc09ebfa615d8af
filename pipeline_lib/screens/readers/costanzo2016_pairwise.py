"""Costanzo et al. 2016, pairwise interaction format: SGA_ExE, SGA_ExN_NxE, SGA_NxN and SGA_DAmP (20,705,612 rows).

Epsilon in fitness units (wild type = 1), read as phenotype interaction, and double-mutant fitness with its SD. Epsilon
carries the same SD: the authors' program sets the SD of the double mutant to that of epsilon (``compute_sgascore.m``:
``dm_actual_std = eps_std``). P-values are one-sided: the geometric mean of two tail probabilities, each taken on the
side of the score (same program), so at most 0.5. Temperature is the number in ``Arraytype/Temp`` (TSA30, DMA26).
Single-mutant fitness is read from the workbook (reader ``costanzo2016_smf``).

The files are streamed: memory does not grow with their size.
"""

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.replicates import PairReplicates
from pipeline_lib.screens.strain_pairs import read_pairs
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock
from pipeline_lib.sources.text_table import read_blocks

_PAIRWISE = {
    "query": Column(("Query Strain ID",)),
    "array": Column(("Array Strain ID",)),
    "arraytype": Column(("Arraytype/Temp",)),
    "epsilon": Column(("Genetic interaction score (ε)", "Genetic interaction score (epsilon)"), "number"),
    "p_value": Column(("P-value",), "number"),
    "fitness": Column(("Double mutant fitness",), "number"),
    "fitness_std": Column(("Double mutant fitness standard deviation",), "number"),
}
_FILES = ("ExE", "ExN_NxE", "NxN", "DAmP")
_TEMPERATURE = re.compile(r"\D*(\d{2})\D*")


def read_pairwise(source: Source) -> Batches:
    """Yield batches of interactions and double-mutant fitness, file by file."""
    strains = Strains(source.names, drop_control=False)
    replicates = PairReplicates(len(source.names))
    for role in (role for role in _FILES if role in source.files):
        path = source.files[role]
        rejections = Rejections(path)
        for block in read_blocks(path, _PAIRWISE, rejections):
            yield _batch(block, strains, replicates, rejections)


def _batch(block: RowBlock, strains: Strains, replicates: PairReplicates, rejections: Rejections) -> Batch:
    pairs = read_pairs(block, strains, rejections, needed="epsilon")
    replicate = replicates.number(pairs.genotypes.genes[:, :2])
    columns = {name: block.number(name)[pairs.kept] for name in ("epsilon", "p_value", "fitness", "fitness_std")}
    temperature = _temperatures(block)[pairs.kept]
    measured = np.isfinite(columns["fitness"])
    query_labels, array_labels = strains.labels(pairs.query), strains.labels(pairs.array)
    interaction = measurements(
        pairs.genotypes,
        "interaction",
        columns["epsilon"],
        std=columns["fitness_std"],
        p_value=columns["p_value"],
        p_sided=1,
        query=query_labels,
        array=array_labels,
        replicate=replicate,
        temperature=temperature,
    )
    if measured.all():
        # Every column but three is the interaction's own: no second sorting of genes, no second list column.
        fitness = _with_values(interaction, columns["fitness"])
    else:
        rows = pa.array(measured)
        fitness = _with_values(interaction.filter(rows), columns["fitness"][measured])
    return Batch(pa.concat_tables([interaction, fitness]), rejections.take(), len(pairs.genotypes))


def _with_values(interaction: pa.Table, fitness: NDArray[np.float64]) -> pa.Table:
    """Return the fitness rows of the same strains."""
    n = interaction.num_rows
    replaced = {
        "phenotype": pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array(["fitness"])),
        "value": pa.array(fitness),
        "p_value": pa.nulls(n, pa.float64()),
        "p_sided": pa.nulls(n, pa.int64()),
    }
    for name, column in replaced.items():
        interaction = interaction.set_column(interaction.column_names.index(name), name, column)
    return interaction


def _temperatures(block: RowBlock) -> NDArray[np.float64]:
    """Return degrees Celsius, NaN where the array type names none."""
    types = block.text("arraytype")
    found = [_TEMPERATURE.fullmatch(text) for text in types.dictionary.to_pylist()]
    degrees = np.array([float(match[1]) if match else np.nan for match in found] or [np.nan])
    return degrees[types.indices.to_numpy(zero_copy_only=False)]
