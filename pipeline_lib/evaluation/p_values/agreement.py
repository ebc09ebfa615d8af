"""How far predicted interactions and measured P-values agree: deciles, correlations, enrichment, the strongest rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.cell.queries import genotype_names
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.calls import INTERACTIONS
from pipeline_lib.evaluation.folds import assay_seed
from pipeline_lib.evaluation.intervals.design import ClusterDesign, choose_kind, cluster_design
from pipeline_lib.evaluation.intervals.estimates import Estimate
from pipeline_lib.evaluation.intervals.influence import of_mean, of_spearman
from pipeline_lib.evaluation.intervals.resampling import Resamples, draw_resamples
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap
from pipeline_lib.evaluation.p_values.nulls import NOMINAL
from pipeline_lib.evaluation.p_values.predicted import Joined

Floats = NDArray[np.float64]

DECILES = 10
STRONGEST = 10
"""Rows of each kind that the table of hits holds for a model, split and assay."""
_NO_SIGN = 0.5
"""Two-sided P-value from which on a measurement shows no interaction at all."""


def _resampled(joined: Joined, number: int, settings: EvaluationSettings) -> tuple[ClusterDesign, Resamples]:
    labels = joined.labels
    design = cluster_design(joined.data, choose_kind(joined.data, labels["screen"], settings))
    seed = assay_seed(settings, labels["split"], labels["screen"], labels["phenotype"], str(labels["order"]))
    return design, draw_resamples(design, number, seed)


def _deciles(joined: Joined, settings: EvaluationSettings) -> NDArray[np.int64]:
    """Return the decile of every row [n], 0 for the strongest predicted negative interactions.

    Ties are broken at random: in row order, the queries of a constant prediction would make a trend of their own.
    """
    n = len(joined.score)
    tie_breaker = np.random.default_rng([settings.seed, n]).permutation(n)
    decile = np.empty(n, dtype=np.int64)
    decile[np.lexsort((tie_breaker, -joined.score))] = np.arange(n) * DECILES // n
    return decile


def decile_rows(joined: Joined, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield hit rates by decile of the prediction: rows of `schemas.P_VALUE_DECILES`."""
    design, resamples = _resampled(joined, settings.resamples, settings)
    decile = _deciles(joined, settings)
    inside = decile == np.arange(DECILES)[:, None]
    hit = joined.data.p_value < NOMINAL
    shares = {"hit": _shares(inside, hit, design, resamples)}
    if joined.negative is not None:
        shares["negative"] = _shares(inside, joined.negative, design, resamples)
    for position in range(DECILES):
        members = decile == position
        row = {
            **joined.labels,
            "decile": position + 1,
            "n": int(members.sum()),
            "groups": design.present(),
            "prediction": float(joined.prediction[members].mean()),
            "median_p": float(np.median(joined.data.p_value[members])),
            "base_rate": float(hit.mean()),
        }
        for name in ("hit", "negative"):
            row |= {f"{name}_rate": np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
            if name in shares:
                share = shares[name][position]
                low, high = share.interval_within(settings.confidence, 0.0, 1.0)
                row |= {f"{name}_rate": share.value, f"{name}_low": low, f"{name}_high": high}
        yield row


def _shares(
    inside: NDArray[np.bool_], mark: NDArray[np.bool_], design: ClusterDesign, resamples: Resamples
) -> list[Estimate]:
    """Return the share of marked rows [n] among the members of every group [groups, n]."""
    members = inside.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = np.asarray(
            resamples.weighted_sums(design.codes, members * mark) / resamples.weighted_sums(design.codes, members)
        )
    clusters = design.effective()
    return [
        Estimate(float(row[0]), row[1:], clusters, design.spread(of_mean(mark, group)))
        for row, group in zip(draws, inside, strict=True)
    ]


def agreement_rows(joined: Joined, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.p_values.schemas.P_VALUE_CORRELATIONS`.

    ``spearman``: between the strength of the predicted negative interaction and -log10 of the two-sided P.
    ``spearman_signed``, where rows hold an interaction score: the same with a minus sign on P-values of positive
    ones, so that it is high where predicted negative interactions are significantly negative. ``spearman_size``, of
    predicted interactions: between their size, of either sign, and -log10 P. ``enrichment``: hit rate in the first
    decile over the base rate.
    """
    design, resamples = _resampled(joined, settings.ranking_resamples, settings)
    strength = -np.log10(np.maximum(joined.data.p_value, np.finfo(np.float64).tiny))
    pairs = {"spearman": (joined.score, strength)}
    if joined.labels["phenotype"] in INTERACTIONS:
        pairs["spearman_signed"] = joined.score, strength * -np.sign(joined.data.genotypes.value)
    if joined.predicted != "call":
        pairs["spearman_size"] = np.abs(joined.prediction), strength
    shared = {**joined.labels, "n": len(joined.score), "groups": design.present()}
    for name, (predicted, measured) in pairs.items():
        draws = RankingBootstrap(design, resamples, measured).spearman(predicted)
        estimate = Estimate(
            float(draws[0]), draws[1:], design.effective(), design.spread(of_spearman(predicted, measured))
        )
        low, high = estimate.interval_within(settings.confidence, -1.0, 1.0)
        yield {
            **shared,
            "quantity": name,
            "value": estimate.value,
            "low": low,
            "high": high,
            "p_value": estimate.p_value(),
        }
    first = _deciles(joined, settings) == 0
    hit = joined.data.p_value < NOMINAL
    groups = np.stack([first, np.ones(len(hit), dtype=bool)])
    in_first, everywhere = _shares(groups, hit, design, resamples)
    ratio = _ratio(in_first, everywhere, (of_mean(hit, groups[0]), of_mean(hit, groups[1])), design)
    low, high = ratio.interval_within(settings.confidence, 0.0, np.inf)
    yield {
        **shared,
        "quantity": "enrichment",
        "value": ratio.value,
        "low": low,
        "high": high,
        "p_value": in_first.minus(everywhere).p_value(),
    }


def _ratio(part: Estimate, whole: Estimate, influences: tuple[Floats, Floats], design: ClusterDesign) -> Estimate:
    """Return the ratio of two shares, paired draw by draw; `influences` [n] of each row on the one and the other."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value, draws = np.divide(part.value, whole.value), part.draws / whole.draws
        influence = (influences[0] - value * influences[1]) / whole.value
    return Estimate(float(value), draws, part.clusters, design.spread(np.nan_to_num(influence)))


def hit_table(joined: Joined) -> pd.DataFrame:
    """Return where prediction and measurement stand out: rows of `schemas.P_VALUE_HITS`.

    ``measured``: the smallest P-values. ``predicted``: the strongest predicted negative interactions. ``missed``: the
    smallest P-values of measured negative interactions (of all rows without a score) in the half that is predicted
    least negative. ``unconfirmed``: the strongest predictions whose two-sided P-value is above 0.5.
    """
    data, score = joined.data.genotypes, joined.score
    p = joined.data.p_value
    everything = np.ones(len(p), dtype=bool)
    scored = joined.labels["phenotype"] in INTERACTIONS
    negative = data.value < 0 if scored else everything
    kinds = {
        "measured": (everything, p),
        "predicted": (everything, -score),
        "missed": ((p < NOMINAL) & negative & (score <= np.median(score)), p),
        "unconfirmed": (p > _NO_SIGN, -score),
    }
    parts = []
    for kind, (among, by) in kinds.items():
        rows = np.flatnonzero(among)
        rows = rows[np.lexsort((data.observation_id[rows], by[rows]))][:STRONGEST]
        parts.append(pd.DataFrame({"kind": kind, "rank": np.arange(1, len(rows) + 1), "row": rows}))
    chosen = pd.concat(parts, ignore_index=True)
    rows = chosen.pop("row").to_numpy(np.int64)
    return chosen.assign(
        **joined.labels,
        genes=genotype_names(data.genes[rows], np.asarray(joined.data.gene_names, dtype=object)).astype(str),
        prediction=joined.prediction[rows],
        value=data.value[rows],
        p_value=p[rows],
    )


def point_table(joined: Joined) -> pd.DataFrame:
    """Return the joined rows themselves, for scatter and volcano plots (`P_VALUE_POINTS` of the schemas)."""
    data = joined.data.genotypes
    unknown = pd.array([None] * len(joined.score), dtype="boolean")
    return pd.DataFrame(
        {
            **joined.labels,
            "observation_id": data.observation_id,
            "prediction": joined.prediction,
            "value": data.value,
            "p_value": joined.data.p_value,
            "negative": unknown if joined.negative is None else pd.array(joined.negative, dtype="boolean"),
        }
    )
