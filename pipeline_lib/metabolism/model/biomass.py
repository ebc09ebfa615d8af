"""What a cell is made of: the metabolites that growth consumes, behind the sums that a model writes for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.model.network import MetabolicNetwork


@dataclass(frozen=True)
class BiomassConstituents:
    """The metabolites that growth needs.

    Attributes
    ----------
    metabolites
        int64 [k], ascending.
    consumers
        int64 [k]: the reaction that consumes each for growth.
    directions
        int64 [k]: 1 where that reaction runs forwards for it, -1 backwards.
    """

    metabolites: NDArray[np.int64]
    consumers: NDArray[np.int64]
    directions: NDArray[np.int64]

    @classmethod
    def of(cls, network: MetabolicNetwork) -> "BiomassConstituents":
        """Follow growth back to the metabolites that enzymes make.

        Models write biomass as a sum of sums (yeast-GEM: biomass of protein, protein of charged tRNAs). A metabolite
        that only one reaction makes, which has no enzyme, runs one way and takes several substrates, is such a sum;
        its summands stand for it.
        """
        growing = np.flatnonzero(network.objective)
        waiting = [(int(reaction), int(np.sign(network.objective[reaction]))) for reaction in growing]
        visited = {reaction for reaction, _ in waiting}
        found: dict[int, tuple[int, int]] = {}
        while waiting:
            consumer, direction = waiting.pop(0)
            for metabolite in _substrates(network, consumer, direction).tolist():
                summing = _summing_reaction(network, metabolite)
                if summing is None:
                    found.setdefault(metabolite, (consumer, direction))
                elif summing[0] not in visited:
                    visited.add(summing[0])
                    waiting.append(summing)
        metabolites = np.array(sorted(found), dtype=np.int64)
        by_metabolite = np.array([found[one] for one in metabolites.tolist()], dtype=np.int64).reshape(-1, 2)
        return cls(metabolites, by_metabolite[:, 0], by_metabolite[:, 1])


def products_of(network: MetabolicNetwork, reaction: int, direction: int) -> NDArray[np.int64]:
    """Return what a reaction makes that runs in a direction (1 forwards, -1 backwards), int64."""
    return _substrates(network, reaction, -direction)


def _substrates(network: MetabolicNetwork, reaction: int, direction: int) -> NDArray[np.int64]:
    S = network.stoichiometry
    column = slice(S.indptr[reaction], S.indptr[reaction + 1])
    return S.indices[column][S.data[column] * direction < 0].astype(np.int64)


def _summing_reaction(network: MetabolicNetwork, metabolite: int) -> tuple[int, int] | None:
    """Return the reaction that makes a metabolite as a sum of others, and its direction; None where none does."""
    row = network.stoichiometry[[metabolite], :].tocoo()
    reactions, coefficients = row.coords[1], row.data
    makes = np.where(coefficients > 0, network.upper[reactions] > 0, network.lower[reactions] < 0)
    if makes.sum() != 1:
        return None
    reaction, direction = int(reactions[makes][0]), int(np.sign(coefficients[makes][0]))
    both_ways = network.lower[reaction] < 0 < network.upper[reaction]
    alone = len(_substrates(network, reaction, direction)) < 2
    return None if both_ways or alone or network.rules.has_rule[reaction] else (reaction, direction)
