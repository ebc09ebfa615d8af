"""Tables of a search for trigenic interactions: gene triples, counts, subsystems."""

from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.knockouts.gene_classes import weights
from pipeline_lib.metabolism.knockouts.genotype_arrays import positions_of
from pipeline_lib.metabolism.knockouts.interaction_scores import LADDER, NONZERO, epsilon
from pipeline_lib.metabolism.knockouts.triples import TripleSearch
from pipeline_lib.metabolism.model.network import MetabolicNetwork

_ROWS_AT_ONCE = 500_000


def foretold(search: TripleSearch) -> NDArray[np.bool_]:
    """Find the triples of which at least one pair interacts, bool [t]; a tau without any digenic one is the rest."""
    f = search.pairs.fitness
    i, j, k = search.triples.T
    single = f.diagonal()
    found = [np.abs(epsilon(f[a, b], single[a], single[b])) > NONZERO for a, b in ((i, j), (i, k), (j, k))]
    return np.logical_or.reduce(found)


def gene_triples(search: TripleSearch) -> pd.DataFrame:
    """Write every class triple out as the gene triples that it stands for.

    Returns
    -------
    DataFrame
        first, second, third (gene indices, ascending), fitness, tau, foretold (whether a pair interacts); sorted.
    """
    members = [search.classes.members[at] for at in _class_numbers(search)]
    known = foretold(search)
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
        "without_a_digenic_interaction": int(number[~unknown & ~foretold(search)].sum()),
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
