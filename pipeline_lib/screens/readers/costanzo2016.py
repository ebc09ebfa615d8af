"""Costanzo et al. 2016: pairwise interactions, single-mutant fitness, and the slice that DCell was published with.

Pairwise files: epsilon in fitness units (wild type = 1), read as phenotype interaction, and double-mutant fitness with
its SD. Epsilon carries the same SD: the authors' program sets the SD of the double mutant to that of epsilon
(``compute_sgascore.m``: ``dm_actual_std = eps_std``). P-values are one-sided: the geometric mean of two tail
probabilities, each taken on the side of the score (same program), so at most 0.5. Temperature is the number in
``Arraytype/Temp`` (TSA30, DMA26). Single-mutant fitness is read from the workbook (reader ``costanzo2016_smf``).

They are streamed: memory does not grow with their size.

The workbook of single mutants: wild type = 1, SD over replicates. It gives one measurement several times: a strain that
was measured at one temperature has the same fitness and SD at both, and so have the query and the array strain of one
allele. The column ``repeated`` marks every such copy but the first, so that nobody takes a copy for a replicate.

The slice of DCell: space-separated, no header, order (2), gene, gene, epsilon in fitness units. No SD, no P-value, no
strain: which was the query is not known, nor the kind of the alleles. The column ``published_fold`` keeps DCell's own
split.
"""

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS, SAME_GENE, GenotypeColumns, Strains, named_genes
from pipeline_lib.screens.batch import Batch, Batches, Source, check_values, constant, measurements
from pipeline_lib.screens.strain_pairs import (
    PairReplicates,
    read_pairs,
    repeated_values,
    replicate_numbers,
    strain_codes,
)
from pipeline_lib.sources.excel_table import read_sheet
from pipeline_lib.sources.row_block import Column, Expected, Reason, RejectedRows, Rejections, RowBlock, one_block
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
    return np.asarray(degrees[types.indices.to_numpy(zero_copy_only=False)])


_SINGLE_MUTANTS = {
    "strain": Column(("Strain ID",)),
    "allele": Column(("Allele/Gene name",)),
    "fitness_26": Column(("Single mutant fitness (26°)",), "number"),
    "std_26": Column(("Single mutant fitness (26°) stddev",), "number"),
    "fitness_30": Column(("Single mutant fitness (30°)",), "number"),
    "std_30": Column(("Single mutant fitness (30°) stddev",), "number"),
}
_TEMPERATURES = (26, 30)

_UNMEASURED = Reason("no measurement at either temperature", Expected.ANY)


def read_single_mutants(source: Source) -> Batches:
    """Yield one batch of single-mutant fitness, a row a strain and temperature."""
    path = source.files["fitness"]
    rejections = Rejections(path)
    block = read_sheet(path, _SINGLE_MUTANTS, rejections)
    strains = Strains(source.names, drop_control=False)
    codes = strain_codes(block, strains, "strain", "allele")
    faulty = strains.faulty()[codes]
    block.reject(faulty, [strains.faults[code] for code in codes[faulty]], rejections)
    fitness = np.column_stack([block.number(f"fitness_{degrees}") for degrees in _TEMPERATURES])
    std = np.column_stack([block.number(f"std_{degrees}") for degrees in _TEMPERATURES])
    unmeasured = ~faulty & np.isnan(fitness).all(axis=1)
    block.reject(unmeasured, _UNMEASURED, rejections)
    rows, temperature = np.nonzero(np.isfinite(fitness) & ~faulty[:, None])
    genotypes = GenotypeColumns.sort(
        source.names, strains.gene_matrix()[codes[rows], :1], strains.kind_matrix()[codes[rows], :1]
    )
    value, spread = fitness[rows, temperature], std[rows, temperature]
    keys = genotypes.keys()
    table = measurements(
        genotypes,
        "fitness",
        value,
        std=spread,
        query=strains.labels(codes[rows]),
        replicate=replicate_numbers(keys),
        temperature=np.asarray(_TEMPERATURES, dtype=np.float64)[temperature],
        extra={"repeated": pa.array(repeated_values(keys, value, spread))},
    )
    yield Batch(table, rejections.take(), int((~faulty & ~unmeasured).sum()))


_HEADER = ("order", "gene1", "gene2", "value")
_DCELL = {name: Column((name,), "number" if name in {"order", "value"} else "text") for name in _HEADER}
_FOLDS = ("training", "testing")


_NO_PAIR = Reason("the first field is not 2, the number of genes")


def read_dcell(source: Source) -> Batches:
    """Yield one batch: the training file, then the testing file."""
    parts, values, folds, rejected = [], [], [], []
    for role in (role for role in _FOLDS if role in source.files):
        path = source.files[role]
        rejections = Rejections(path)
        block = one_block(read_blocks(path, _DCELL, rejections, delimiters=" ", header=_HEADER), path)
        genes, kept = _gene_pairs(block, source.names, rejections)
        parts.append(genes)
        values.append(block.number("value")[kept])
        folds.append(constant(role, len(genes)))
        rejected.append(rejections.take())
    genes = np.concatenate(parts)
    genotypes = GenotypeColumns.sort(
        source.names, genes, np.full(genes.shape, KINDS.index("unspecified"), dtype=np.int8)
    )
    table = measurements(
        genotypes,
        "interaction",
        np.concatenate(values),
        replicate=replicate_numbers(genotypes.keys()),
        extra={"published_fold": pa.chunked_array(folds).unify_dictionaries().combine_chunks()},
    )
    yield Batch(table, RejectedRows.join(rejected), len(genotypes))


def _gene_pairs(block: RowBlock, names: GeneNames, rejections: Rejections) -> tuple[np.ndarray, np.ndarray]:
    """Return gene indices int32 [n, 2] and which rows of the block they are of."""
    usable = check_values(block, rejections, needed="value")
    wrong = usable & (block.number("order") != 2)
    block.reject(wrong, _NO_PAIR, rejections)
    usable &= ~wrong
    genes = named_genes(block, ("gene1", "gene2"), names, usable, rejections)
    same = usable & (genes[:, 0] == genes[:, 1])
    block.reject(same, SAME_GENE, rejections)
    usable &= ~same
    return genes[usable], usable
