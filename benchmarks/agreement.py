"""Hold the growth of knockouts against a peer's, and let a third solver judge where the two differ."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork


def peer_errors(
    network: MetabolicNetwork,
    genotypes: NDArray[np.int64],
    ours: NDArray[np.float64],
    peer: NDArray[np.float64],
    wild_type: float,
) -> int:
    """Return how many of the peer's growths are wrong; none of ours may be.

    GLPK, which cobra ships with, gives one and the same knockout of yeast-GEM (YOR278W) growth 0 or that of the wild
    type, as the knockouts before it leave its basis. Where ours and the peer's differ, the whole program, nothing
    reduced, is solved from nothing by scipy, and ours must be equal to that.

    Parameters
    ----------
    genotypes
        int64 [n, k]: gene indices.
    ours, peer
        float64 [n], 1/h.
    wild_type
        1/h.
    """
    limit = 1e-6 * wild_type
    differ = np.flatnonzero(np.abs(ours - peer) > limit + 1e-6 * np.abs(peer))
    blocked = network.rules.blocked_reactions(network.genotype_matrix(genotypes[differ])).toarray().astype(bool)
    for row, shut in zip(differ, blocked, strict=True):
        lower, upper = np.where(shut, 0.0, network.lower), np.where(shut, 0.0, network.upper)
        whole = linprog(
            -network.objective,
            A_eq=network.stoichiometry,
            b_eq=np.zeros(network.stoichiometry.shape[0]),
            bounds=np.stack([lower, upper], axis=1),
        )
        growth = -whole.fun if whole.status == 0 else 0.0
        np.testing.assert_allclose(ours[row], growth, rtol=1e-6, atol=limit)
    return len(differ)
