"""Growth of any number of knockouts with few linear programs.

Three facts, each exact, leave a program for one genotype in a hundred (pairs) to a thousand (triples):
genotypes that shut the same fluxes share one optimum; a deletion that shuts nothing which an optimum of a
sub-genotype carries has that same optimum, because the smaller feasible set still holds it; what is lethal stays
lethal.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import Deletions, deletions_of, sub_genotypes
from pipeline_lib.metabolism.knockouts.growths import Growths
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.optima import Problem
from pipeline_lib.metabolism.programs.solving import Solver, solver_of
from pipeline_lib.metabolism.programs.wild_type import (
    WORD,
    BitSets,
    Method,
    pack,
    reduce_growing_network,
    unique_sets,
    unpack,
)

NewSolver = Callable[[Problem], AbstractContextManager[Solver]]
"""Makes the solver of a problem."""


class KnockoutSolver:
    """Solves the knockouts of one network order by order; made by `knockout_solver`.

    Attributes
    ----------
    growths
        What is solved so far; every step puts a new one in its place.
    programs
        Solves the linear programs.
    """

    def __init__(self, deletions: Deletions, programs: Solver) -> None:
        self.programs = programs
        nothing = pack(np.zeros((1, programs.problem.reduced.size), dtype=bool))
        self.growths = Growths.of_wild_type(deletions, programs.solve(nothing, programs.cold(1), "wild type"))
        self._number_of: dict[bytes, int] = {}
        if not self.growths.wild_type > 0:
            raise PipelineError(
                "the solver gave up on the wild type; look for extreme bounds or coefficients in the model."
            )

    def cover(self, genotypes: NDArray[np.int64]) -> Growths:
        """Solve the genotypes (int64 [n, k], padded with -1) and their sub-genotypes, of the orders not solved yet.

        The orders that are solved must hold the sub-genotypes of those orders already.

        Returns
        -------
        Growths
            All that is solved.
        """
        deletions = self.growths.deletions
        canonical = deletions.canonical(genotypes)
        first, _ = unique_sets(canonical.view(np.uint64))
        by_order = sub_genotypes(canonical[first], len(deletions.stands_for))
        for of_order in by_order[len(self.growths.orders) - 1 :]:
            optimum = self.resolve(of_order)
            self.growths = self.growths.with_order(of_order, optimum)
        return self.growths

    def resolve(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Find the optima of genotypes of the next order, without keeping which genotype has which.

        Parameters
        ----------
        genotypes
            int64 [n, order]: distinct canonical genotypes in lexicographic order, whose every sub-genotype is solved.

        Returns
        -------
        int64 [n]
            The number of each genotype's optimum.
        """
        shut = self.growths.deletions.shut(genotypes)
        parents = self.growths.parents(genotypes)
        optimum, settled = self.growths.inherit(shut, parents)
        pending = np.flatnonzero(~settled)
        if len(pending):
            optimum[pending] = self.solve(shut[pending], parents[pending], f"order {genotypes.shape[1]}")
        return optimum

    def solve(self, shut: BitSets, parents: NDArray[np.int64], what: str) -> NDArray[np.int64]:
        """Solve one program for each distinct set of shut units.

        Each starts from the basis of the sub-genotype that grows least, whose optimum it lies nearest to. A set that an
        earlier call solved is not solved again.

        Parameters
        ----------
        shut
            uint64 [n, W]: the units that each genotype shuts.
        parents
            int64 [n, k]: numbers of the sub-genotypes' optima.
        what
            Text of the progress bar.

        Returns
        -------
        int64 [n]
            The number of each genotype's optimum.
        """
        first, number = unique_sets(shut)
        contents = [shut[row].tobytes() for row in first]
        new = np.array([content not in self._number_of for content in contents], dtype=bool)
        if new.any():
            self._solve_distinct(shut[first[new]], parents[first[new]], what)
        return np.array([self._number_of[content] for content in contents], dtype=np.int64)[number]

    def _solve_distinct(self, shut: BitSets, parents: NDArray[np.int64], what: str) -> None:
        optima = self.growths.optima
        found = self.programs.solve(self._columns(shut), optima.basis[self.growths.slowest(parents)], what)
        self._number_of |= {row.tobytes(): len(optima) + at for at, row in enumerate(shut)}
        self.growths = self.growths.with_optima(found)

    def _columns(self, shut: BitSets) -> BitSets:
        """Turn sets of units into sets of columns."""
        deletions = self.growths.deletions
        unit = deletions.unit_of_column
        members = np.zeros((len(shut), len(unit)), dtype=bool)
        ruled = unit >= 0
        members[:, ruled] = unpack(shut, deletions.units)[:, unit[ruled]]
        return pack(members)


@contextmanager
def knockout_solver(
    network: MetabolicNetwork, order: int, method: Method = "fba", new_solver: NewSolver = solver_of
) -> Iterator[KnockoutSolver]:
    """Yield the solver of a network's genotypes of at most `order` deletions; the wild type is solved.

    Raises
    ------
    PipelineError
        When the wild type does not grow or the network cannot be reduced (see `reduce_growing_network`).
    """
    reduced = reduce_growing_network(network)
    deletions = deletions_of(network, reduced, order)
    with new_solver(Problem(reduced, method)) as programs:
        yield KnockoutSolver(deletions, programs)


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
    new_solver = partial(solver_of, processes=processes, kept=kept)
    with knockout_solver(network, genotypes.shape[1], method, new_solver) as solver:
        return solver.cover(genotypes)


_FIRST_WORDS = 16

Words = NDArray[np.uint64]


class FluxPool:
    """Flux distributions of viable genotypes, by the units that they carry.

    Parameters
    ----------
    shut_by_one
        bool [C, U]: the units that the deletion of each gene shuts by itself.

    Attributes
    ----------
    carried
        bool [capacity, U]: the units that each distribution carries.
    carriers
        uint64 [U, W]: the distributions that carry each unit, a bit each.
    lost_with
        uint64 [C, W]: the distributions that carry a unit which the gene shuts by itself.
    """

    def __init__(self, shut_by_one: NDArray[np.bool_]) -> None:
        genes, units = shut_by_one.shape
        self._shut_by_one = shut_by_one
        self._size = 0
        self._there = np.zeros(_FIRST_WORDS, dtype=np.uint64)
        self._weight = np.empty(_FIRST_WORDS * WORD, dtype=np.int64)
        self.carried = np.zeros((_FIRST_WORDS * WORD, units), dtype=bool)
        self.carriers = np.zeros((units, _FIRST_WORDS), dtype=np.uint64)
        self.lost_with = np.zeros((genes, _FIRST_WORDS), dtype=np.uint64)

    def __len__(self) -> int:
        return self._size

    def add(self, carried: NDArray[np.bool_]) -> None:
        """Take up a distribution that carries the units bool [U]."""
        if self._size == len(self.carried):
            self._grow()
        at, self._size = self._size, self._size + 1
        word, bit = at // WORD, np.uint64(1) << np.uint64(at % WORD)
        lost = (self._shut_by_one & carried).any(axis=1)
        self.carried[at] = carried
        # The fewer genes can break a distribution, the fewer genotypes have to be looked at behind it.
        self._weight[at] = lost.sum()
        self._there[word] |= bit
        self.carriers[carried, word] |= bit
        self.lost_with[lost, word] |= bit

    def whole(self, units: NDArray[np.int64]) -> Words:
        """Return the distributions that carry none of the units, uint64 [W]."""
        return np.asarray(self._there & ~np.bitwise_or.reduce(self.carriers[units], axis=0))

    def thinnest(self, members: Words) -> int:
        """Return the member that the fewest genes can break; -1 of none."""
        at = np.flatnonzero(np.unpackbits(members.view(np.uint8), bitorder="little"))
        return int(at[self._weight[at].argmin()]) if len(at) else -1

    def _grow(self) -> None:
        self._there = np.concatenate([self._there, np.zeros_like(self._there)])
        self._weight = np.concatenate([self._weight, np.zeros_like(self._weight)])
        self.carried = np.concatenate([self.carried, np.zeros_like(self.carried)])
        self.carriers = np.concatenate([self.carriers, np.zeros_like(self.carriers)], axis=1)
        self.lost_with = np.concatenate([self.lost_with, np.zeros_like(self.lost_with)], axis=1)
