"""Every minimal lethal set of genes up to any order: exact, without repeats, in bounded memory; as a table.

A set is minimal lethal when the cell dies without its genes and lives without any fewer of them. A flux distribution
that a viable genotype P is left with has to be broken by every lethal set that holds P, so the search branches over the
genes that shut something which it carries (the principle of Fast-SL: Pratapa, Balachandran & Raman, Bioinformatics
31:3299, 2015). Beyond Fast-SL: gene rules of any kind by their minimal cut sets; genes with one role as one class; any
distribution found so far spares a program (`pipeline_lib.metabolism.knockouts.solver`); each set is reached once,
because a branch leaves out the genes of the branches before it; and the order is a number.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.conditions import network_on_medium, solver_in_threads
from pipeline_lib.metabolism.knockouts.genotypes import Deletions, deletions_of
from pipeline_lib.metabolism.knockouts.growths import CutSets, gene_classes
from pipeline_lib.metabolism.knockouts.solver import FluxPool, NewSolver, Words
from pipeline_lib.metabolism.medium import Medium
from pipeline_lib.metabolism.model.gem import Model
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.optima import SurvivalProblem
from pipeline_lib.metabolism.programs.wild_type import FluxBalance, pack, reduce_growing_network, unpack

if TYPE_CHECKING:
    from pipeline_lib.metabolism.programs.solving import Solver


_TOGETHER = 256
"""Genotypes that wait for their programs, so that threads have work; too many, and distributions come too late."""

ClassSet = tuple[int, ...]
"""Positions of gene classes, ascending."""


class LethalSearch:
    """The search; made anew for every network, driven by `find`.

    Parameters
    ----------
    deletions
        How deletions act on the reduced network, up to the greatest order.
    solver
        Solves a `pipeline_lib.metabolism.programs.optima.SurvivalProblem`.
    threshold
        Growth, 1/h, below which a genotype is lethal.

    Attributes
    ----------
    cuts
        The cut sets.
    pool
        The flux distributions found so far.
    lethal
        The minimal lethal sets found, of orders that are complete.
    """

    def __init__(self, deletions: Deletions, solver: "Solver", threshold: float) -> None:
        self.cuts = CutSets.of(deletions)
        self.pool = FluxPool(self.cuts.shut_by_one)
        self.lethal: list[ClassSet] = []
        self._solver, self._threshold = solver, threshold
        self._columns = np.zeros((deletions.units, solver.problem.reduced.size), dtype=bool)
        ruled = np.flatnonzero(deletions.unit_of_column >= 0)
        self._columns[deletions.unit_of_column[ruled], ruled] = True
        self._count = len(self.cuts.shut_by_one)
        self._known = np.empty((0, deletions.order), dtype=np.int64)
        self._waiting: list[ClassSet] = []
        self._found: set[ClassSet] = set()
        self._basis = self._settle([()])
        self._order = 0

    def find(self, order: int, console: Console) -> None:
        """Complete the next order: `order` is one more than that of the last call."""
        self._order, self._found = order, set()
        singles, several = self._branches((), np.zeros(self._count, dtype=bool))
        left_out = np.zeros(self._count, dtype=bool)
        for single in track(singles, f"lethal sets of {order}", console=console, transient=True):
            self._enter((single,), left_out)
            left_out[single] = True
        for added in several:
            if not left_out[list(added)].any():
                self._enter(added, left_out)
        self._settle_waiting()
        self.lethal += sorted(self._found)
        width = self._known.shape[1]
        rows = [[*members, *[self._count] * (width - len(members))] for members in self.lethal]
        self._known = np.array(rows, dtype=np.int64).reshape(-1, width)

    def _enter(self, members: ClassSet, left_out: NDArray[np.bool_]) -> None:
        """Look at a set: test it where it has the order that is searched, else at those that hold it."""
        if self._holds_lethal(members):
            return
        if len(members) == self._order:
            self._wait_for([members])
        elif len(members) == self._order - 1:
            self._test_all_with_one_more(members, left_out)
        else:
            singles, several = self._branches(members, left_out)
            mine = left_out.copy()
            for single in singles:
                self._enter(tuple(sorted((*members, single))), mine)
                mine[single] = True
            for added in several:
                if not mine[list(added)].any():
                    self._enter(tuple(sorted((*members, *added))), mine)

    def _branches(self, members: ClassSet, left_out: NDArray[np.bool_]) -> tuple[list[int], list[ClassSet]]:
        """Return what breaks the thinnest distribution of a viable set: classes by themselves, and several together.

        Classes that are left out, and sets of several that hold one which breaks it alone, are not among them.
        """
        inside = self._inside(members)
        missing = self.cuts.size - inside[self.cuts.classes].sum(axis=1)
        thinnest = self._thinnest(members, self.pool.whole(self.cuts.unit[missing == 0]))
        breaks = self.pool.carried[thinnest][self.cuts.unit] & (missing <= self._order - len(members))
        alone = self._lacking_one(inside, breaks & (missing == 1))
        alone &= ~left_out
        together = self.cuts.classes[breaks & (missing > 1)]
        several = set()
        for row in together.tolist():
            added = tuple(one for one in row if one < self._count and not inside[one])
            if not (alone[list(added)].any() or left_out[list(added)].any()):
                several.add(added)
        return np.flatnonzero(alone).tolist(), sorted(several, key=lambda added: (len(added), added))

    def _test_all_with_one_more(self, members: ClassSet, left_out: NDArray[np.bool_]) -> None:
        """Test every set of one class more that can be minimal lethal."""
        inside = self._inside(members)
        missing = self.cuts.size - inside[self.cuts.classes].sum(axis=1)
        whole = self.pool.whole(self.cuts.unit[missing == 0])
        thinnest = self._thinnest(members, whole)
        one_off = missing == 1
        candidates = self._lacking_one(inside, one_off & self.pool.carried[thinnest][self.cuts.unit])
        candidates &= ~left_out & ~self._completing(inside)
        chosen = np.flatnonzero(candidates)
        if not len(chosen):
            return
        lost = self.pool.lost_with[chosen]
        # Cut sets of several classes of which all but one are deleted already.
        rows = np.flatnonzero(one_off & (self.cuts.size > 1))
        if len(rows):
            last = self._last(inside, rows)
            rows, last = rows[candidates[last]], last[candidates[last]]
            np.bitwise_or.at(lost, np.searchsorted(chosen, last), self.pool.carriers[self.cuts.unit[rows]])
        # The pool may have grown by the distribution of this very set.
        left = (self.pool.whole(self.cuts.unit[missing == 0]) & ~lost).any(axis=1)
        self._wait_for(tuple(sorted((*members, one))) for one in chosen[~left].tolist())

    def _thinnest(self, members: ClassSet, whole: Words) -> int:
        """Return the thinnest distribution of a viable set, found by a program where the pool has none."""
        thinnest = self.pool.thinnest(whole)
        if thinnest < 0:
            self._settle([members])
            thinnest = len(self.pool) - 1
        return thinnest

    def _wait_for(self, sets: Iterable[ClassSet]) -> None:
        self._waiting += sets
        if len(self._waiting) >= _TOGETHER:
            self._settle_waiting()

    def _settle_waiting(self) -> None:
        """Solve what waits and has no distribution in the pool by now."""
        waiting, self._waiting = self._waiting, []
        open_sets = [one for one in dict.fromkeys(waiting) if not self.pool.whole(self._shut(one)).any()]
        if open_sets:
            self._settle(open_sets)

    def _settle(self, sets: list[ClassSet]) -> NDArray[np.int8]:
        """Solve sets: those below the threshold are lethal, of the others the distribution joins the pool.

        Returns
        -------
        int8 [n, b]
            The bases of the optima.
        """
        columns = np.zeros((len(sets), self._columns.shape[1]), dtype=bool)
        for row, members in enumerate(sets):
            columns[row] = self._columns[self._shut(members)].any(axis=0)
        start = np.repeat(self._basis, len(sets), axis=0) if sets != [()] else self._solver.cold(1)
        optima = self._solver.solve(pack(columns), start, f"lethal sets of {len(sets[0])}")
        carried = unpack(optima.carried, self._columns.shape[1])
        for row, members in enumerate(sets):
            if optima.growth[row] < self._threshold:
                self._found.add(members)
            else:
                self.pool.add((self._columns & carried[row]).any(axis=1))
        return optima.basis

    def _inside(self, members: ClassSet) -> NDArray[np.bool_]:
        """Return bool [C + 1]: which classes are members; the last stands for no class."""
        inside = np.zeros(self._count + 1, dtype=bool)
        inside[list(members)] = True
        return inside

    def _shut(self, members: ClassSet) -> NDArray[np.int64]:
        """Return the units that a set shuts."""
        inside = self._inside(members)
        return np.asarray(self.cuts.unit[inside[self.cuts.classes].sum(axis=1) == self.cuts.size])

    def _last(self, inside: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class that each of the cut sets, which lack one, lacks."""
        classes = self.cuts.classes[rows]
        return np.asarray(np.where(inside[classes] | (classes == self._count), -1, classes).max(axis=1))

    def _lacking_one(self, inside: NDArray[np.bool_], cuts: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return bool [C]: the classes that the cut sets, which lack one, lack."""
        found = np.zeros(self._count, dtype=bool)
        found[self._last(inside, np.flatnonzero(cuts))] = True
        return found

    def _completing(self, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return bool [C]: the classes that complete a known lethal set."""
        found = np.zeros(self._count, dtype=bool)
        there = inside[self._known]
        lacks = (~there & (self._known < self._count)).sum(axis=1) == 1
        rows = self._known[lacks]
        found[np.where(inside[rows] | (rows == self._count), -1, rows).max(axis=1, initial=-1)] = True
        return found if len(rows) else np.zeros(self._count, dtype=bool)

    def _holds_lethal(self, members: ClassSet) -> bool:
        inside = self._inside(members)
        return bool((inside[self._known] | (self._known == self._count)).all(axis=1).any())


CUTOFF = 0.01
"""Part of the wild type's growth below which a genotype is lethal (Pratapa et al., Bioinformatics 31:3299, 2015)."""


def lethal_sets(
    model: Model,
    order: int = 2,
    *,
    cutoff: float = CUTOFF,
    medium: Medium = "model",
    background: Sequence[str] = (),
    threads: int | None = None,
    kept: Path | str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Find every minimal lethal set of at most `order` genes, exactly.

    Parameters
    ----------
    model, medium, background, threads, progress
        As in `pipeline_lib.metabolism.knockout_growth`.
    order
        Greatest number of genes; any.
    cutoff
        Growth over the wild type's below which a genotype counts as lethal.
    kept
        Folder where solved batches are kept until the work ends: a search that was stopped takes up their results and
        solves nothing twice.

    Returns
    -------
    DataFrame
        genes (tuple of ids, sorted as text), order; no set holds another. ``attrs``: ``wild_type_growth`` (1/h),
        ``programs_solved``.

    Raises
    ------
    PipelineError
        When the model, the medium or the background is at fault, the wild type does not grow, the order or the cutoff
        is out of range, or the solver gave up on a genotype.
    """
    if not isinstance(order, int) or order < 1:
        raise PipelineError(f"the order is a number of deleted genes, at least 1, not {order!r}.")
    if not 0 < cutoff < 1:
        raise PipelineError(f"the cutoff is a part of the wild type's growth between 0 and 1, not {cutoff}.")
    network = network_on_medium(model, medium, background)
    new_solver = solver_in_threads(threads, Path(kept) if kept is not None else None, progress=progress)
    return find_lethal_sets(network, order, cutoff, new_solver)


def find_lethal_sets(network: MetabolicNetwork, order: int, cutoff: float, new_solver: NewSolver) -> pd.DataFrame:
    """Do `lethal_sets` on a network, with the solver that `new_solver` makes."""
    reduced = reduce_growing_network(network)
    wild_type = FluxBalance(reduced).solve(np.empty(0, dtype=np.int32), None).growth
    deletions = deletions_of(network, reduced, order)
    problem = SurvivalProblem(reduced, "fba", cutoff * wild_type, wild_type)
    with new_solver(problem) as solver:
        search = LethalSearch(deletions, solver, problem.threshold)
        for number in range(1, order + 1):
            search.find(number, solver.console)
        programs = solver.solved
    members = [[network.genes[gene] for gene in genes] for genes in gene_classes(deletions).members]
    found = list(_gene_sets(search.lethal, members))
    found.sort(key=lambda genes: (len(genes), genes))
    table = pd.DataFrame({"genes": pd.Series(found, dtype=object), "order": [len(genes) for genes in found]})
    table.attrs = {"wild_type_growth": wild_type, "programs_solved": programs}
    return table


def _gene_sets(sets: Sequence[tuple[int, ...]], members: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the sets of genes that sets of classes stand for: one gene of each class."""
    for classes in sets:
        for genes in product(*(members[one] for one in classes)):
            yield tuple(sorted(genes))
