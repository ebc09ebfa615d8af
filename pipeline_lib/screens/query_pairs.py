"""Which two genes of a triple mutant were the query strain's, seen from how often pairs recur.

A double-mutant query is crossed to a whole array, so its pair of genes recurs with as many third genes as the array
has; an array gene meets each query once, so that it recurs with one gene of a query only as often as queries share
that gene.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.genes.names import UNKNOWN

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
