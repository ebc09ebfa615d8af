"""Number the measurements of one genotype: duplicates are replicates, not errors."""

import numpy as np
from numpy.typing import NDArray


def replicate_numbers(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every row how many earlier rows have the same key, int64 [n]."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(keys) else np.empty(0, dtype=np.int64)
    lengths = np.diff(np.append(starts, len(keys)))
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.arange(len(keys)) - np.repeat(starts, lengths)
    return numbers


class PairReplicates:
    """Number the measurements of gene pairs over many batches, in two bytes a pair of genes.

    Parameters
    ----------
    genes
        Size of the gene index.
    """

    def __init__(self, genes: int) -> None:
        self._seen = np.zeros(genes * (genes + 1) // 2, dtype=np.uint16)

    def number(self, pairs: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the replicate numbers of the next rows.

        Parameters
        ----------
        pairs
            int32 [n, 2]: gene indices, in any order.

        Returns
        -------
        int64 [n]
        """
        high = pairs.max(axis=1).astype(np.int64)
        low = pairs.min(axis=1).astype(np.int64)
        slots = high * (high + 1) // 2 + low
        within = replicate_numbers(slots)
        numbers = within + self._seen[slots]
        # Where a slot repeats, numpy keeps the last value assigned, which is the greatest.
        self._seen[slots] = numbers + 1
        return numbers


def repeated_values(keys: NDArray[np.int64], value: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the rows that give an earlier row's measurement again, bool [n].

    A row counts as a copy when an earlier row of the same key has the very same value and SD, SD known.
    """
    _, numbers = np.unique(np.column_stack([keys.astype(np.float64), value, std]), axis=0, return_inverse=True)
    return (replicate_numbers(numbers.ravel().astype(np.int64)) > 0) & ~np.isnan(std)
