"""Which rows of a screen measure the same thing twice, and in what sense."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.cell.queries import genotype_codes, query_genes
from pipeline_lib.evaluation.ceilings.reliability import Repeats, repeats
from pipeline_lib.evaluation.measurements import Measurements

MINIMUM_GROUPS = 10
"""Things measured more than once that an estimate must rest on."""


def find_repeats(data: Measurements, query: NDArray[np.int64] | None) -> dict[str, Repeats]:
    """Return the repeated rows by what they are: replicates, repeated genotypes, alleles.

    Replicates are rows of one strain pair. The other two compare different strains with the same genes deleted, one
    row a strain pair: ``repeated_genotypes`` where all genes are deleted outright (or nothing is known of the alleles),
    ``alleles`` where some gene is altered instead. With `query` [n] (the genes of what the values are centred within),
    rows are compared within the same query genes alone.
    """
    temperature = np.nan_to_num(data.genotypes.temperature, nan=-1.0)
    inside = np.zeros(len(data), dtype=np.int64)
    if query is not None:
        inside = query
    elif (data.genotypes.phenotype == PHENOTYPES.index("raw_interaction")).all():
        # A triple's raw interaction is that of a double-mutant query and an array gene: another for another query.
        inside = genotype_codes(query_genes(data.genotypes))
    strains = np.sort(np.column_stack([data.genotypes.query, data.genotypes.array]), axis=1)
    thing = joint_codes(data.genotype, inside, temperature, data.condition)
    pair = joint_codes(thing, *strains.T)
    rows = np.arange(len(data))
    found = {"replicates": repeats(pair, rows)}
    if (strains != NO_GENE).any():
        _, first = np.unique(pair, return_index=True)
        altered = np.bincount(thing, weights=data.altered)[thing[first]] > 0
        found["repeated_genotypes"] = repeats(thing[first][~altered], first[~altered])
        found["alleles"] = repeats(thing[first][altered], first[altered])
    return {method: part for method, part in found.items() if part.groups >= MINIMUM_GROUPS}


def order_weights(order: NDArray[np.int64], found: Repeats) -> NDArray[np.float64] | None:
    """Return the weight of every repeated row, so that orders count among the repeats as they do among all rows.

    Triples are noisier than pairs and more seldom repeated. None where an order that makes up more than a hundredth
    of the rows [n] is repeated too little to tell its noise.
    """
    repeated = order[found.rows]
    weight = np.zeros(len(found.rows))
    for number in np.unique(order):
        share = float((order == number).mean())
        members = repeated == number
        groups = len(np.unique(found.group[members]))
        if groups >= MINIMUM_GROUPS:
            weight[members] = share / (members.sum() - groups)
        elif share > 0.01:
            return None
    return weight * len(weight)


def joint_codes(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return one integer a row, equal where all columns are."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, part = np.unique(column, return_inverse=True)
        codes = codes * (int(part.max(initial=0)) + 1) + part
        _, codes = np.unique(codes, return_inverse=True)
    return codes
