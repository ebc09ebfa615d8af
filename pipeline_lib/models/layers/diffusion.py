"""Diffusion over gene networks: who is near a gene by many short paths, whether or not an edge joins the two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.models.layers.graph_convolution import symmetric_normalised

_STEPS = 8
_STAY = 0.5
"""Share of the walk that goes on after each step; after eight steps 0.4 percent is still walking."""


def diffused(adjacencies: Sequence[sparse.sparray], columns: NDArray[np.int64], kept: int) -> sparse.csr_array:
    """Return how near the genes `columns` are to every gene, sparse [N, len(columns)].

    Random walks with restart (Koehler et al. 2008, doi 10.1016/j.ajhg.2008.02.013) over the sum of the networks, each
    normalised symmetrically first so that none drowns the others: sum_t (s A)^t A with s = 0.5. No gene is near
    itself; each keeps the `kept` nearest ones, by the square root of the walk's weight.

    Parameters
    ----------
    adjacencies
        Networks [N, N]; direction is ignored.
    columns
        The genes that are looked for.
    kept
        Largest number of entries a row.
    """
    total = sum(
        symmetric_normalised(sparse.csr_array(network) + sparse.csr_array(network).T) for network in adjacencies
    )
    step = symmetric_normalised(sparse.csr_array(total)).astype(np.float32)
    first = step[:, columns].toarray()
    walk = first
    for _ in range(_STEPS):
        walk = first + _STAY * (step @ walk)
    walk[columns, np.arange(len(columns))] = 0.0
    if kept < len(columns):
        least = np.partition(walk, -kept, axis=1)[:, -kept, None]
        walk = np.where(walk >= least, walk, 0.0)
    return sparse.csr_array(np.sqrt(walk))
