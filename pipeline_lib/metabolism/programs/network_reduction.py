"""Shrink a metabolic network without changing the growth of any knockout.

Two exact steps, known from the enumeration of elementary modes (Gagneur & Klamt, BMC Bioinformatics 5:175, 2004):
a flux direction whose substrate cannot be made or whose product cannot be used is shut, and two reactions that are
alone on a metabolite carry proportional fluxes, so one column stands for both. Beside speed this is what makes trace
requirements exact: a cofactor needed at 1e-7 mmol/gDW/h lies below a solver's feasibility tolerance when it is a
metabolite balance of its own, and growth without it would pass as feasible.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork

Column = dict[int, float]


class UnmetFluxError(PipelineError):
    """No steady state carries a flux that the bounds force."""


_CANCELLED = 1e-12
"""A sum of two coefficients below this fraction of either is a cancellation."""


@dataclass(frozen=True)
class ReducedNetwork:
    """A network of n columns and m balances with the same growth as the R reactions it stands for.

    Attributes
    ----------
    stoichiometry
        float64 csc [m, n].
    lower, upper, objective
        float64 [n].
    column
        int64 [R]: the column that carries a reaction's flux; -1 where it can carry none.
    scale
        float64 [R]: flux of the reaction for one unit of its column's flux; 0 where it can carry none.
    """

    stoichiometry: sparse.csc_array
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    objective: NDArray[np.float64]
    column: NDArray[np.int64]
    scale: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of columns n."""
        return len(self.lower)

    def expand(self, flux: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the reactions' fluxes, float64 [R], for the columns' fluxes, float64 [n]."""
        return np.where(self.column >= 0, flux[self.column] * self.scale, 0.0)


def reduce_network(network: "MetabolicNetwork") -> ReducedNetwork:
    """Drop what can carry no flux and merge what can only carry proportional flux.

    Raises
    ------
    UnmetFluxError
        When the medium cannot meet a forced flux.
    PipelineError
        When a reaction with a forced flux has a gene rule: its deletion would loosen the network, and growth would not
        be monotone in the deletions.
    """
    forced = (network.lower > 0) | (network.upper < 0)
    ruled = np.flatnonzero(forced & network.rules.has_rule)
    if len(ruled):
        raise PipelineError(
            f"reaction '{network.reactions[ruled[0]]}' has both a gene rule and a forced flux (bounds "
            f"{network.lower[ruled[0]]:g} to {network.upper[ruled[0]]:g}); let its bounds include zero."
        )
    lower, upper = _shut_dead_ends(network)
    unmet = np.flatnonzero(forced & (lower <= 0) & (upper >= 0))
    if len(unmet):
        raise unmet_flux(network, int(unmet[0]))
    merging = _Merging(network.stoichiometry, lower, upper, forced)
    merging.run()
    return _gather(network, merging)


def unmet_flux(network: "MetabolicNetwork", reaction: int) -> UnmetFluxError:
    """Return the error of a reaction whose forced flux no steady state carries."""
    return UnmetFluxError(
        f"the medium cannot meet the forced flux of reaction '{network.reactions[reaction]}' (bounds "
        f"{network.lower[reaction]:g} to {network.upper[reaction]:g}); feed what it needs, or let its bounds "
        "include zero."
    )


def _shut_dead_ends(network: "MetabolicNetwork") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bounds with every direction shut that a metabolite without source or sink forbids."""
    matrix = network.stoichiometry
    made, used = (sparse.csr_array(matrix > 0, dtype=np.int64), sparse.csr_array(matrix < 0, dtype=np.int64))
    touched = made + used
    lower, upper = network.lower.copy(), network.upper.copy()
    while True:
        forward, backward = (upper > 0).astype(np.int64), (lower < 0).astype(np.int64)
        no_source = (made @ forward + used @ backward == 0).astype(np.int64)
        no_sink = (used @ forward + made @ backward == 0).astype(np.int64)
        alone = touched.T @ (touched @ (forward | backward) == 1).astype(np.int64) > 0
        no_forward = (upper > 0) & (alone | (used.T @ no_source + made.T @ no_sink > 0))
        no_backward = (lower < 0) & (alone | (made.T @ no_source + used.T @ no_sink > 0))
        if not (no_forward.any() or no_backward.any()):
            return lower, upper
        upper[no_forward] = 0.0
        lower[no_backward] = 0.0
        # A flux forced in a direction that is shut shows as a bound of the wrong sign.
        lower, upper = np.minimum(lower, upper), np.maximum(lower, upper)


class _Merging:
    """Merge the two columns that are alone on a balance, until no balance has fewer than three."""

    def __init__(
        self,
        matrix: sparse.csc_array,
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
        forced: NDArray[np.bool_],
    ) -> None:
        alive = np.flatnonzero((lower < 0) | (upper > 0)).tolist()
        pointer, index, data = matrix.indptr, matrix.indices.tolist(), matrix.data.tolist()
        self.columns: dict[int, Column] = {
            j: dict(zip(index[pointer[j] : pointer[j + 1]], data[pointer[j] : pointer[j + 1]], strict=True))
            for j in alive
        }
        self.bounds = {j: (float(lower[j]), float(upper[j])) for j in alive}
        # A forced flux is never merged: fixing its partner at zero must leave the balance violated, not vanish.
        self.forced = set(np.flatnonzero(forced).tolist())
        self.members: dict[int, list[tuple[int, float]]] = {j: [(j, 1.0)] for j in alive}
        self.rows: dict[int, set[int]] = defaultdict(set)
        for j, column in self.columns.items():
            for i in column:
                self.rows[i].add(j)
        self.waiting = sorted((i for i, found in self.rows.items() if len(found) < 3), reverse=True)

    def run(self) -> None:
        while self.waiting:
            row = self.waiting.pop()
            touching = sorted(self.rows[row], key=lambda j: (-len(self.columns[j]), j))
            if len(touching) == 1 and touching[0] not in self.forced:
                self._drop(touching[0])
            elif len(touching) == 2 and not self.forced.intersection(touching):
                self._merge(touching[0], touching[1], row)

    def _drop(self, column: int) -> None:
        for row in self.columns.pop(column):
            self._leave(row, column)

    def _merge(self, kept: int, gone: int, row: int) -> None:
        """Substitute v_gone = ratio v_kept, which the balance of `row` demands."""
        ratio = -self.columns[kept][row] / self.columns[gone][row]
        low, high = sorted(bound / ratio for bound in self.bounds[gone])
        bounds = (max(self.bounds[kept][0], low), min(self.bounds[kept][1], high))
        self.bounds[kept] = bounds
        self.members[kept] += [(reaction, ratio * scale) for reaction, scale in self.members[gone]]
        target = self.columns[kept]
        for i, coefficient in self.columns.pop(gone).items():
            change = ratio * coefficient
            total = target.get(i, 0.0) + change
            if i == row or abs(total) < _CANCELLED * abs(change):
                target.pop(i, None)
                self._leave(i, kept)
            else:
                target[i] = total
                self.rows[i].add(kept)
            self._leave(i, gone)
        if bounds[0] == 0 == bounds[1]:
            self._drop(kept)

    def _leave(self, row: int, column: int) -> None:
        found = self.rows[row]
        found.discard(column)
        if 0 < len(found) < 3:
            self.waiting.append(row)


def _gather(network: "MetabolicNetwork", merging: _Merging) -> ReducedNetwork:
    """Collect the columns and balances that are left as arrays."""
    kept = sorted(merging.columns)
    rows = {i: n for n, i in enumerate(sorted({i for column in merging.columns.values() for i in column}))}
    entries = [(rows[i], n, value) for n, j in enumerate(kept) for i, value in merging.columns[j].items()]
    row, position, value = (np.array(part) for part in zip(*entries, strict=True)) if entries else ([], [], [])
    column = np.full(len(network.lower), -1, dtype=np.int64)
    scale = np.zeros(len(network.lower))
    for n, j in enumerate(kept):
        for reaction, factor in merging.members[j]:
            column[reaction], scale[reaction] = n, factor
    objective = np.zeros(len(kept))
    np.add.at(objective, column[column >= 0], (network.objective * scale)[column >= 0])
    return ReducedNetwork(
        stoichiometry=sparse.csc_array((value, (row, position)), shape=(len(rows), len(kept))),
        lower=np.array([merging.bounds[j][0] for j in kept]),
        upper=np.array([merging.bounds[j][1] for j in kept]),
        objective=objective,
        column=column,
        scale=scale,
    )
