"""Measured P-values against predicted interactions: whether what is predicted to interact turns out to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.calls import INTERACTIONS, call_score, called
from pipeline_lib.evaluation.clusters import (
    ClusterDesign,
    Resamples,
    choose_kind,
    cluster_design,
    draw_resamples,
)
from pipeline_lib.evaluation.folds import assay_seed, locate
from pipeline_lib.evaluation.intervals import Estimate
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.p_values import NOMINAL, assays_with_p
from pipeline_lib.evaluation.predictions import PredictionFile, by_split, read_fold
from pipeline_lib.evaluation.ranking import RankingBootstrap

Floats = NDArray[np.float64]

DECILES = 10
MINIMUM_ROWS = 100
"""Rows with both a P-value and a prediction that a curve must rest on."""


@dataclass(frozen=True)
class Joined:
    """Measured P-values beside the predictions of one model on one split.

    Attributes
    ----------
    labels
        model, split, screen, phenotype, order and source (the assay that was predicted).
    data
        The measured rows [n], each with a P-value.
    prediction
        float64 [n] in the units of the source.
    score
        float64 [n]: high where a negative interaction is predicted.
    negative
        bool [n]: called negative by the rule of their screen; None where nothing is called there.
    """

    labels: dict[str, Any]
    data: Measurements
    prediction: Floats
    score: Floats
    negative: NDArray[np.bool_] | None


def mean_predictions(files: list[PredictionFile]) -> tuple[NDArray[np.int64], Floats]:
    """Return the observations of the test fold and the mean prediction of a model's seeds."""
    folds = [read_fold(file, "test") for file in files]
    return folds[0].observation_id, np.mean([fold.value for fold in folds], axis=0)


def join_predictions(data: Measurements, files: list[PredictionFile], advance: Callable[[], None]) -> Iterator[Joined]:
    """Yield every assay with P-values beside every model's predictions of its genotypes.

    Interactions with a P-value, and raw ones that are predicted themselves, are joined row by row. Other rows with
    P-values (fitness and raw interactions, whose P belongs to the raw interaction) are joined to the test-fold
    predictions of an interaction or a call of the same genotype, in whatever screen there is one. The training and
    validation folds are never used.
    """
    measured = list(assays_with_p(data))
    for split, models in by_split(files).items():
        for model, seeds in models.items():
            ids, prediction = mean_predictions(seeds)
            tested = data.take(locate(data, ids, str(seeds[0].path)))
            for screen, phenotype, order, part in measured:
                labels = {
                    "model": model, "split": split, "screen": screen, "phenotype": phenotype, "order": order,
                }  # fmt: skip
                negative = called(part, screen, phenotype) if phenotype in INTERACTIONS else None
                for source, kind, values in _sources(screen, phenotype, part, tested, prediction):
                    rows = np.isfinite(values)
                    if rows.sum() >= MINIMUM_ROWS:
                        yield Joined(
                            labels={**labels, "source": source},
                            data=part.take(rows),
                            prediction=values[rows],
                            score=call_score(values[rows], kind),
                            negative=None if negative is None else negative[rows],
                        )
            for _ in seeds:
                advance()


def _sources(
    screen: str, phenotype: str, part: Measurements, tested: Measurements, prediction: Floats
) -> Iterator[tuple[str, str, Floats]]:
    """Yield (source, phenotype, prediction of every row of `part` or NaN) of every assay that can stand for it."""
    for other, kind, rows in tested.assays():
        own = (other, kind) == (screen, phenotype)
        stands_in = kind in ("interaction", "call") and phenotype != "interaction"
        if kind == "fitness" or not (own or stands_in):
            continue
        key = tested.genotypes.observation_id if own else tested.genotype
        wanted = part.genotypes.observation_id if own else part.genotype
        known = pd.Series(prediction[rows]).groupby(key[rows]).mean()
        yield f"{other} {kind}", kind, np.asarray(known.reindex(wanted), dtype=np.float64)


def _resampled(joined: Joined, number: int, settings: EvaluationSettings) -> tuple[ClusterDesign, Resamples]:
    labels = joined.labels
    design = cluster_design(joined.data, choose_kind(joined.data, labels["screen"], settings))
    seed = assay_seed(settings, labels["split"], labels["screen"], labels["phenotype"], str(labels["order"]))
    return design, draw_resamples(design, number, seed)


def decile_rows(joined: Joined, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.schemas.P_VALUE_DECILES`: hit rates by decile of the prediction."""
    design, resamples = _resampled(joined, settings.resamples, settings)
    # Ties are broken at random: in row order, the queries of a constant prediction would make a trend of their own.
    n = len(joined.score)
    tie_breaker = np.random.default_rng([settings.seed, n]).permutation(n)
    decile = np.empty(n, dtype=np.int64)
    decile[np.lexsort((tie_breaker, -joined.score))] = np.arange(n) * DECILES // n
    inside = (decile == np.arange(DECILES)[:, None]).astype(np.float64)
    hit = joined.data.p_value < NOMINAL
    shares = {"hit": _shares(inside, hit, design, resamples)}
    if joined.negative is not None:
        shares["negative"] = _shares(inside, joined.negative, design, resamples)
    for position in range(DECILES):
        members = decile == position
        row = {
            **joined.labels, "decile": position + 1, "n": int(members.sum()), "groups": design.present(),
            "prediction": float(joined.prediction[members].mean()),
            "median_p": float(np.median(joined.data.p_value[members])),
            "base_rate": float(hit.mean()),
        }  # fmt: skip
        for name in ("hit", "negative"):
            row |= {f"{name}_rate": np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
            if name in shares:
                draws = shares[name][position]
                low, high = Estimate(float(draws[0]), draws[1:], design.effective()).interval(settings.confidence)
                row |= {f"{name}_rate": float(draws[0]), f"{name}_low": low, f"{name}_high": high}
        yield row


def _shares(inside: Floats, mark: NDArray[np.bool_], design: ClusterDesign, resamples: Resamples) -> Floats:
    """Return the share of marked rows in every decile: float64 [deciles, resamples + 1]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            resamples.weighted_sums(design.codes, inside * mark) / resamples.weighted_sums(design.codes, inside)
        )


def correlation_rows(joined: Joined, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.schemas.P_VALUE_CORRELATIONS`.

    ``spearman``: between the strength of the predicted negative interaction and -log10 of the two-sided P.
    ``spearman_signed``, where rows hold an interaction score: the same with a minus sign on P-values of positive
    ones, so that it is high where predicted negative interactions are significantly negative.
    """
    design, resamples = _resampled(joined, settings.ranking_resamples, settings)
    strength = -np.log10(np.maximum(joined.data.p_value, np.finfo(np.float64).tiny))
    measured = {"spearman": strength}
    if joined.labels["phenotype"] in INTERACTIONS:
        measured["spearman_signed"] = strength * -np.sign(joined.data.genotypes.value)
    for name, values in measured.items():
        draws = RankingBootstrap(design, resamples, values).spearman(joined.score)
        low, high = Estimate(float(draws[0]), draws[1:], design.effective()).interval(settings.confidence)
        yield {
            **joined.labels, "quantity": name, "value": float(draws[0]), "low": low, "high": high,
            "n": len(joined.score), "groups": design.present(),
        }  # fmt: skip


def point_table(joined: Joined) -> pd.DataFrame:
    """Return the joined rows themselves (`pipeline_lib.evaluation.schemas.P_VALUE_POINTS`), for scatter and volcano."""
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
