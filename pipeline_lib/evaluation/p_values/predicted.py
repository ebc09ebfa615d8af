"""Measured P-values against predicted interactions: whether what is predicted to interact turns out to, and how far.

The releases' P-values of triple mutants test the raw score epsilon_(ij)k of the double-mutant query ij against the
array gene k, models predict tau. By definition (Kuzmin et al., Science 360:eaao1729, 2018)
epsilon_(ij)k = tau_ijk + epsilon_ik f_j + epsilon_jk f_i.

Every genotype with a released P-value meets a prediction of the quantity that the P-value tests where there is one: a
raw interaction that a model predicts, or that its predictions of other phenotypes make up
(`pipeline_lib.evaluation.measurements`). Where none is there, tau stands in for the raw interaction.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.artefacts.schemas import PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.cell.testable import genotype_names, query_genes
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.folds import (
    INTERACTIONS,
    Calls,
    NoCalls,
    assay_seed,
    call_score,
    called,
    locate,
)
from pipeline_lib.evaluation.intervals.design import ClusterDesign, choose_kind, cluster_design, of_mean, of_spearman
from pipeline_lib.evaluation.intervals.estimates import Estimate, Resamples, draw_resamples
from pipeline_lib.evaluation.measurements import Measurements, are_crosses, raw_from_fitness, raw_from_parts
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap
from pipeline_lib.evaluation.p_values.nulls import NOMINAL, assays_with_p, tested_by_p
from pipeline_lib.evaluation.predictions import PredictionFile, by_split, mean_predictions

Floats = NDArray[np.float64]

_WITH_RAW_P = ("raw_interaction", "fitness")
"""Phenotypes on whose rows P-values of raw interactions stand."""

_FITNESS, _RAW = (PHENOTYPES.index(name) for name in ("fitness", "raw_interaction"))


MINIMUM_ROWS = 100
"""Rows with both a P-value and a prediction that a number must rest on."""

MINIMUM_HITS = 10
"""P-values below 0.05 that a verdict must rest on: with fewer, chance puts less than one of them into the first decile,
and a single hit more decides on the enrichment."""

SIZE, NEGATIVE = "size", "negative"
"""What predictions are ranked by: their size, of either sign as a two-sided P-value is, or how negative they are."""

_ROUNDING = 1e-9
"""Predictions that differ by less differ by rounding: f(ij) - f(i) f(j) of a product of single mutants is not 0."""


@dataclass(frozen=True)
class Joined:
    """Measured P-values beside the predictions of one model on one split.

    Attributes
    ----------
    labels
        model, split, screen, phenotype, order, source (screen and phenotype that was predicted) and p_of (the phenotype
        that the P-value tests).
    predicted
        The phenotype that was predicted: interaction, raw_interaction or call.
    data
        The measured rows [n], each with a P-value.
    prediction
        float64 [n] in the units of the source.
    score
        float64 [n]: high where a negative interaction is predicted.
    calls
        The rows [n] called negative by the rule of their screen.
    """

    labels: dict[str, Any]
    predicted: str
    data: Measurements
    prediction: Floats
    score: Floats
    calls: Calls

    @property
    def rankings(self) -> dict[str, Floats]:
        """What predictions [n] are ranked by: the size of a predicted interaction, and how negative it is."""
        negative = {NEGATIVE: self.score}
        return negative if self.predicted == "call" else {SIZE: np.abs(self.prediction)} | negative

    @property
    def constant(self) -> bool:
        """Return whether every genotype has the same prediction but for rounding, so that nothing is ranked."""
        return bool(np.ptp(self.prediction) < _ROUNDING)


@dataclass(frozen=True)
class _Predicted:
    """What one model predicts on one split: its test fold, and of every observation what may be known.

    Attributes
    ----------
    tested
        Observations [t] of the test fold.
    prediction
        float64 [t]: mean over seeds.
    known, value
        Observations [m] of all folds that raw interactions are made up of, and of each the measurement in the training
        fold, else the mean prediction.
    """

    tested: Measurements
    prediction: Floats
    known: Measurements
    value: Floats


def _read(data: Measurements, seeds: Sequence[PredictionFile], parts: NDArray[np.bool_]) -> _Predicted:
    """Read what one model predicts; `parts` [n] marks the observations that make up raw interactions."""
    where = str(seeds[0].path)
    ids, prediction = mean_predictions(seeds)
    tables = [read_table(file.path, PREDICTIONS).sort_values("observation_id") for file in seeds]
    rows = locate(data, tables[0]["observation_id"].to_numpy(np.int64), where)
    needed = parts[rows]
    known = data.take(rows[needed])
    means = np.mean([table["prediction"].to_numpy(np.float64) for table in tables], axis=0)[needed]
    trained = (tables[0]["fold"] == "train").to_numpy()[needed]
    value = np.where(trained, known.genotypes.value, means)
    return _Predicted(data.take(locate(data, ids, where)), prediction, known, value)


def join_predictions(data: Measurements, files: list[PredictionFile], advance: Callable[[], None]) -> Iterator[Joined]:
    """Yield every assay with P-values beside every model's predictions of its genotypes.

    Interactions with a P-value, and raw ones that are predicted themselves, are joined row by row. Other P-values of
    raw interactions are joined to the raw one that the predictions of their screen make up, where the adjusted score or
    the fitness of the genotype is in the test fold, and to the test-fold predictions of an interaction or a call of the
    same genotype in other screens. No measurement of the test fold or the validation fold is used as a prediction.
    """
    query = query_genes(data.genotypes)
    measured = [
        (screen, phenotype, order, part, query[locate(data, part.genotypes.observation_id, "observations")])
        for screen, phenotype, order, part in assays_with_p(data)
    ]
    raw_triples = (data.genotypes.phenotype == _RAW) & (data.genotypes.order == MAX_ORDER)
    parts = np.isin(data.genotypes.screen, data.genotypes.screen[raw_triples])
    parts |= (data.genotypes.phenotype == _FITNESS) & ~are_crosses(data)
    for split, models in by_split(files).items():
        for model, seeds in models.items():
            predicted = _read(data, seeds, parts)
            for screen, phenotype, order, part, queries in measured:
                labels = {"model": model, "split": split, "screen": screen, "phenotype": phenotype, "order": order}
                calls = called(part, screen, phenotype) if phenotype in INTERACTIONS else NoCalls(len(part))
                for source, kind, values in _sources(screen, phenotype, part, queries, predicted):
                    rows = np.isfinite(values)
                    if rows.sum() >= MINIMUM_ROWS:
                        joined = part.take(rows)
                        yield Joined(
                            labels={**labels, "source": f"{source} {kind}", "p_of": tested_by_p(joined, phenotype)},
                            predicted=kind,
                            data=joined,
                            prediction=values[rows],
                            score=call_score(values[rows], kind),
                            calls=calls.take(rows),
                        )
            for _ in seeds:
                advance()


def _sources(
    screen: str, phenotype: str, part: Measurements, query: NDArray[np.int64], predicted: _Predicted
) -> Iterator[tuple[str, str, Floats]]:
    """Yield (screen, phenotype, prediction of every row of `part` or NaN) of every assay that can stand for it."""
    made_up = _raw_prediction(screen, part, query, predicted) if phenotype in _WITH_RAW_P else np.empty(0)
    if np.isfinite(made_up).any():
        yield screen, "raw_interaction", made_up
    for other, kind, rows in predicted.tested.assays():
        own = (other, kind) == (screen, phenotype)
        stands_in = kind in ("interaction", "call") and phenotype != "interaction"
        if kind == "fitness" or not (own or stands_in) or (other == screen and np.isfinite(made_up).any()):
            continue
        tested = predicted.tested
        key = tested.genotypes.observation_id if own else tested.genotype
        wanted = part.genotypes.observation_id if own else part.genotype
        known = pd.Series(predicted.prediction[rows]).groupby(key[rows]).mean()
        yield other, kind, np.asarray(known.reindex(wanted), dtype=np.float64)


def _raw_prediction(screen: str, part: Measurements, query: NDArray[np.int64], predicted: _Predicted) -> Floats:
    """Return the raw interaction that predictions of the test fold's genotypes make up, NaN for other rows.

    From tau, epsilon and fitness where tau is predicted, else from fitness.
    """
    tested = {kind: rows for other, kind, rows in predicted.tested.assays() if other == screen}
    if "interaction" in tested:
        ours = predicted.known.genotypes
        of_screen = np.flatnonzero(ours.screen == ours.screens.index(screen))
        raw = raw_from_parts(part, query, predicted.known.take(of_screen), predicted.value[of_screen])
        raw = np.where(np.isin(part.genotype, predicted.tested.genotype[tested["interaction"]]), raw, np.nan)
        if np.isfinite(raw).any():
            return raw
    # Where all crosses have one predicted fitness, what is left is that of their strains: no interaction is predicted.
    if "fitness" not in tested or np.ptp(predicted.prediction[tested["fitness"]]) < _ROUNDING:
        return np.full(len(part), np.nan)
    # By cross, not by genotype: alleles of one gene differ in fitness.
    means = pd.Series(predicted.prediction[tested["fitness"]]).groupby(_cross(predicted.tested.take(tested["fitness"])))
    fitness = np.asarray(means.mean().reindex(pd.MultiIndex.from_arrays(_cross(part))), dtype=np.float64)
    return raw_from_fitness(part, query, fitness, predicted.known, predicted.value)


def _cross(data: Measurements) -> list[NDArray[np.int64]]:
    return [data.genotype, data.genotypes.query, data.genotypes.array]


DECILES = 10
STRONGEST = 10
"""Rows of each kind that the table of hits holds for a model, split and assay."""

MOST_POINTS = 200_000
"""Rows of a model, split, assay and order that the table of points holds: a figure shows no more."""

_NO_SIGN = 0.5
"""Two-sided P-value from which on a measurement shows no interaction at all."""


def _resampled(joined: Joined, number: int, settings: EvaluationSettings) -> tuple[ClusterDesign, Resamples]:
    labels = joined.labels
    design = cluster_design(joined.data, choose_kind(joined.data, labels["screen"], settings))
    seed = assay_seed(settings, labels["split"], labels["screen"], labels["phenotype"], str(labels["order"]))
    return design, draw_resamples(design, number, seed)


def _deciles(strength: Floats, settings: EvaluationSettings) -> NDArray[np.int64]:
    """Return the decile of every row [n], 0 for the strongest predictions.

    Ties are broken at random: in row order, the queries of a constant prediction would make a trend of their own.
    """
    n = len(strength)
    tie_breaker = np.random.default_rng([settings.seed, n]).permutation(n)
    decile = np.empty(n, dtype=np.int64)
    decile[np.lexsort((tie_breaker, -strength))] = np.arange(n) * DECILES // n
    return decile


def decile_rows(joined: Joined, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield hit rates by decile of the prediction: rows of `schemas.P_VALUE_DECILES`."""
    design, resamples = _resampled(joined, settings.resamples, settings)
    hit = joined.data.p_value < NOMINAL
    marks = {"hit": hit, **joined.calls.by_side()}
    for ranked_by, strength in joined.rankings.items():
        decile = _deciles(strength, settings)
        inside = decile == np.arange(DECILES)[:, None]
        shares = {name: _shares(inside, mark, design, resamples) for name, mark in marks.items()}
        for position, members in enumerate(inside):
            row = {
                **joined.labels,
                "ranked_by": ranked_by,
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
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.P_VALUE_CORRELATIONS`.

    ``spearman_size``, of predicted interactions: between their size, of either sign, and -log10 of the two-sided P.
    ``spearman``: between the strength of the predicted negative interaction and -log10 P. ``spearman_signed``, where
    rows hold an interaction score: the same with a minus sign on P-values of positive ones, so that it is high where
    predicted negative interactions are significantly negative. ``enrichment_size``, ``enrichment``: hit rate in the
    first decile, by size or of the strongest negative ones, over the base rate. A prediction that is the same for all
    has no value.
    """
    design, resamples = _resampled(joined, settings.ranking_resamples, settings)
    strength = -np.log10(np.maximum(joined.data.p_value, np.finfo(np.float64).tiny))
    hit = joined.data.p_value < NOMINAL
    shared = {**joined.labels, "n": len(joined.score), "hits": int(hit.sum()), "groups": design.present()}
    pairs = {f"spearman{_ENDING[name]}": (ranked, strength) for name, ranked in joined.rankings.items()}
    if joined.labels["phenotype"] in INTERACTIONS:
        pairs["spearman_signed"] = joined.score, strength * -np.sign(joined.data.genotypes.value)
    if joined.constant:
        for name in (*pairs, *(f"enrichment{_ENDING[name]}" for name in joined.rankings)):
            yield {**shared, "quantity": name, **dict.fromkeys(("value", "low", "high", "p_value"), np.nan)}
        return
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
    for name, ranked in joined.rankings.items():
        groups = np.stack([_deciles(ranked, settings) == 0, np.ones(len(hit), dtype=bool)])
        in_first, everywhere = _shares(groups, hit, design, resamples)
        ratio = _ratio(in_first, everywhere, (of_mean(hit, groups[0]), of_mean(hit, groups[1])), design)
        low, high = ratio.interval_within(settings.confidence, 0.0, np.inf)
        p_value = in_first.minus(everywhere).p_value()
        if ratio.value == 0 and np.isfinite(high):
            # No resample of no hit holds one: the exact interval and test, were hits independent.
            exact = stats.binomtest(0, int(hit.sum()), 1 / DECILES)
            high, p_value = DECILES * exact.proportion_ci(settings.confidence).high, exact.pvalue
        yield {
            **shared,
            "quantity": f"enrichment{_ENDING[name]}",
            "value": ratio.value,
            "low": low,
            "high": high,
            "p_value": p_value,
        }


_ENDING = {SIZE: "_size", NEGATIVE: ""}


def headline(agreement: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that answer whether a small P is predicted, named ``spearman`` and ``enrichment``.

    A two-sided P-value is small for interactions of either sign, so predicted interactions are ranked by size; of a
    called interaction only the negative side is predicted.

    Parameters
    ----------
    agreement
        Rows of `pipeline_lib.evaluation.tables.schemas.P_VALUE_CORRELATIONS`.
    """
    rows = agreement.assign(
        by_size=agreement["quantity"].str.endswith(_ENDING[SIZE]),
        quantity=agreement["quantity"].str.removesuffix(_ENDING[SIZE]),
    )
    rows = rows[rows["quantity"].isin(["spearman", "enrichment"])].sort_values("by_size", kind="stable")
    keys = [name for name in ("model", "split", "screen", "phenotype", "order", "source", "quantity") if name in rows]
    return rows.drop_duplicates(keys, keep="last").drop(columns="by_size").sort_index()


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
        genes=np.array(genotype_names(data.genes[rows], joined.data.gene_names).to_pylist(), dtype=str),
        prediction=joined.prediction[rows],
        value=data.value[rows],
        p_value=p[rows],
    )


def point_table(joined: Joined, settings: EvaluationSettings) -> pd.DataFrame:
    """Return the joined rows themselves, for scatter and volcano plots (`P_VALUE_POINTS` of the schemas).

    Of more than `MOST_POINTS` rows a random sample of that size, in the order of the rows; its attribute ``sampled``,
    which the parquet file keeps, states the rule.
    """
    data = joined.data.genotypes
    rows = np.arange(len(joined.score))
    attributes: dict[Hashable | None, Any] = {}
    if len(rows) > MOST_POINTS:
        random = np.random.default_rng([settings.seed, len(rows)])
        rows = np.sort(random.choice(len(rows), MOST_POINTS, replace=False))
        attributes = {"sampled": f"{MOST_POINTS} rows at random of every model, split, assay and order that has more"}
    table = pd.DataFrame(
        {
            **joined.labels,
            "observation_id": data.observation_id[rows],
            "prediction": joined.prediction[rows],
            "value": data.value[rows],
            "p_value": joined.data.p_value[rows],
            "negative": joined.calls.column()[rows],
        }
    )
    table.attrs = attributes
    return table
