"""Every triple of a model's genes, exactly: the trigenic interactions that are not zero, and the counts of the rest.

Genes with the same effect in every deletion of up to three genes form a class, and one triple of classes stands for all
triples of their members. A class triple gets the optimum of one of its pairs wherever that carries nothing of what
the triple shuts; only the rest need linear programs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from pipeline_lib.metabolism.knockouts.gene_classes import GeneClasses, PairTable, gene_classes, pair_table
from pipeline_lib.metabolism.knockouts.genotype_arrays import choose, positions_of
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS
from pipeline_lib.metabolism.knockouts.interaction_scores import NONZERO, tau
from pipeline_lib.metabolism.knockouts.solver import KnockoutSolver, NewSolver, knockout_solver
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.bit_sets import BitSets
from pipeline_lib.metabolism.programs.flux import Method
from pipeline_lib.metabolism.programs.solving import solver_of


@dataclass(frozen=True)
class TripleSearch:
    """What became of every class triple.

    Attributes
    ----------
    classes
        The classes.
    pairs
        The pairs of viable classes.
    triples
        int64 [t, 3]: ascending positions in `pairs` of the class triples whose tau is not zero or not known; a class
        that stands there more than once stands for as many of its genes.
    fitness, tau
        float64 [t]; NaN where the solver failed.
    lethal
        int64 [l, 3]: class triples that are lethal although their pairs are viable.
    lethal_pairs
        Number of triples of genes that hold a lethal pair of viable genes.
    programs
        Linear programs solved for at most two deleted genes, and for three.
    """

    classes: GeneClasses
    pairs: PairTable
    triples: NDArray[np.int64]
    fitness: NDArray[np.float64]
    tau: NDArray[np.float64]
    lethal: NDArray[np.int64]
    lethal_pairs: int
    programs: tuple[int, int]


@dataclass(frozen=True)
class _Sweep:
    """Triples with one first class: positions, int64 [t, 3], what they shut, uint64 [t, W], their pairs' optima."""

    triples: NDArray[np.int64]
    shut: BitSets
    parents: NDArray[np.int64]


def search_triples(
    network: MetabolicNetwork, method: Method = "fba", processes: int = 1, kept: Path | None = None
) -> TripleSearch:
    """Find every trigenic interaction among the model's genes.

    Parameters
    ----------
    network
        The metabolic network.
    method
        'fba' or 'moma'.
    processes
        Number of worker processes for the linear programs; the result does not depend on it.
    kept
        Folder where solved batches are kept until the work ends, so that a stopped search can be taken up.
    """
    return search_triples_by(network, method, partial(solver_of, processes=processes, kept=kept))


def search_triples_by(network: MetabolicNetwork, method: Method, new_solver: NewSolver) -> TripleSearch:
    """Find every trigenic interaction among the model's genes with the solver that `new_solver` makes."""
    with knockout_solver(network, 3, method, new_solver) as solver:
        classes = gene_classes(solver.growths.deletions)
        # The pairs of a single class are none, and hold no singles.
        solver.cover(choose(classes.representatives, 1))
        pairs = pair_table(solver.cover(choose(classes.representatives, 2)), classes)
        foundation = solver.programs.solved
        triples, fitness, lethal = _settle_triples(solver, pairs)
        within, within_fitness = _interacting(pairs, *_triples_within_classes(pairs))
        triples, fitness = np.concatenate([triples, within]), np.concatenate([fitness, within_fitness])
        return TripleSearch(
            classes=classes,
            pairs=pairs,
            triples=triples,
            fitness=fitness,
            tau=taus(pairs, triples, fitness),
            lethal=lethal,
            lethal_pairs=_count_lethal_pairs(classes, pairs),
            programs=(foundation, solver.programs.solved - foundation),
        )


def _settle_triples(
    solver: KnockoutSolver, pairs: PairTable
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the triples of distinct classes with tau that is not zero, their fitness, and the newly lethal ones."""
    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = [(np.empty((0, 3), dtype=np.int64), np.empty(0))]
    pending = [_Sweep(found[0][0], pairs.irreducible_shut[:0], found[0][0])]
    growths = solver.growths
    for sweep in _sweeps(pairs, solver.programs.console):
        optimum, settled = growths.inherit(sweep.shut, sweep.parents)
        rows = np.flatnonzero(settled)
        found.append(_interacting(pairs, sweep.triples[rows], growths.fitness_of(optimum[rows])))
        rest = np.flatnonzero(~settled)
        pending.append(_Sweep(sweep.triples[rest], sweep.shut[rest], sweep.parents[rest]))
    triples, shut, parents = (
        np.concatenate([getattr(part, name) for part in pending]) for name in ("triples", "shut", "parents")
    )
    lethal = np.empty((0, 3), dtype=np.int64)
    if len(triples):
        optimum = solver.solve(shut, parents, "triples")
        fitness = solver.growths.fitness_of(optimum)
        found.append(_interacting(pairs, triples, fitness))
        lethal = triples[fitness == 0]
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found]), lethal


def _sweeps(pairs: PairTable, console: Console) -> Iterator[_Sweep]:
    """Yield all triples of distinct classes, those with the same first class together."""
    size = len(pairs.genes)
    starts = np.searchsorted(pairs.irreducible[:, 0], np.arange(size + 1))
    for i in track(range(size - 2), "triples without a program", console=console, transient=True):
        j, k = (part + i + 1 for part in np.triu_indices(size - i - 1, 1))
        shut = pairs.shut[i, j] | pairs.shut[i, k] | pairs.shut[j, k]
        special = slice(starts[i], starts[i + 1])
        _, second, third = pairs.irreducible[special].T
        shut[positions_of(second * size + third, j * size + k)] |= pairs.irreducible_shut[special]
        parents = np.stack([pairs.optimum[i, j], pairs.optimum[i, k], pairs.optimum[j, k]], axis=1)
        yield _Sweep(np.stack([np.full(len(j), i), j, k], axis=1), shut, parents)


def _triples_within_classes(pairs: PairTable) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the triples with two or three genes of one class (positions, int64 [t, 3]) and their fitness.

    Deleting a second gene of a class changes nothing, so these have the fitness of a pair or of a single.
    """
    size = pairs.size
    twice, other = np.nonzero((size >= 2)[:, None] & ~np.eye(len(size), dtype=bool))
    thrice = np.flatnonzero(size >= 3)
    triples = np.concatenate([np.stack([twice, twice, other], axis=1), np.stack([thrice] * 3, axis=1)])
    fitness = np.concatenate([pairs.fitness[twice, other], pairs.fitness[thrice, thrice]])
    return np.sort(triples, axis=1), fitness


def _count_lethal_pairs(classes: GeneClasses, pairs: PairTable) -> int:
    """Count the triples of viable genes that hold a lethal pair, those with bystanders included."""
    size = pairs.size
    lethal = (pairs.fitness == 0).astype(np.float64)
    # Triples without a lethal pair are the triangles of the graph of viable pairs over genes; a class is a clique.
    viable = 1.0 - lethal
    weighted = viable * size
    squared = weighted @ viable
    ordered = float(np.einsum("i,ij,j,ij->", size, viable, size, squared))
    # Ordered walks over three genes, less those that come back to a gene they left: n^3 - 3 n^2 + 2 n for a clique.
    coincident = float(np.einsum("i,ij,j->", size, viable, size))
    triangles = (ordered - 3 * coincident + 2 * float(size.sum())) / 6
    outside = len(classes.bystanders)
    edges = (coincident - float(size.sum())) / 2
    total = int(size.sum()) + outside
    harmless = triangles + outside * edges + comb(outside, 2) * int(size.sum()) + comb(outside, 3)
    return comb(total, 3) - round(harmless)


def taus(pairs: PairTable, triples: NDArray[np.int64], fitness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return tau, float64 [t], of class triples (positions, int64 [t, 3]) of the given fitness."""
    i, j, k = triples.T
    f = pairs.fitness
    found = tau(fitness, f[i, j], f[i, k], f[j, k], f[i, i], f[j, j], f[k, k])
    return np.round(found, FITNESS_DECIMALS - 1) + 0.0


def _interacting(
    pairs: PairTable, triples: NDArray[np.int64], fitness: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keep the triples whose tau is not zero or, for a failed program, not known."""
    kept = ~(np.abs(taus(pairs, triples, fitness)) <= NONZERO)
    return triples[kept], fitness[kept]
