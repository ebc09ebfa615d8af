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
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from scipy import sparse

from pipeline_lib.metabolism.knockouts.genotypes import LADDER, NONZERO, choose, epsilon, positions_of, tau
from pipeline_lib.metabolism.knockouts.growths import (
    FITNESS_DECIMALS,
    GeneClasses,
    PairTable,
    gene_classes,
    pair_table,
    weights,
)
from pipeline_lib.metabolism.knockouts.solver import KnockoutSolver, NewSolver, knockout_solver
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.solving import solver_of
from pipeline_lib.metabolism.programs.wild_type import BitSets, Method


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


_ROWS_AT_ONCE = 500_000


def with_digenic_interaction(search: TripleSearch) -> NDArray[np.bool_]:
    """Find the triples of which at least one pair interacts, bool [t]; a tau without any digenic one is the rest."""
    f = search.pairs.fitness
    i, j, k = search.triples.T
    single = f.diagonal()
    found = [np.abs(epsilon(f[a, b], single[a], single[b])) > NONZERO for a, b in ((i, j), (i, k), (j, k))]
    return np.asarray(np.logical_or.reduce(found))


def gene_triples(search: TripleSearch) -> pd.DataFrame:
    """Write every class triple out as the gene triples that it stands for.

    Returns
    -------
    DataFrame
        first, second, third (gene indices, ascending), fitness, tau, foretold (whether a pair interacts); sorted.
    """
    members = [search.classes.members[at] for at in _class_numbers(search)]
    known = with_digenic_interaction(search)
    genes, source = [], []
    for row, (i, j, k) in enumerate(search.triples.tolist()):
        expanded = _expand(members[i], members[j], members[k], one_class=(i == j, j == k))
        genes.append(expanded)
        source.append(np.full(len(expanded), row))
    triples = np.sort(np.concatenate([np.empty((0, 3), dtype=np.int64), *genes]), axis=1)
    origin = np.concatenate([np.empty(0, dtype=np.int64), *source])
    order = np.lexsort(triples.T[::-1])
    triples, origin = triples[order], origin[order]
    return pd.DataFrame(
        {
            "first": triples[:, 0],
            "second": triples[:, 1],
            "third": triples[:, 2],
            "fitness": search.fitness[origin],
            "tau": search.tau[origin],
            "foretold": known[origin],
        }
    )


def _class_numbers(search: TripleSearch) -> list[int]:
    """Return the number of each class of the pair table among all classes."""
    found: list[int] = positions_of(search.pairs.genes, search.classes.representatives).tolist()
    return found


def _expand(
    first: NDArray[np.int64], second: NDArray[np.int64], third: NDArray[np.int64], one_class: tuple[bool, bool]
) -> NDArray[np.int64]:
    """Return every choice of one gene of each class, int64 [n, 3]; of a class that stands twice, two genes."""
    a, b, c = (part.ravel() for part in np.meshgrid(first, second, third, indexing="ij"))
    distinct = np.ones(len(a), dtype=bool)
    if one_class[0]:
        distinct &= a < b
    if one_class[1]:
        distinct &= b < c
    return np.stack([a, b, c], axis=1)[distinct]


def triple_counts(search: TripleSearch, num_genes: int) -> dict[str, int]:
    """Count what became of all triples of the model's `num_genes` genes, and how many linear programs it took.

    ``interacting`` counts every tau above rounding; ``interacting_above_<size>`` those of a size that a screen sees.
    """
    number = weights(search.pairs, search.triples)
    viable = int(search.pairs.size.sum()) + len(search.classes.bystanders)
    unknown = np.isnan(search.tau)
    content = {
        "genes": num_genes,
        "classes": len(search.classes.representatives),
        "genes_without_effect": len(search.classes.bystanders),
        "triples": comb(num_genes, 3),
        "with_a_lethal_single": comb(num_genes, 3) - comb(viable, 3),
        "with_a_lethal_pair": search.lethal_pairs,
        "lethal_beyond_their_pairs": int(weights(search.pairs, search.lethal).sum()),
        "interacting": int(number[~unknown].sum()),
        "negative": int(number[search.tau < 0].sum()),
        "positive": int(number[search.tau > 0].sum()),
        "without_a_digenic_interaction": int(number[~unknown & ~with_digenic_interaction(search)].sum()),
        **{
            f"interacting_above_{size:g}": int(number[np.abs(search.tau) > size].sum())
            for size in LADDER
            if size > NONZERO
        },
        "failed": int(number[unknown].sum()),
        "linear_programs_singles_and_pairs": search.programs[0],
        "linear_programs_triples": search.programs[1],
    }
    content["not_interacting"] = content["triples"] - content["interacting"] - content["failed"]
    return content


def subsystem_table(table: pd.DataFrame, network: MetabolicNetwork, reactions: pd.DataFrame) -> pd.DataFrame:
    """Count, for every subsystem, the interacting triples with at least one of its genes.

    Parameters
    ----------
    table
        What `gene_triples` returns.
    network
        Gives the genes of each reaction.
    reactions
        The reactions table.

    Returns
    -------
    DataFrame
        subsystem, genes; triples above rounding: interacting, negative, unforetold (no pair interacts); those whose tau
        has the published size (`LADDER`): large, large_unforetold; most unforetold first.
    """
    names, code = np.unique(reactions["subsystem"].to_numpy(str), return_inverse=True)
    member = sparse.csr_array(
        (np.ones(len(code), dtype=np.int32), (np.arange(len(code)), code)), shape=(len(code), len(names))
    )
    of_gene = (network.rules.gene_to_complex @ network.rules.complex_to_reaction @ member).toarray() > 0
    triples = table[["first", "second", "third"]].to_numpy()
    chosen = {
        "interacting": table["tau"].notna().to_numpy(),
        "negative": (table["tau"] < 0).to_numpy(),
        "unforetold": ~table["foretold"].to_numpy(bool) & table["tau"].notna().to_numpy(),
        "large": (table["tau"].abs() > LADDER[-1]).to_numpy(),
    }
    chosen["large_unforetold"] = chosen["large"] & chosen["unforetold"]
    counts = {name: np.zeros(len(names), dtype=np.int64) for name in chosen}
    for at in range(0, len(triples), _ROWS_AT_ONCE):
        rows = slice(at, at + _ROWS_AT_ONCE)
        touches = of_gene[triples[rows]].any(axis=1)
        for name, mask in chosen.items():
            counts[name] += touches[mask[rows]].sum(axis=0)
    found = pd.DataFrame({"subsystem": names, "genes": of_gene[network.gem_genes].sum(axis=0), **counts})
    found = found[found["genes"] > 0]
    return found.sort_values(
        ["unforetold", "interacting", "subsystem"], ascending=[False, False, True], ignore_index=True
    )
