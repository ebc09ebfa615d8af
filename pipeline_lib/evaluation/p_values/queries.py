"""P-values query by query: which query strains have the hits, and whose P-values leave the diagonal of a QQ plot."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.p_values.nulls import NOMINAL, assays_with_p

Floats = NDArray[np.float64]

ALL = ""
"""Stands in the column `query` for all rows of the assay together."""
FEWEST_PER_QUERY = 10
"""P-values that the numbers of a query must rest on."""
_QUANTILES = 40
_NULL_MEDIAN = float(stats.chi2.ppf(0.5, 1))


def query_rows(data: Measurements) -> Iterator[dict[str, Any]]:
    """Yield the hits of every query, two-sided P-values: rows of `schemas.P_VALUE_QUERIES`.

    ``p_value`` is that of as many hits in n draws at the nominal level; ``inflation`` the median chi-squared quantile
    over that of uniform P-values (Devlin and Roeder 1999, Biometrics 55:997): above 1 where P-values are too small or
    interactions many, below 1 where P-values are conservative.
    """
    for labels, query, p in _by_query(data):
        hits = int((p < NOMINAL).sum())
        yield {
            **labels,
            "query": query,
            "n": len(p),
            "hits": hits,
            "hit_rate": hits / len(p),
            "p_value": float(stats.binomtest(hits, len(p), NOMINAL).pvalue),
            "inflation": float(np.median(stats.chi2.isf(np.clip(p, 1e-300, 1), 1)) / _NULL_MEDIAN),
        }


def quantile_rows(data: Measurements) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.p_values.schemas.P_VALUE_QUANTILES`: points of a QQ plot for each query.

    Expected are the quantiles of as many uniform P-values, (rank - 0.5) / n, evenly spaced on the logarithm.
    """
    for labels, query, p in _by_query(data):
        n = len(p)
        ranks = np.unique(np.geomspace(1, n, min(n, _QUANTILES)).round().astype(np.int64))
        ordered = np.sort(p)
        for rank in ranks.tolist():
            yield {**labels, "query": query, "expected": (rank - 0.5) / n, "observed": float(ordered[rank - 1])}


def _by_query(data: Measurements) -> Iterator[tuple[dict[str, Any], str, Floats]]:
    """Yield (screen, phenotype and order; query; two-sided P-values) of all rows of an assay, then of every query.

    In a symmetric screen every gene of a pair is the query in turn.
    """
    for screen, phenotype, order, part in assays_with_p(data):
        labels = {"screen": screen, "phenotype": phenotype, "order": order}
        yield labels, ALL, part.p_value
        if part.symmetric.any():
            genes = part.genotypes.genes
            present = genes != NO_GENE
            codes, rows, names = genes[present], np.nonzero(present)[0], part.gene_names
        else:
            rows = np.flatnonzero(part.genotypes.query >= 0)
            codes, names = part.genotypes.query[rows], part.genotypes.strains
        order_of = np.argsort(codes, kind="stable")
        present_codes, starts = np.unique(codes[order_of], return_index=True)
        if not len(present_codes):
            continue
        for code, members in zip(present_codes.tolist(), np.split(rows[order_of], starts[1:]), strict=True):
            if len(members) >= FEWEST_PER_QUERY:
                yield labels, names[code], part.p_value[members]
