"""Genotypes to predict, in chunks: given ones, all pairs or all triples of a list of genes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.sources.text_files import read_text

Chunks = Iterator[NDArray[np.int64]]


def read_gene_list(path: Path, names: GeneNames) -> NDArray[np.int64]:
    """Read a text file of one gene a line (systematic name, standard name or alias) and return ascending gene indices.

    Raises
    ------
    PipelineError
        When the file is missing, empty or no text, or a line is no gene of the index.
    """
    if not path.exists():
        raise PipelineError(f"{path} does not exist; give a text file with one gene a line.")
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        position = names.position(line)
        if position < 0:
            raise PipelineError(f"{path}: line {number}: {names.explain(line.strip())}; give one gene a line.")
        found.append(position)
    if not found:
        raise PipelineError(f"{path} is empty; give a text file with one gene a line.")
    return np.unique(np.array(found, dtype=np.int64))


def cut(genotypes: NDArray[np.int64], size: int) -> Chunks:
    """Yield `size` genotypes at a time."""
    for start in range(0, len(genotypes), size):
        yield genotypes[start : start + size]


def all_pairs(genes: NDArray[np.int64], size: int, begin: int = 0, end: int | None = None) -> Chunks:
    """Yield all pairs of ascending `genes`, in order, at most `size` at a time; never all of them in memory.

    Parameters
    ----------
    genes
        int64, ascending.
    size
        Most pairs of a chunk.
    begin, end
        Positions in that order between which pairs are wanted. None: to the last one.
    """
    pairs = len(genes) * (len(genes) - 1) // 2
    end = pairs if end is None else min(end, pairs)
    for start in range(begin, end, size):
        rank = np.arange(start, min(start + size, end))
        chunk = np.full((len(rank), MAX_ORDER), NO_GENE)
        first, second = _pair(rank, len(genes))
        chunk[:, 0], chunk[:, 1] = genes[first], genes[second]
        yield chunk


def all_triples(genes: NDArray[np.int64], size: int, begin: int = 0, end: int | None = None) -> Chunks:
    """Yield all triples of ascending `genes`, in order, at most `size` at a time; see `all_pairs`."""
    n = len(genes)
    behind = n - 1 - np.arange(n)
    # Pairs of the genes behind each gene, and the number of triples that begin before it.
    pairs_behind = behind * (behind - 1) // 2
    start_of = np.cumsum(pairs_behind) - pairs_behind
    pairs, triples = n * (n - 1) // 2, int(pairs_behind.sum())
    end = triples if end is None else min(end, triples)
    for start in range(begin, end, size):
        rank = np.arange(start, min(start + size, end))
        first = np.searchsorted(start_of, rank, side="right") - 1
        # The last two genes have no triple of their own: their starts equal the total, beyond every rank.
        # Pairs are sorted by their first gene: those behind `first` are the end of the list of pairs.
        second, third = _pair(pairs - pairs_behind[first] + rank - start_of[first], n)
        yield np.stack([genes[first], genes[second], genes[third]], axis=1)


def _pair(rank: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions i < j of the pairs of n things at `rank` of their lexicographic order, int64 each."""
    gene = np.arange(n)
    start_of = gene * (2 * n - gene - 1) // 2
    # The last gene begins no pair: its start equals the number of pairs, beyond every rank.
    first = np.searchsorted(start_of, rank, side="right") - 1
    return first, rank - start_of[first] + first + 1
