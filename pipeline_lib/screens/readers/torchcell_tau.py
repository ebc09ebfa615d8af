"""Trigenic interactions of Kuzmin et al. 2018 and 2020 as torchcell tabulates them (``..._triple_interactions.csv``).

One row a triple mutant: three genes, tau in fitness units (positive scores of 2020 among them), the P-value, and which
of the genes are uncharacterised. No SD, no strain, no allele, no raw epsilon.

P-values are one-sided and test the raw epsilon of the row, as in the source tables
(`pipeline_lib.screens.readers.kuzmin`): they stand as released in the column ``p_value``, and as P-values of a raw
score in ``raw_p_value``. Where a triple was measured several times torchcell averages, P-values too: a value above 0.5
can only be such a mean. It is kept as it is and marked in the column ``p_value_averaged``; no P-value statistic counts
it.

Scores and P-values passed through single precision; the published decimals are restored. The query is recognised by the
pair that recurs over the array; a row whose query the counts leave open has neither query nor array.

Which two genes of a row were the query strain's is inferred from how often pairs recur. A double-mutant query is
crossed to a whole array, so its pair of genes recurs with as many third genes as the array has; an array gene meets
each query once, so that it recurs with one gene of a query only as often as queries share that gene.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import FAULTS, MAX_ORDER, UNKNOWN, GeneNames, genotype_faults
from pipeline_lib.screens.alleles import KINDS, GenotypeColumns, named_genes
from pipeline_lib.screens.batch import ONE_SIDED_MAXIMUM, Batch, Batches, Source, check_values, measurements
from pipeline_lib.screens.strain_pairs import replicate_numbers
from pipeline_lib.sources.row_block import Column, Rejections, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

LEAST_ARRAYS = 5
"""Array genes that a pair must recur with to be a query: fewer may be several queries that share a gene."""
LEAST_RATIO = 3
"""Times as often as either other pair of the triple that the query's pair must recur."""

_PAIRS = ((1, 2), (0, 2), (0, 1))
"""The two columns that are left when the gene of a column is the array's."""


def array_columns(triples: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the column of each triple's array gene, int64 [n]; -1 where the counts leave it open.

    Parameters
    ----------
    triples
        int32 [n, 3]: gene indices, three different ones a row, in any order. A triple that is listed several times
        counts once.

    Returns
    -------
    int64 [n]
        0, 1 or 2 where the other two genes recur with at least `LEAST_ARRAYS` different third genes and at least
        `LEAST_RATIO` times as often as either other pair of the triple; else `UNKNOWN`.
    """
    if not len(triples):
        return np.empty(0, dtype=np.int64)
    ordered = np.sort(triples, axis=1).astype(np.int64)
    base = int(ordered.max()) + 1
    distinct = np.unique(ordered, axis=0)
    recurring, counts = np.unique(
        np.concatenate([distinct[:, one] * base + distinct[:, two] for one, two in _PAIRS]), return_counts=True
    )
    low, high = (
        np.column_stack([pick(triples[:, pair], axis=1) for pair in map(list, _PAIRS)]).astype(np.int64)
        for pick in (np.min, np.max)
    )
    recurs = counts[np.searchsorted(recurring, low * base + high)]
    array = recurs.argmax(axis=1)
    _, second, most = np.sort(recurs, axis=1).T
    certain = (most >= LEAST_ARRAYS) & (most >= LEAST_RATIO * second)
    return np.where(certain, array, UNKNOWN)


SAFE_DIGITS = 6
"""Significant decimal digits that single precision keeps whatever the number (``FLT_DIG`` of the C standard)."""


def published_decimals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the decimals that numbers in single precision were made of: 0.044870998710393906 is 0.044871.

    A number is restored where it is exactly one of single precision and the shortest decimal that single precision
    reads as it has at most `SAFE_DIGITS` significant digits. Every other number stays as it is: it was no such decimal
    (the mean of several, say).

    Parameters
    ----------
    values
        float64 [n]; NaN stays NaN.

    Returns
    -------
    float64 [n]
    """
    distinct, inverse = np.unique(values, return_inverse=True)
    with np.errstate(over="ignore"):
        single = distinct.astype(np.float32)
    in_single = np.isfinite(distinct) & (single.astype(np.float64) == distinct)
    restored = distinct.copy()
    # The digits of the shortest decimal that reads back as the same single-precision number.
    shortest = single[in_single].astype(str).astype(np.float64)
    rounded = np.array([float(f"{value:.{SAFE_DIGITS - 1}e}") for value in shortest.tolist()])
    restored[in_single] = np.where(rounded == shortest, shortest, distinct[in_single])
    return restored[inverse.reshape(values.shape)]


_GENES = ("gene_1", "gene_2", "gene_3")
_COLUMNS = {
    "idx": Column(("idx",)),
    **{name: Column((name,)) for name in _GENES},
    "tau": Column(("gene_interaction",), "number"),
    "p_value": Column(("p_value",), "number"),
    "number": Column(("num_uncharacterized",), "number"),
    "uncharacterised": Column(("uncharacterized_genes",)),
}


def read(source: Source) -> Batches:
    """Yield one batch of trigenic interactions."""
    path = source.files["table"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS, rejections, delimiters=",", quote='"'), path)
    _check_rows(block, source.names, path)
    usable = check_values(block, rejections, needed="tau")
    genes = named_genes(block, _GENES, source.names, usable, rejections)[usable]
    genotypes = GenotypeColumns.sort(
        source.names, genes, np.full(genes.shape, KINDS.index("unspecified"), dtype=np.int8)
    )
    p_value = published_decimals(block.number("p_value")[usable])
    query, array = _strains(genotypes)
    table = measurements(
        genotypes,
        "interaction",
        published_decimals(block.number("tau")[usable]),
        p_value=p_value,
        raw_p_value=p_value,
        p_sided=1,
        query=query,
        array=array,
        replicate=replicate_numbers(genotypes.keys()),
        extra={"p_value_averaged": pa.array(p_value > ONE_SIDED_MAXIMUM)},
    )
    yield Batch(table, rejections.take(), len(genotypes))


def _strains(genotypes: GenotypeColumns) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
    """Return query (``YAL015C+YDR004W``) and array gene of every triple, missing where the counts leave them open."""
    column = array_columns(genotypes.genes)
    known = column != UNKNOWN
    rows = np.arange(len(genotypes))
    others = np.array([[1, 2], [0, 2], [0, 1]])[column]
    first, second, third = (
        genotypes.names.genes.take(pa.array(genotypes.genes[rows, slot], mask=~known)) for slot in (*others.T, column)
    )
    return pc.binary_join_element_wise(first, second, "+").dictionary_encode(), third.dictionary_encode()


def _check_rows(block: RowBlock, names: GeneNames, path: Path) -> None:
    """Refuse a table one row of which cannot be of this layout: what is left of it would be of no use either."""
    genes = np.column_stack([block.text(name).to_numpy(zero_copy_only=False) for name in _GENES]).astype(str)
    p = block.number("p_value")
    row = _first((p < 0) | (p > 1))
    if row is not None:
        raise _refused(path, block, row, f"P-value {p[row]:.10g} is not within 0 and 1")
    row = _first(np.asarray(~_has_letter(genes).all(axis=1)))
    if row is not None:
        raise _refused(path, block, row, f"'{' '.join(genes[row])}' are not the names of three genes")
    faults = genotype_faults(_codes(genes, names), MAX_ORDER)
    row = _first(faults > 0)
    if row is not None:
        raise _refused(path, block, row, str(FAULTS[faults[row]]))
    row = _first(~_lists_own_genes(block, genes))
    if row is not None:
        listed = block.text("uncharacterised")[row].as_py()
        raise _refused(
            path,
            block,
            row,
            f"the uncharacterised genes '{listed}' ({block.number('number')[row]:g} of them by "
            f"num_uncharacterized) are not among its genes {', '.join(genes[row])}",
        )


def _refused(path: Path, block: RowBlock, row: int, why: str) -> PipelineError:
    return PipelineError(
        f"{path}: row {block.lines[row]}: {why}; the table is damaged or a column of it has shifted: fetch it again."
    )


def _first(wrong: NDArray[np.bool_]) -> int | None:
    rows = np.flatnonzero(wrong)
    return int(rows[0]) if len(rows) else None


def _has_letter(genes: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which cells hold a letter, bool like `genes`: a number or a blank is no gene."""
    distinct, inverse = np.unique(genes, return_inverse=True)
    return np.array([any(map(str.isalpha, name)) for name in distinct.tolist()])[inverse].reshape(genes.shape)


def _codes(genes: NDArray[np.str_], names: GeneNames) -> NDArray[np.int64]:
    """Return one number for each gene, int64 like `genes`: two spellings of a known gene have the same number."""
    distinct, inverse = np.unique(genes, return_inverse=True)
    known = np.array([names.position(name) for name in distinct.tolist()], dtype=np.int64)
    codes = np.where(known >= 0, known, len(names) + np.arange(len(distinct)))
    return codes[inverse].reshape(genes.shape)


def _lists_own_genes(block: RowBlock, genes: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which rows list as uncharacterised as many of their own genes as they say, bool [rows]."""
    listed = pc.split_pattern(block.text("uncharacterised").cast(pa.string()), ",")
    count = np.asarray(pc.list_value_length(listed).fill_null(0))
    owner = np.asarray(pc.list_parent_indices(listed))
    each = np.char.strip(pc.list_flatten(listed).to_numpy(zero_copy_only=False).astype(str))
    foreign = ~(genes[owner] == each[:, None]).any(axis=1)
    return np.asarray(
        (np.bincount(owner, weights=foreign, minlength=len(genes)) == 0) & (count == block.number("number"))
    )
