"""Growth by linear MOMA: the cell moves its fluxes as little as a deletion allows.

Segre, Vitkup & Church, PNAS 99:15112 (2002), with the sum of absolute changes for the distance (Becker et al.,
Nature Protocols 2:727, 2007). The wild type's fluxes are those of greatest growth with the least total flux (Lewis et
al., Molecular Systems Biology 6:390, 2010). Several distributions may lie equally near; of these the one that grows
most is taken, so that the growth of a knockout has one value.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.programs.flux import CARRIED, FluxBalance, Optimum, no_optimum
from pipeline_lib.metabolism.programs.linear_program import ATTEMPTS, TOLERANCE, LinearProgram, Outcome, WarmSolver
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork

_SLACK = 1e-9
"""Part of the greatest growth that the reference may lack, for the solver's tolerance."""
_PRIMAL_FIRST = (ATTEMPTS[2], ATTEMPTS[1], ATTEMPTS[3])


def total_weight(reduced: ReducedNetwork) -> NDArray[np.float64]:
    """Return what one unit of each column's flux adds to the sum of the reactions' absolute fluxes, float64 [n]."""
    weight = np.zeros(reduced.size)
    alive = reduced.column >= 0
    np.add.at(weight, reduced.column[alive], np.abs(reduced.scale[alive]))
    return weight


def reference_flux(reduced: ReducedNetwork) -> NDArray[np.float64]:
    """Return the wild type's fluxes, float64 [n]: greatest growth, then least total flux.

    Raises
    ------
    PipelineError
        When the wild type has no optimum.
    """
    growth = FluxBalance(reduced).solve(np.empty(0, dtype=np.int32), None).growth
    S, c = reduced.stoichiometry, sparse.csc_array(reduced.objective[None])
    weight = total_weight(reduced)
    # The last column is the growth, the last row its definition; flux = forward - backward.
    outcome = WarmSolver(
        LinearProgram(
            matrix=_with_total(sparse.hstack([S, -S]), sparse.hstack([c, -c])),
            lower=np.concatenate(
                [np.maximum(reduced.lower, 0), np.maximum(-reduced.upper, 0), [growth * (1 - _SLACK)]]
            ),
            upper=np.concatenate([np.maximum(reduced.upper, 0), np.maximum(-reduced.lower, 0), [np.inf]]),
            cost=np.concatenate([weight, weight, [0.0]]),
        )
    ).solve(np.empty(0, dtype=np.int32), np.empty(0))
    if outcome.status != "optimal":
        raise PipelineError("the wild type has no optimal fluxes; check the model's medium and its objective.")
    flux = outcome.values[: reduced.size] - outcome.values[reduced.size : -1]
    return np.clip(np.where(np.abs(flux) > CARRIED, flux, 0.0), reduced.lower, reduced.upper)


class MinimalAdjustment:
    """Growth of the fluxes nearest to a reference.

    The variables are the rise and the fall of every column's flux; their weighted sum is the distance. A first program
    finds the least distance; a second the greatest growth among the fluxes at that distance, which are those where
    every variable with a reduced cost in the first program stays where it is.

    Parameters
    ----------
    reduced
        The reduced network of n columns.
    reference
        float64 [n]; by default `reference_flux`.
    """

    def __init__(self, reduced: ReducedNetwork, reference: NDArray[np.float64] | None = None) -> None:
        self.reference = reference_flux(reduced) if reference is None else reference
        self._reduced = reduced
        weight = total_weight(reduced)
        matrix = sparse.csc_array(sparse.hstack([reduced.stoichiometry, -reduced.stoichiometry]))
        lower = np.zeros(2 * reduced.size)
        upper = np.concatenate([reduced.upper - self.reference, self.reference - reduced.lower])
        growth = np.concatenate([reduced.objective, -reduced.objective])
        self.basis_size = sum(matrix.shape)
        self._nearest = WarmSolver(LinearProgram(matrix, lower, upper, np.concatenate([weight, weight])))
        self._greatest = WarmSolver(LinearProgram(matrix, lower, upper, -growth), _PRIMAL_FIRST)

    def adjust(
        self, shut: NDArray[np.int32], start: NDArray[np.int8] | None = None
    ) -> tuple[Outcome, NDArray[np.float64]]:
        """Move the reference as little as shutting columns allows.

        Parameters
        ----------
        shut
            int32 [k]: the columns at zero.
        start
            A basis to start from.

        Returns
        -------
        (outcome, flux)
            The last program's outcome, with the first one's basis and least distance for its basis and objective; the
            columns' fluxes, float64 [n], NaN unless optimal.
        """
        size = self._reduced.size
        fixed = np.concatenate([shut, shut + size]).astype(np.int32)
        at = np.concatenate([np.maximum(-self.reference[shut], 0), np.maximum(self.reference[shut], 0)])
        near = self._nearest.solve(fixed, at, start)
        if near.status != "optimal":
            return near, near.values[:size]
        settled = np.abs(near.reduced_costs) > TOLERANCE
        settled[fixed] = True
        stay = np.flatnonzero(settled).astype(np.int32)
        fittest = self._greatest.solve(stay, near.values[stay], near.basis)
        flux = self.reference + fittest.values[:size] - fittest.values[size:]
        return replace(fittest, objective=near.objective, basis=near.basis), flux

    def solve(self, shut: NDArray[np.int32], start: NDArray[np.int8] | None) -> Optimum:
        """Return the optimum with the columns `shut` at zero, from the basis `start` where one is given."""
        outcome, flux = self.adjust(shut, start)
        if outcome.status != "optimal":
            return no_optimum(outcome, self._reduced.size)
        growth = max(float(self._reduced.objective @ flux), 0.0)
        return Optimum("optimal", growth, np.abs(flux) > CARRIED, outcome.basis)


def _with_total(matrix: sparse.csc_array, total: sparse.csc_array) -> sparse.csc_array:
    """Append a column that equals the row `total` times the other columns."""
    one = sparse.csc_array(np.array([[-1.0]]))
    return sparse.csc_array(sparse.block_array([[matrix, None], [total, one]]))
