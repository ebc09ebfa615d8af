"""Growth by linear MOMA: the cell moves its fluxes as little as a deletion allows.

Segre, Vitkup & Church, PNAS 99:15112 (2002), with the sum of absolute changes for the distance (Becker et al.,
Nature Protocols 2:727, 2007). The wild type's fluxes are those of greatest growth with the least total flux (Lewis et
al., Molecular Systems Biology 6:390, 2010). Several distributions may lie equally near; of these the one that grows
most is taken, so that the growth of a knockout has one value.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.flux import CARRIED, FluxBalance, Optimum, unsettled
from pipeline_lib.metabolism.linear_program import ATTEMPTS, LinearProgram, Outcome, WarmSolver
from pipeline_lib.metabolism.network_reduction import ReducedNetwork

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

    The variables are the rise and the fall of every column's flux; their weighted sum is the distance, the last
    column. A first program finds the least distance, a second the greatest growth at that distance.

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
        S, weight = reduced.stoichiometry, sparse.csc_array(total_weight(reduced)[None])
        size, distance = reduced.size, 2 * reduced.size
        matrix = _with_total(sparse.hstack([S, -S]), sparse.hstack([weight, weight]))
        self.basis_size = sum(matrix.shape)
        lower = np.zeros(distance + 1)
        upper = np.concatenate([reduced.upper - self.reference, self.reference - reduced.lower, [np.inf]])
        nearest, greatest = np.zeros(distance + 1), np.zeros(distance + 1)
        nearest[distance] = 1.0
        greatest[:size], greatest[size:distance] = -reduced.objective, reduced.objective
        self._nearest = WarmSolver(LinearProgram(matrix, lower, upper, nearest))
        self._greatest = WarmSolver(LinearProgram(matrix, lower, upper, greatest), _PRIMAL_FIRST)

    def adjust(self, shut: NDArray[np.int32], start: NDArray[np.int8] | None = None) -> tuple[float, Outcome]:
        """Return the least distance to the reference with the columns `shut` at zero, and the fluxes' program.

        The outcome's values are rises, float64 [n], falls, float64 [n], and the distance.
        """
        size = self._reduced.size
        fixed = np.concatenate([shut, shut + size]).astype(np.int32)
        at = np.concatenate([np.maximum(-self.reference[shut], 0), np.maximum(self.reference[shut], 0)])
        near = self._nearest.solve(fixed, at, start)
        if near.status != "optimal":
            return float("nan"), near
        distance = np.int32(2 * size)
        fixed, at = np.append(fixed, distance), np.append(at, near.objective)
        return near.objective, self._greatest.solve(fixed, at, near.basis)

    def solve(self, shut: NDArray[np.int32], start: NDArray[np.int8] | None) -> Optimum:
        """Return the optimum with the columns `shut` at zero, from the basis `start` where one is given."""
        _, outcome = self.adjust(shut, start)
        size = self._reduced.size
        if outcome.status != "optimal":
            return unsettled(outcome, size)
        flux = self.reference + outcome.values[:size] - outcome.values[size:-1]
        growth = max(float(self._reduced.objective @ flux), 0.0)
        return Optimum("optimal", growth, np.abs(flux) > CARRIED, outcome.basis)


def _with_total(matrix: sparse.csc_array, total: sparse.csc_array) -> sparse.csc_array:
    """Append a column that equals the row `total` times the other columns."""
    one = sparse.csc_array(np.array([[-1.0]]))
    return sparse.csc_array(sparse.block_array([[matrix, None], [total, one]]))
