"""The rows of one assay as their noise is estimated: with their values as they are, or centred within queries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.queries import genotype_codes, query_genes
from pipeline_lib.evaluation.ceilings.repeats import MINIMUM_GROUPS, joint_codes
from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.resampling import Resamples
from pipeline_lib.evaluation.measurements import Measurements

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """The rows of one assay and order, ready to be resampled.

    `value` [n] is raw or centred within queries; in the latter case `share` [n] is the share that each row has in its
    query's mean (0 for raw values) and `query` [n] numbers the genes of each query.
    """

    data: Measurements
    design: ClusterDesign
    resamples: Resamples
    value: Floats
    share: Floats
    query: NDArray[np.int64] | None


def centred_within_queries(raw: Part) -> Part | None:
    """Return the rows with their values centred within queries; None where most rows have none or nothing is crossed.

    A query with one genotype alone holds nothing about differences within queries and is left out.

    In a symmetric screen each gene of a pair is the query in turn, so every row stands there twice.
    """
    data = raw.data.genotypes
    if data.order.max() == 1:
        return None
    if raw.design.kind == "gene":
        pairs = np.flatnonzero(data.order == 2)
        if len(pairs) < 0.5 * len(data):
            return None
        rows, genes = np.append(pairs, pairs), data.genes[pairs]
        strain = query = np.append(genes[:, 0], genes[:, 1])
    else:
        rows, strain = np.arange(len(data)), raw.design.codes[:, 0]
        query = genotype_codes(query_genes(data))
    value = raw.value[rows]
    # Each genotype counts once in its query's mean, however often it was measured.
    again = joint_codes(strain, raw.data.genotype[rows])
    once = 1 / np.bincount(again)[again]
    share = 1 / np.bincount(strain, weights=once)[strain]
    centred = value - np.bincount(strain, weights=value * once)[strain] * share
    several = share < 0.75
    if several.sum() < MINIMUM_GROUPS:
        return None
    rows = rows[several]
    return Part(
        raw.data.take(rows), raw.design.take(rows), raw.resamples, centred[several], share[several], query[several]
    )
