"""What a screen's P-values say, over the whole screen and query by query.

Released P-values of the trigenic screens are one-sided (at most 0.5) and belong to the raw interaction; all here but
the rows named "as released" is two-sided.
"""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import fdrcorrection

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.folds import (
    INTERACTIONS,
    assay_seed,
    negative_calls,
    positive_calls,
    rule_in_words,
    true_rule_in_words,
)
from pipeline_lib.evaluation.intervals.design import choose_kind, cluster_design, of_mean
from pipeline_lib.evaluation.intervals.estimates import Estimate, draw_resamples
from pipeline_lib.evaluation.measurements import Measurements

Floats = NDArray[np.float64]

LAMBDAS = np.round(np.arange(0.05, 0.96, 0.05), 2)
"""Where the P-values are taken to be those of true nulls alone: above each of these."""

HISTOGRAM_BINS = 20
_ONE_SIDED_END = 0.5
NOMINAL = 0.05


def pi0_at(p_value: Floats, lambdas: Floats = LAMBDAS) -> Floats:
    """Return Storey's estimate of the share of true nulls at each lambda, #{P > lambda} / (m (1 - lambda)).

    Storey (2002, J. R. Stat. Soc. B 64:479-498), equation 6; not yet cut at 1.
    """
    above = (p_value[:, None] > lambdas).sum(axis=0)
    return np.asarray(above / (len(p_value) * (1 - lambdas)))


def choose_lambda(p_value: Floats, lambdas: Floats = LAMBDAS) -> int:
    """Return the position of the lambda with the least estimated mean squared error.

    The closed form of the bootstrap of Storey, Taylor and Siegmund (2004, J. R. Stat. Soc. B 66:187-205), as in the
    R package qvalue: variance of pi0(lambda) plus its squared distance from the 0.1 quantile of all pi0.
    """
    estimates, m = pi0_at(p_value, lambdas), len(p_value)
    above = estimates * m * (1 - lambdas)
    variance = above / (m**2 * (1 - lambdas) ** 2) * (1 - above / m)
    return int(np.argmin(variance + (estimates - np.quantile(estimates, 0.1)) ** 2))


def q_values(p_value: Floats, method: str) -> Floats:
    """Return q-values [m] after 'Benjamini-Hochberg' or, under any dependence, 'Benjamini-Yekutieli'."""
    kind = {"Benjamini-Hochberg": "indep", "Benjamini-Yekutieli": "negcorr"}[method]
    return np.asarray(fdrcorrection(p_value, method=kind)[1])


_Q_RULES = {f"q < {NOMINAL} {method}": method for method in ("Benjamini-Hochberg", "Benjamini-Yekutieli")}

_RELEASED, _TWO_SIDED = f"P < {NOMINAL} as released", f"P < {NOMINAL} two-sided"

Criterion = Literal["threshold", "p_value", "false_discovery_rate"]
"""What counts a discovery: the threshold by which its screen calls, a P-value alone, or a false discovery rate."""

CRITERIA: tuple[Criterion, ...] = get_args(Criterion)


def criterion_of(detail: str) -> Criterion:
    """Return the criterion that the ``detail`` of a discovery states in words (`schemas.P_VALUES`)."""
    if detail in _Q_RULES:
        return "false_discovery_rate"
    return "p_value" if detail in (_RELEASED, _TWO_SIDED) else "threshold"


def assays_with_p(data: Measurements) -> Iterator[tuple[str, str, int, Measurements]]:
    """Yield (screen, phenotype, order, rows) of every assay and order with P-values, rows without one left out."""
    yield from _orders(data, np.isfinite(data.p_value))


def _orders(data: Measurements, chosen: NDArray[np.bool_]) -> Iterator[tuple[str, str, int, Measurements]]:
    """Yield the chosen rows [n] of every assay and order, each copied once."""
    orders = data.genotypes.order
    for screen, phenotype, rows in data.assays():
        kept = rows[chosen[rows]]
        for order in np.unique(orders[kept]).tolist():
            yield screen, phenotype, order, data.take(kept[orders[kept] == order])


def p_value_rows(data: Measurements, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.P_VALUES` for every screen, phenotype and order.

    Adjusted scores whose P-value is that of their raw score (tau) are counted by the rule that calls them alone: the
    other quantities are those of the raw scores.
    """
    for screen, phenotype, order, part in assays_with_p(data):
        counted = _counted(part, screen, phenotype, order)
        rows = list(_count_rows(part, screen, phenotype, order, counted, settings))
        shared = {name: rows[0][name] for name in ("screen", "phenotype", "order", "n", "groups")}
        for row in _pi0_rows(part.p_value):
            yield {**shared, **row}
        yield from rows
        for detail, method in _Q_RULES.items():
            yield {
                **shared,
                "quantity": "discoveries",
                "detail": detail,
                "value": float((q_values(part.p_value, method) < NOMINAL).sum()),
                "low": np.nan,
                "high": np.nan,
            }
        if data.scores_of(screen).p_values_released:
            yield {
                **shared,
                "quantity": "largest_p_released",
                "detail": "at most 0.5: one-sided",
                "value": float(part.p_released.max()),
                "low": np.nan,
                "high": np.nan,
            }
    for screen, phenotype, order, part in _orders(data, np.isnan(data.p_value) & np.isfinite(data.p_call)):
        yield from _count_rows(part, screen, phenotype, order, _called(part, screen, phenotype, order), settings)


def _count_rows(
    data: Measurements,
    screen: str,
    phenotype: str,
    order: int,
    counted: dict[tuple[str, str], NDArray[np.bool_]],
    settings: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    """Yield how many rows [n] every mark has, or what share of nulls they mean, with bootstrap intervals."""
    design = cluster_design(data, choose_kind(data, screen, settings))
    resamples = draw_resamples(design, settings.resamples, assay_seed(settings, screen, phenotype, "P-values"))
    columns = np.stack([np.ones(len(data)), *(mark.astype(np.float64) for mark in counted.values())])
    sums = resamples.weighted_sums(design.codes, columns)
    for ((quantity, detail), mark), counts in zip(counted.items(), sums[1:], strict=True):
        # A count is the share of the rows that there are: how many rows there are is not in doubt.
        scale = 1 / (1 - float(detail)) if quantity == "pi0_at_lambda" else len(data)
        draws = scale * counts / np.maximum(sums[0], 1)
        influence = scale * of_mean(mark)
        estimate = Estimate(float(draws[0]), draws[1:], design.effective(), design.spread(influence))
        low, high = estimate.interval_within(settings.confidence, 0.0, scale)
        yield {
            "screen": screen,
            "phenotype": phenotype,
            "order": order,
            "n": len(data),
            "groups": design.present(),
            "quantity": quantity,
            "detail": detail,
            "value": float(draws[0]),
            "low": low,
            "high": high,
        }


def _pi0_rows(p_value: Floats) -> Iterator[dict[str, Any]]:
    estimates = np.minimum(pi0_at(p_value), 1.0)
    chosen = choose_lambda(p_value)
    yield {
        "quantity": "pi0",
        "detail": f"lambda {LAMBDAS[chosen]:.2f}; low and high over all lambda",
        "value": float(estimates[chosen]),
        "low": float(estimates.min()),
        "high": float(estimates.max()),
    }


def _counted(data: Measurements, screen: str, phenotype: str, order: int) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """Return what is counted, by (quantity, detail): a mark [n] for every row."""
    marks = {("pi0_at_lambda", f"{level:.2f}"): data.p_value > level for level in LAMBDAS}
    if data.scores_of(screen).p_values_released:
        marks["discoveries", _RELEASED] = data.p_released < NOMINAL
    marks["discoveries", _TWO_SIDED] = data.p_value < NOMINAL
    return marks | _called(data, screen, phenotype, order)


def _called(data: Measurements, screen: str, phenotype: str, order: int) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """Return the interactions that the rule of their screen calls, by (quantity, detail); none without a rule."""
    threshold = data.scores_of(screen).calls
    if phenotype not in INTERACTIONS or threshold is None:
        return {}
    in_words = true_rule_in_words if np.isfinite(data.truth).any() else rule_in_words
    marks = {("discoveries", in_words(threshold, "negative")): negative_calls(data, threshold)}
    # Positive trigenic interactions were released by no publication.
    if order < MAX_ORDER and threshold.positive is not None:
        marks["discoveries", in_words(threshold, "positive")] = positive_calls(data, threshold)
    return marks


def tested_by_p(data: Measurements, phenotype: str) -> str:
    """Return the phenotype that the P-values of the rows of one assay test: on fitness or tau, that of raw scores."""
    return "raw_interaction" if phenotype == "fitness" or data.p_of_raw.all() else phenotype


def histogram_rows(data: Measurements) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.P_HISTOGRAM`: P-values as released and two-sided."""
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    for screen, phenotype, order, part in assays_with_p(data):
        histograms = {"two-sided": (part.p_value, 0.0)}
        if data.scores_of(screen).p_values_released:
            histograms["released"] = (part.p_released, float((part.p_sided == 1).mean()))
        for sides, (values, one_sided) in histograms.items():
            counts, _ = np.histogram(values, edges)
            # One-sided P-values in the direction of the effect end at 0.5.
            nulls = 1 - one_sided + one_sided * np.where(edges[1:] <= _ONE_SIDED_END, 2.0, 0.0)
            for left, right, count, null in zip(edges[:-1], edges[1:], counts, nulls, strict=True):
                yield {
                    "screen": screen,
                    "phenotype": phenotype,
                    "order": order,
                    "p_of": tested_by_p(part, phenotype),
                    "sides": sides,
                    "left": float(left),
                    "right": float(right),
                    "count": int(count),
                    "density": float(count / len(values) / (right - left)),
                    "nulls": float(null),
                }


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
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.P_VALUE_QUANTILES`: points of a QQ plot for each query.

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
