"""Minimal sets of genes whose joint deletion shuts a flux, and the genes that such sets do not distinguish."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.model.gene_rules import GeneRules

GeneSet = frozenset[int]


def minimal(sets: Iterable[GeneSet]) -> frozenset[GeneSet]:
    """Keep the sets that contain no other of the sets."""
    kept: list[GeneSet] = []
    for candidate in sorted(set(sets), key=len):
        if not any(smaller <= candidate for smaller in kept):
            kept.append(candidate)
    return frozenset(kept)


def cut_sets(complexes: Iterable[GeneSet], order: int) -> frozenset[GeneSet]:
    """Return the minimal gene sets, of at most `order` genes, that break every one of the complexes.

    Berge's algorithm for minimal hitting sets, cut off at `order` (Berge, Hypergraphs, 1989, chapter 2).
    """
    found: frozenset[GeneSet] = frozenset([frozenset()])
    for members in complexes:
        grown = {hit for hit in found if hit & members}
        grown |= {hit | {gene} for hit in found if not hit & members and len(hit) < order for gene in members}
        found = minimal(grown)
    return found


def cut_sets_of_columns(rules: GeneRules, column: NDArray[np.int64], order: int) -> dict[int, frozenset[GeneSet]]:
    """Return the cut sets of every column of a reduced network.

    Parameters
    ----------
    rules
        The gene rules of the R reactions.
    column
        int64 [R]: the column that carries a reaction's flux, or -1. A column is shut when any of its reactions is.
    order
        Greatest number of genes deleted together.

    Returns
    -------
    dict
        Column to its minimal cut sets; columns that no such deletion shuts are left out.
    """
    members = rules.gene_to_complex.T.tocsr()
    complexes = rules.complex_to_reaction.T.tocsr()
    known: dict[frozenset[GeneSet], frozenset[GeneSet]] = {}
    found: dict[int, set[GeneSet]] = defaultdict(set)
    for reaction in np.flatnonzero(rules.has_rule & (column >= 0)).tolist():
        rule = frozenset(
            frozenset(members.indices[members.indptr[c] : members.indptr[c + 1]].tolist())
            for c in complexes.indices[complexes.indptr[reaction] : complexes.indptr[reaction + 1]]
        )
        if rule not in known:
            known[rule] = cut_sets(sorted(rule, key=lambda genes: (len(genes), sorted(genes))), order)
        found[int(column[reaction])] |= known[rule]
    return {position: minimal(sets) for position, sets in sorted(found.items()) if sets}


def interchangeable_genes(families: Iterable[frozenset[GeneSet]], num_genes: int) -> NDArray[np.int64]:
    """Return for every gene which gene can stand for it in any deletion up to the order of the cut sets.

    Two genes are interchangeable when swapping one for the other turns every cut set of every family into a cut set
    of the same family. They then never share a cut set, so deleting both does what deleting one does.

    Returns
    -------
    int64 [num_genes]
        The smallest gene index of the class; -1 where the gene is in no cut set.
    """
    roles: dict[int, list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for number, family in enumerate(families):
        for genes in family:
            for gene in genes:
                roles[gene].append((number, tuple(sorted(genes - {gene}))))
    stands_for = np.full(num_genes, -1, dtype=np.int64)
    first: dict[tuple[tuple[int, tuple[int, ...]], ...], int] = {}
    for gene in sorted(roles):
        stands_for[gene] = first.setdefault(tuple(sorted(roles[gene])), gene)
    return stands_for
