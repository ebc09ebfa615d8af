"""Whether a genotype survives and, where it does, one thin flux distribution that shows it.

A flux distribution that keeps growth above the threshold proves that every deletion which shuts nothing it carries is
viable: the pruning of Fast-SL (Pratapa, Balachandran & Raman, Bioinformatics 31:3299, 2015), there with the optimum of
a sub-genotype. Here any distribution found so far serves, and each is made thin on purpose: of those with a tenth of
the wild type's growth, the one with the least weighted sum of absolute fluxes, the weights at random, so that
distributions found for different genotypes take different routes.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.programs.flux import CARRIED, FluxBalance, Optimum
from pipeline_lib.metabolism.programs.linear_program import LinearProgram, WarmSolver
from pipeline_lib.metabolism.programs.moma import total_weight
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork
from pipeline_lib.metabolism.programs.optima import Problem

_KEPT_GROWTH = 0.1
"""Part of the wild type's growth that a thin distribution keeps: little, so that it needs few routes, and enough for
trace requirements to stay above the solver's tolerance."""
_MARGIN = 1.01
"""Growth over the threshold that a thin distribution has at least."""
_DECADES = 2.0


@dataclass(frozen=True)
class SurvivalProblem(Problem):
    """Growth against a threshold.

    Attributes
    ----------
    threshold
        Growth, 1/h, below which a genotype counts as lethal.
    wild_type
        Growth of the wild type, 1/h.
    """

    threshold: float
    wild_type: float

    def optimiser(self) -> "Survival":
        """Return what decides one genotype."""
        return Survival(self.reduced, self.threshold, self.wild_type)

    def digest(self) -> bytes:
        """Return a hash of everything that the outcomes depend on beside what is shut."""
        content = f"{self.threshold!r} {_KEPT_GROWTH} {_MARGIN} {_DECADES}".encode()
        return hashlib.sha256(super().digest() + content).digest()


class Survival:
    """Greatest growth of a reduced network and, above the threshold, the columns of a thin flux distribution."""

    def __init__(self, reduced: ReducedNetwork, threshold: float, wild_type: float) -> None:
        self._balance = FluxBalance(reduced)
        self._threshold, self._wild_type = threshold, wild_type
        self._size = reduced.size
        self.basis_size = self._balance.basis_size
        self._weight = total_weight(reduced)
        self._thin = WarmSolver(_thin_program(reduced, self._weight))

    def solve(self, shut: NDArray[np.int32], start: NDArray[np.int8] | None) -> Optimum:
        """Return growth with the columns `shut` at zero; `carried` are the columns of a thin distribution.

        Where growth is below the threshold, or no thin distribution was found, those of the optimum.
        """
        found = self._balance.solve(shut, start)
        if not found.growth >= self._threshold:
            return found
        kept = max(self._threshold * _MARGIN, min(_KEPT_GROWTH * self._wild_type, found.growth / 2))
        if kept > found.growth:
            return found
        random = np.random.default_rng(list(hashlib.sha256(shut.tobytes()).digest()[:16]))
        weight = self._weight * 10 ** random.uniform(-_DECADES, _DECADES, self._size)
        self._thin.minimise(np.concatenate([weight, weight, [0.0]]))
        growth = np.int32(2 * self._size)
        fixed = np.concatenate([shut, shut + self._size, [growth]]).astype(np.int32)
        outcome = self._thin.solve(fixed, np.concatenate([np.zeros(2 * len(shut)), [kept]]))
        if outcome.status != "optimal":
            return found
        flux = outcome.values[: self._size] - outcome.values[self._size : -1]
        return Optimum("optimal", found.growth, np.abs(flux) > CARRIED, found.basis)


def _thin_program(reduced: ReducedNetwork, weight: NDArray[np.float64]) -> LinearProgram:
    """Return the program over forward and backward fluxes, and growth as its last column."""
    S, c = reduced.stoichiometry, sparse.csc_array(reduced.objective[None])
    minus = sparse.csc_array(np.array([[-1.0]]))
    matrix = sparse.block_array([[S, -S, None], [c, -c, minus]])
    lower = np.concatenate([np.maximum(reduced.lower, 0), np.maximum(-reduced.upper, 0), [0.0]])
    upper = np.concatenate([np.maximum(reduced.upper, 0), np.maximum(-reduced.lower, 0), [np.inf]])
    return LinearProgram(sparse.csc_array(matrix), lower, upper, np.concatenate([weight, weight, [0.0]]))
