"""Growth of any number of knockouts with few linear programs.

Three facts, each exact, leave a program for one genotype in a hundred (pairs) to a thousand (triples):
genotypes that shut the same fluxes share one optimum; a deletion that shuts nothing which an optimum of a
sub-genotype carries has that same optimum, because the smaller feasible set still holds it; what is lethal stays
lethal.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.bit_sets import BitSets, pack, pack_pairs, unique_sets, unpack
from pipeline_lib.metabolism.blocked_sets import Deletions, deletions_of
from pipeline_lib.metabolism.flux import Method
from pipeline_lib.metabolism.genotype_arrays import NO_GENE, keys_of, positions_of, sub_genotypes
from pipeline_lib.metabolism.linear_program import STATUSES
from pipeline_lib.metabolism.network import MetabolicNetwork
from pipeline_lib.metabolism.optima import Optima, Problem, join
from pipeline_lib.metabolism.solving import Solver, solver_of
from pipeline_lib.metabolism.wild_type import reduce_growing_network

FITNESS_DECIMALS = 9
"""Fitness is rounded to the solver's tolerance, so that equal growth reads as equal."""

_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Level:
    """The canonical genotypes of one order.

    Attributes
    ----------
    genotypes
        int64 [n, order], lexicographically sorted.
    keys
        int64 [n]: `keys_of` the genotypes, ascending.
    optimum
        int64 [n]: number of each genotype's optimum.
    """

    genotypes: NDArray[np.int64]
    keys: NDArray[np.int64]
    optimum: NDArray[np.int64]


_NO_ROW = np.empty(0, dtype=np.int64)
_UNSOLVED = Level(_NO_ROW[:, None], _NO_ROW, _NO_ROW)


class Growths:
    """Growth of genotypes by look-up; made by `solve_knockouts`.

    Attributes
    ----------
    deletions
        How deletions act on the reduced network.
    optima
        The distinct optima; number 0 is the wild type's.
    carried
        uint64 [k, W]: the units that each optimum carries.
    levels
        The genotypes solved, by order; position 0 is the wild type.
    """

    def __init__(self, deletions: Deletions, solver: Solver) -> None:
        self.deletions = deletions
        nothing = pack(np.zeros((1, solver.problem.reduced.size), dtype=bool))
        self.optima = solver.solve(nothing, solver.cold(1), "wild type")
        self.carried = self._units(self.optima)
        self._number_of: dict[bytes, int] = {}
        if not self.wild_type > 0:
            raise PipelineError(
                "the solver gave up on the wild type; look for extreme bounds or coefficients in the model."
            )
        zero = np.zeros(1, dtype=np.int64)
        self.levels = [Level(np.empty((1, 0), dtype=np.int64), zero, zero)]

    @property
    def wild_type(self) -> float:
        """Growth without deletions, 1/h."""
        return float(self.optima.growth[0])

    def growth(self, genotypes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return growth, 1/h, float64 [n], of genotypes int64 [n, k]; NaN where the solver failed."""
        return self.optima.growth[self.find(genotypes)]

    def fitness(self, genotypes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return growth over the wild type's, float64 [n], of genotypes int64 [n, k], padded with -1."""
        return self.fitness_of(self.find(genotypes))

    def fitness_of(self, optimum: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return growth over the wild type's, float64 [n], of optima by number."""
        return np.round(self.optima.growth[optimum] / self.wild_type, FITNESS_DECIMALS)

    def status(self, genotypes: NDArray[np.int64]) -> NDArray[np.str_]:
        """Return 'optimal', 'infeasible' or 'failed', str [n]; where a sub-genotype is lethal, its status."""
        return np.array(STATUSES)[self.optima.status[self.find(genotypes)]]

    def cover(self, genotypes: NDArray[np.int64], solver: Solver) -> None:
        """Solve the genotypes (int64 [n, k], padded with -1) and their sub-genotypes, of the orders not solved yet.

        The orders that are solved must hold the sub-genotypes of those orders already.
        """
        canonical = self.deletions.canonical(genotypes)
        first, _ = unique_sets(canonical.view(np.uint64))
        levels = sub_genotypes(canonical[first], len(self.deletions.stands_for))
        for level in levels[len(self.levels) - 1 :]:
            self.extend(level, solver)

    def extend(self, genotypes: NDArray[np.int64], solver: Solver) -> None:
        """Solve the next order.

        Parameters
        ----------
        genotypes
            int64 [n, order]: distinct canonical genotypes in lexicographic order, whose every sub-genotype is solved.
        solver
            Solves what needs a program.
        """
        self.levels.append(Level(genotypes, self._keys(genotypes), self.resolve(genotypes, solver)))

    def resolve(self, genotypes: NDArray[np.int64], solver: Solver) -> NDArray[np.int64]:
        """Return the optimum of each genotype, int64 [n], without keeping the genotypes; else as `extend`."""
        shut = self.deletions.shut(genotypes)
        parents = self.parents(genotypes)
        optimum, settled = self.inherit(shut, parents)
        pending = np.flatnonzero(~settled)
        if len(pending):
            optimum[pending] = self.solve(shut[pending], parents[pending], solver, f"order {genotypes.shape[1]}")
        return optimum

    def parents(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the optima's numbers of the sub-genotypes that lack one gene each, int64 [n, order].

        Raises
        ------
        KeyError
            When a sub-genotype was not solved.
        """
        below = self.levels[genotypes.shape[1] - 1]
        found = [
            below.optimum[positions_of(self._keys(np.delete(genotypes, gene, axis=1)), below.keys)]
            for gene in range(genotypes.shape[1])
        ]
        return np.stack(found, axis=1)

    def inherit(self, shut: BitSets, parents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the genotypes that have the optimum of a sub-genotype.

        Parameters
        ----------
        shut
            uint64 [n, W]: the units that each genotype shuts.
        parents
            int64 [n, k]: numbers of the sub-genotypes' optima.

        Returns
        -------
        (optimum, settled)
            int64 [n]: the number of an optimum of a sub-genotype that carries nothing shut, the one of least growth;
            bool [n]: whether there is one.
        """
        optimum, settled = np.zeros(len(shut), dtype=np.int64), np.zeros(len(shut), dtype=bool)
        growth = np.nan_to_num(self.optima.growth, nan=np.inf)
        for at in range(0, len(shut), _ROWS_AT_ONCE):
            rows = slice(at, at + _ROWS_AT_ONCE)
            touched = (self.carried[parents[rows]] & shut[rows, None]).any(axis=2)
            best = np.where(touched, np.inf, growth[parents[rows]]).argmin(axis=1)[:, None]
            optimum[rows] = np.take_along_axis(parents[rows], best, axis=1)[:, 0]
            settled[rows] = ~np.take_along_axis(touched, best, axis=1)[:, 0]
        return optimum, settled

    def solve(self, shut: BitSets, parents: NDArray[np.int64], solver: Solver, what: str) -> NDArray[np.int64]:
        """Solve one program for each distinct set of shut units and return the optima's numbers, int64 [n].

        Each starts from the basis of the sub-genotype that grows least, whose optimum it lies nearest to. A set that an
        earlier call solved is not solved again.
        """
        first, number = unique_sets(shut)
        contents = [shut[row].tobytes() for row in first]
        new = np.array([content not in self._number_of for content in contents], dtype=bool)
        if new.any():
            self._solve_distinct(shut[first[new]], parents[first[new]], solver, what)
        return np.array([self._number_of[content] for content in contents], dtype=np.int64)[number]

    def _solve_distinct(self, shut: BitSets, parents: NDArray[np.int64], solver: Solver, what: str) -> None:
        growth = np.nan_to_num(self.optima.growth, nan=np.inf)[parents]
        start = np.take_along_axis(parents, growth.argmin(axis=1)[:, None], axis=1)[:, 0]
        found = solver.solve(self._columns(shut), self.optima.basis[start], what)
        known = len(self.optima)
        self._number_of |= {row.tobytes(): known + at for at, row in enumerate(shut)}
        self.optima = join([self.optima, found])
        self.carried = np.concatenate([self.carried, self._units(found)])

    def find(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each genotype's optimum, int64 [n], of genotypes int64 [n, k], padded with -1.

        Raises
        ------
        KeyError
            When a genotype was not solved; names it.
        """
        canonical = self.deletions.canonical(genotypes)
        order = (canonical != NO_GENE).sum(axis=1)
        found = np.zeros(len(canonical), dtype=np.int64)
        for level in range(1, canonical.shape[1] + 1):
            rows = np.flatnonzero(order == level)
            if not len(rows):
                continue
            content = self.levels[level] if level < len(self.levels) else _UNSOLVED
            keys = self._keys(canonical[rows, :level])
            try:
                found[rows] = content.optimum[positions_of(keys, content.keys)]
            except KeyError as error:
                genes = canonical[rows[np.argmax(keys == error.args[0])], :level]
                names = "+".join(self.deletions.network.genes[gene] for gene in genes)
                raise KeyError(f"the growth of {names} was not solved; cover the genotype first") from error
        return found

    def _keys(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        return keys_of(genotypes, len(self.deletions.stands_for))

    def _columns(self, shut: BitSets) -> BitSets:
        """Turn sets of units into sets of columns."""
        unit = self.deletions.unit_of_column
        members = np.zeros((len(shut), len(unit)), dtype=bool)
        ruled = unit >= 0
        members[:, ruled] = unpack(shut, self.deletions.units)[:, unit[ruled]]
        return pack(members)

    def _units(self, optima: Optima) -> BitSets:
        """Turn the sets of columns that the optima carry into sets of units."""
        unit = self.deletions.unit_of_column
        ruled = np.flatnonzero(unit >= 0)
        row, position = np.nonzero(unpack(optima.carried, len(unit))[:, ruled])
        return pack_pairs(row, unit[ruled][position], (len(optima), self.deletions.units))


NewSolver = Callable[[Problem], AbstractContextManager[Solver]]
"""Makes the solver of a problem."""


@contextmanager
def growths_by(
    network: MetabolicNetwork, order: int, method: Method, new_solver: NewSolver
) -> Iterator[tuple[Growths, Solver]]:
    """Yield the growth of the wild type, to be extended to genotypes of at most `order` deletions, and its solver.

    Raises
    ------
    PipelineError
        When the wild type does not grow or the network cannot be reduced (see `reduce_growing_network`).
    """
    reduced = reduce_growing_network(network)
    deletions = deletions_of(network, reduced, order)
    with new_solver(Problem(reduced, method)) as solver:
        yield Growths(deletions, solver), solver


def growths_of(
    network: MetabolicNetwork, order: int, method: Method = "fba", processes: int = 1, kept: Path | None = None
) -> AbstractContextManager[tuple[Growths, Solver]]:
    """Do `growths_by` with worker processes; see `pipeline_lib.metabolism.solving.solver_of`."""
    return growths_by(network, order, method, partial(solver_of, processes=processes, kept=kept))


def solve_knockouts(
    network: MetabolicNetwork,
    genotypes: NDArray[np.int64],
    method: Method = "fba",
    processes: int = 1,
    kept: Path | None = None,
) -> Growths:
    """Solve genotypes and all their sub-genotypes.

    Parameters
    ----------
    network
        The metabolic network.
    genotypes
        int64 [n, k]: gene indices, padded with -1; genes without a role in the network are allowed.
    method
        'fba': greatest growth; 'moma': growth of the flux distribution nearest to the wild type's.
    processes
        Number of worker processes; the result does not depend on it.
    kept
        Folder where solved batches are kept until the work ends, so that a stopped run can be taken up.

    Raises
    ------
    PipelineError
        When the wild type does not grow or the network cannot be reduced (see `reduce_growing_network`).
    """
    with growths_of(network, genotypes.shape[1], method, processes, kept) as (growths, solver):
        growths.cover(genotypes, solver)
    return growths
