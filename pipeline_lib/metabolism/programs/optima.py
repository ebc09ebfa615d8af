"""Solve a batch of knockouts by flux balance or by linear MOMA, or see whether each survives at all.

Linear MOMA: Segre, Vitkup & Church, PNAS 99:15112 (2002), with the sum of absolute changes for the distance (Becker et
al., Nature Protocols 2:727, 2007). The wild type's fluxes are those of greatest growth with the least total flux (Lewis
et al., Molecular Systems Biology 6:390, 2010). Several distributions may lie equally near; of these the one that grows
most is taken, so that the growth of a knockout has one value.

This module is what the worker processes import: it stays free of pandas and of the pipeline's tables.

A flux distribution that keeps growth above the threshold proves that every deletion which shuts nothing it carries is
viable: the pruning of Fast-SL (Pratapa, Balachandran & Raman, Bioinformatics 31:3299, 2015), there with the optimum of
a sub-genotype. Here any distribution found so far serves, and each is made thin on purpose: of those with a tenth of
the wild type's growth, the one with the least weighted sum of absolute fluxes, the weights at random, so that
distributions found for different genotypes take different routes.
"""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.programs.linear_program import (
    ATTEMPTS,
    STATUSES,
    TOLERANCE,
    LinearProgram,
    Outcome,
    WarmSolver,
)
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork
from pipeline_lib.metabolism.programs.wild_type import (
    CARRIED,
    BitSets,
    FluxBalance,
    Method,
    Optimiser,
    Optimum,
    no_optimum,
    pack,
    unpack,
    words,
)

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


@dataclass(frozen=True)
class Problem:
    """What is solved: the reduced network and how the cell adjusts to a deletion."""

    reduced: ReducedNetwork
    method: Method

    def optimiser(self) -> Optimiser:
        """Return the optimiser of the method."""
        return FluxBalance(self.reduced) if self.method == "fba" else MinimalAdjustment(self.reduced)

    def digest(self) -> bytes:
        """Return a hash of everything that the optima depend on beside what is shut."""
        reduced = self.reduced
        content = hashlib.sha256(f"{self.method} {TOLERANCE} {ATTEMPTS} HiGHS {highspy.Highs().version()}".encode())
        for array in (
            reduced.stoichiometry.indptr,
            reduced.stoichiometry.indices,
            reduced.stoichiometry.data,
            reduced.lower,
            reduced.upper,
            reduced.objective,
            reduced.column,
            reduced.scale,
        ):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.digest()


@dataclass(frozen=True)
class Optima:
    """The optima of k programs over n columns and m balances.

    Attributes
    ----------
    status
        int8 [k]: position in `pipeline_lib.metabolism.programs.linear_program.STATUSES`.
    growth
        float64 [k], 1/h; NaN where the solver failed.
    carried
        uint64 [k, W]: the columns that carry flux.
    basis
        int8 [k, b]: warm starts for further deletions; rows of -1 where there is none.
    """

    status: NDArray[np.int8]
    growth: NDArray[np.float64]
    carried: BitSets
    basis: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.status)


FIELDS = ("status", "growth", "carried", "basis")


def join(parts: Sequence[Optima]) -> Optima:
    """Put the optima of several batches one after another."""
    return Optima(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))


def settle(optimiser: Optimiser, shut: BitSets, start: NDArray[np.int8], size: int) -> Optima:
    """Solve programs over `size` columns one by one; each depends on its own row of `start` alone."""
    status, growth = np.empty(len(shut), dtype=np.int8), np.empty(len(shut))
    carried = np.empty((len(shut), words(size)), dtype=np.uint64)
    basis = np.full((len(shut), optimiser.basis_size), -1, dtype=np.int8)
    for row, columns in enumerate(unpack(shut, size)):
        warm = start[row] if start[row, 0] >= 0 else None
        optimum = optimiser.solve(np.flatnonzero(columns).astype(np.int32), warm)
        status[row], growth[row] = STATUSES.index(optimum.status), optimum.growth
        carried[row] = pack(optimum.carried[None])[0]
        basis[row, : len(optimum.basis)] = optimum.basis
    return Optima(status, growth, carried, basis)


def settle_once(optimiser: Optimiser, shut: BitSets, start: NDArray[np.int8], size: int, path: Path | None) -> Optima:
    """Read the optima from `path` where an earlier run left them; else solve and leave them there."""
    if path is not None and path.exists():
        with np.load(path) as kept:
            return Optima(*(kept[name] for name in FIELDS))
    optima = settle(optimiser, shut, start, size)
    if path is not None:
        with atomic_path(path) as temporary, temporary.open("wb") as target:
            np.savez(target, **{name: getattr(optima, name) for name in FIELDS})
    return optima


_worker: dict[str, Optimiser] = {}


def _start_worker(problem: Problem) -> None:
    # An interrupt from the keyboard reaches the whole group; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker["optimiser"] = problem.optimiser()


def _end_with_parent() -> None:
    """Leave no orphan behind a parent that was killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def settle_in_worker(shut: BitSets, start: NDArray[np.int8], size: int, path: Path | None) -> Optima:
    """Do `settle_once` with the optimiser of this worker process."""
    return settle_once(_worker["optimiser"], shut, start, size, path)


def worker_processes(problem: Problem, count: int) -> ProcessPoolExecutor:
    """Return an executor of `count` processes, started when first used, for `settle_in_worker` on `problem`."""
    # Spawned, not forked: the parent may hold the threads of pyarrow and polars.
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start_worker, (problem,))


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
