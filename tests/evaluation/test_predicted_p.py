"""Measured P-values against predicted interactions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screen_readers import FITNESS_UNITS, SCREEN_READERS, ScreenScores
from pipeline_lib.evaluation.measurements import from_table, named_genes, on_adjusted_scores, read_measurements
from pipeline_lib.evaluation.p_values.nulls import quantile_rows, query_rows
from pipeline_lib.evaluation.p_values.predicted import (
    NEGATIVE,
    SIZE,
    Joined,
    agreement_rows,
    decile_rows,
    headline,
    hit_table,
    join_predictions,
    point_table,
)
from pipeline_lib.evaluation.predictions import find_predictions
from pipeline_lib.evaluation.tables.schemas import P_VALUE_POINTS

SETTINGS = EvaluationSettings(resamples=200, ranking_resamples=100)


def join(run: Path) -> list[Joined]:
    scores = {"simulated": SCREEN_READERS.get("kuzmin2018").scores}
    data = read_measurements(run / "tables" / "observations.parquet", scores=scores)
    return list(join_predictions(data, find_predictions(run / "models"), lambda: None))


def deciles(joined: Joined, ranked_by: str) -> pd.DataFrame:
    rows = pd.DataFrame(decile_rows(joined, SETTINGS))
    return rows[rows["ranked_by"] == ranked_by].set_index("decile")


@pytest.fixture
def scored(crosses: Callable) -> pd.DataFrame:
    """Return interactions whose one-sided P-values follow from their size."""
    frame: pd.DataFrame = crosses(20, 50, screen="simulated", p_sided=1)
    return frame.assign(p_value=stats.norm.sf(np.abs(frame["value"]) / 0.05))


def test_a_prediction_equal_to_the_score_puts_the_hits_first(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    (joined,) = join(run)
    rows = deciles(joined, NEGATIVE)
    assert rows["n"].tolist() == [100] * 10
    assert rows["negative_rate"].is_monotonic_decreasing
    assert rows.loc[1, "negative_rate"] == 1
    assert rows.loc[10, "negative_rate"] == 0
    assert rows.loc[10, "hit_rate"] > rows.loc[5, "hit_rate"]
    assert rows["base_rate"].unique() == pytest.approx([rows["hit_rate"].mean()])
    assert rows["prediction"].is_monotonic_increasing
    hits = (2 * frame["p_value"] < 0.05)[np.argsort(frame["value"].to_numpy())[:100]].mean()
    assert rows.loc[1, "hit_rate"] == pytest.approx(hits)


def test_spearman_is_that_of_scipy_with_and_without_the_sign(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    prediction = frame["value"] + np.random.default_rng(0).normal(size=1000) * 0.1
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): prediction.to_numpy()})
    rows = pd.DataFrame(agreement_rows(join(run)[0], SETTINGS)).set_index("quantity")
    strength = -np.log10(2 * frame["p_value"])
    assert rows.loc["spearman", "value"] == pytest.approx(stats.spearmanr(-prediction, strength)[0])
    signed = strength * -np.sign(frame["value"])
    assert rows.loc["spearman_signed", "value"] == pytest.approx(stats.spearmanr(-prediction, signed)[0])


def test_only_the_test_fold_is_looked_at_and_seeds_are_averaged(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    folds = np.where(np.arange(1000) % 4 == 0, "test", "train")
    seeds = {("clp", "random", seed): np.full(1000, float(seed)) for seed in (0, 1)}
    points = point_table(join(write_run(frame, folds, seeds))[0], SETTINGS)
    assert points["observation_id"].tolist() == list(range(0, 1000, 4))
    assert points["prediction"].unique().tolist() == [0.5]
    assert points["p_value"].max() <= 1


def test_of_too_many_points_a_sample_is_kept_whose_rule_stands_in_the_file(
    write_run: Callable, table: Callable, scored: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    frame = table(scored)
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    (joined,) = join(run)
    assert not point_table(joined, SETTINGS).attrs
    monkeypatch.setattr("pipeline_lib.evaluation.p_values.predicted.MOST_POINTS", 300)
    points = point_table(joined, SETTINGS)
    assert len(points) == 300
    assert points["observation_id"].is_monotonic_increasing
    # Neither the first rows nor the strongest: a sample of all of them.
    assert points["observation_id"].mean() == pytest.approx(500, abs=60)
    assert points["value"].abs().mean() == pytest.approx(frame["value"].abs().mean(), rel=0.2)
    write_table(points, tmp_path / "points.parquet", P_VALUE_POINTS)
    assert "300 rows at random" in read_table(tmp_path / "points.parquet").attrs["sampled"]


def test_p_values_without_a_split_meet_predictions_of_the_same_genotype(
    write_run: Callable, table: Callable, crosses: Callable
) -> None:
    """As in Kuzmin 2018: P-values stand on one table, the predicted calls on another."""
    calls = crosses(20, 50, screen="kuzmin2018_calls", phenotype="call")
    raw = crosses(20, 50, screen="kuzmin2018", phenotype="raw_interaction", p_value=0.3, p_sided=1)
    frame = table(calls, raw)
    folds = np.where(np.arange(2000) < 1000, np.where(np.arange(2000) % 2, "test", "train"), "none")
    prediction = np.arange(2000.0)
    (joined,) = join(write_run(frame, folds, {("clp", "random", 0): prediction}))
    assert joined.labels["source"] == "kuzmin2018_calls call"
    assert joined.labels["phenotype"] == "raw_interaction"
    assert joined.prediction.tolist() == list(range(1, 1000, 2))
    assert joined.data.genotypes.observation_id.tolist() == list(range(1001, 2000, 2))
    assert joined.score.tolist() == joined.prediction.tolist()


def test_too_few_shared_genotypes_make_no_curve(write_run: Callable, table: Callable, crosses: Callable) -> None:
    frame = table(crosses(4, 20, p_value=0.3, p_sided=1))
    assert not join(write_run(frame, np.full(80, "test"), {("clp", "random", 0): np.zeros(80)}))


def test_a_constant_prediction_has_no_trend_however_rows_are_ordered(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored.sort_values("p_value"))
    run = write_run(frame, np.full(1000, "test"), {("mean", "random", 0): np.zeros(1000)})
    (joined,) = join(run)
    rows = deciles(joined, NEGATIVE)
    counts = (rows["hit_rate"] * rows["n"]).round()
    assert stats.chisquare(counts).pvalue > 0.001
    # A correlation with a constant is not 0: there is none.
    agreement = pd.DataFrame(agreement_rows(joined, SETTINGS))
    assert agreement["value"].isna().all()
    assert set(agreement["quantity"]) >= {"spearman", "spearman_size", "enrichment", "enrichment_size"}


def test_rows_without_an_interaction_score_have_no_negative_rate(
    write_run: Callable, table: Callable, crosses: Callable
) -> None:
    calls = crosses(20, 50, screen="kuzmin2018_calls", phenotype="call")
    fitness = crosses(20, 50, screen="kuzmin2018", phenotype="fitness", p_value=0.3, p_sided=1)
    frame = table(calls, fitness)
    (joined,) = join(write_run(frame, np.full(2000, "test"), {("clp", "random", 0): np.arange(2000.0)}))
    rows = pd.DataFrame(decile_rows(joined, SETTINGS))
    assert rows["negative_rate"].isna().all()
    assert rows["hit_rate"].notna().all()
    assert point_table(joined, SETTINGS)["negative"].isna().all()
    agreement = pd.DataFrame(agreement_rows(joined, SETTINGS))
    assert agreement["quantity"].tolist() == ["spearman", "enrichment"]
    # Of a called interaction one side is predicted: that is what the question rests on there.
    pd.testing.assert_frame_equal(headline(agreement), agreement)


def planted_triples(observe: Callable, queries: int = 12, arrays: int = 30) -> pd.DataFrame:
    """Return a screen of tau and raw scores with its controls, whose raw score follows from its parts exactly."""
    rng = np.random.default_rng(3)
    first, second = ([f"{side}{q:02d}" for q in range(queries)] for side in "IJ")
    array = [f"K{a:02d}" for a in range(arrays)]
    singles = dict(zip(first + second, rng.uniform(0.7, 1, 2 * queries), strict=True))
    epsilon = {(gene, k): rng.normal(0, 0.1) for gene in first + second for k in array}
    cross = [(i, j, k) for i, j in zip(first, second, strict=True) for k in array]
    tau = rng.normal(0, 0.1, len(cross))
    raw = [t + epsilon[i, k] * singles[j] + epsilon[j, k] * singles[i] for t, (i, j, k) in zip(tau, cross, strict=True)]
    strains = {"query": [f"{i}+{j}" for i, j, _ in cross], "array": [k for *_, k in cross]}
    p_value = stats.norm.sf(np.abs(raw) / 0.05)
    return pd.concat(
        [
            observe(cross, tau, screen="full", p_sided=1, **strains),
            observe(cross, raw, screen="full", phenotype="raw_interaction", p_value=p_value, p_sided=1, **strains),
            observe(
                list(epsilon),
                list(epsilon.values()),
                screen="full",
                query=[g for g, _ in epsilon],
                array=[k for _, k in epsilon],
            ),
            observe(
                [(gene,) for gene in singles],
                list(singles.values()),
                screen="full",
                phenotype="fitness",
                query=list(singles),
            ),
        ]
    )


def test_p_of_a_raw_score_meets_the_raw_score_that_the_predictions_make_up(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    frame = table(planted_triples(observe))
    trigenic = (frame["order"] == 3).to_numpy()
    folds = np.where(trigenic, "test", "train")
    run = write_run(frame, folds, {("clp", "random", 0): frame["value"].to_numpy()})
    joined = {item.labels["phenotype"]: item for item in join(run)}
    raw = joined["raw_interaction"]
    assert (raw.labels["source"], raw.labels["p_of"], raw.labels["order"]) == (
        "full raw_interaction",
        "raw_interaction",
        3,
    )
    # Perfect predictions of tau, with the controls of the training fold, give the raw score back.
    np.testing.assert_allclose(raw.prediction, raw.data.genotypes.value, atol=1e-12)


def test_no_measurement_of_the_test_fold_makes_up_a_prediction(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    frame = table(planted_triples(observe))
    nothing = np.zeros(len(frame))
    run = write_run(frame, np.full(len(frame), "test"), {("mean", "random", 0): nothing})
    raw = next(item for item in join(run) if item.labels["phenotype"] == "raw_interaction")
    assert (raw.prediction == 0).all()


def planted_fitness(observe: Callable, queries: int = 10, arrays: int = 30) -> pd.DataFrame:
    """Return fitness of pairs and triples, raw scores with P-values, and of each strain its fitness elsewhere.

    Strains are alleles: every array gene has two, whose fitness differs. f(cross) = f(query) f(array) + raw.
    """
    rng = np.random.default_rng(5)
    array = {f"K{a:02d}_{allele}": rng.uniform(0.5, 1) for a in range(arrays) for allele in ("dma", "tsa")}
    single = {f"Q{q:02d}": rng.uniform(0.7, 1) for q in range(queries)}
    double = {f"I{q:02d}+J{q:02d}": rng.uniform(0.7, 1) for q in range(queries)}
    parts = []
    for fitness in (single, double):
        cross = [(*query.split("+"), strain[:3]) for query in fitness for strain in array]
        strains = {
            "screen": "crosses",
            "query": [f"{query}_tm" for query in fitness for _ in array],
            "array": [strain for _ in fitness for strain in array],
        }
        expected = np.array([f * k for f in fitness.values() for k in array.values()])
        raw = rng.normal(0, 0.05, len(cross))
        p_value = stats.norm.sf(np.abs(raw) / 0.05)
        parts += [
            observe(cross, expected + raw, phenotype="fitness", **strains),
            observe(cross, raw, phenotype="raw_interaction", p_value=p_value, p_sided=1, **strains),
        ]
    queries_of = [((gene,), f, f"{gene}_sn") for gene, f in single.items()]
    queries_of += [(tuple(pair.split("+")), f, f"{pair}_tm") for pair, f in double.items()]
    strains_of = [*queries_of, *(((strain[:3],), f, strain) for strain, f in array.items())]
    genes, fitness, names = zip(*strains_of, strict=True)
    return pd.concat([*parts, observe(genes, fitness, screen="strains", phenotype="fitness", query=names)])


def raw_by_order(
    run: Path, scores: dict[str, ScreenScores] | None = None, screen: str = "crosses"
) -> dict[int, Joined]:
    """Return the joined raw interactions of a screen; in fitness units unless `scores` states otherwise."""
    stated = {name: ScreenScores(unit=FITNESS_UNITS) for name in ("crosses", "strains")} | (scores or {})
    data = read_measurements(run / "tables" / "observations.parquet", scores=stated)
    joined = join_predictions(data, find_predictions(run / "models"), lambda: None)
    return {item.labels["order"]: item for item in joined if item.labels["source"] == f"{screen} raw_interaction"}


def strains_of(joined: Joined) -> list[tuple[str, str]]:
    """Return the query and the array strain of every row."""
    data = joined.data.genotypes
    return [(data.strains[query], data.strains[array]) for query, array in zip(data.query, data.array, strict=True)]


def test_raw_interactions_follow_from_the_predicted_fitness_of_pairs_and_of_triples(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    frame = table(planted_fitness(observe))
    crosses = frame["screen"] == "crosses"
    folds = np.select([frame["phenotype"] == "raw_interaction", crosses], ["none", "test"], "train")
    values = np.where(crosses, frame["value"], 9)
    found = raw_by_order(write_run(frame, folds, {("clp", "random", 0): values}))
    assert {order: len(joined.prediction) for order, joined in found.items()} == {2: 600, 3: 600}
    for joined in found.values():
        assert (joined.labels["phenotype"], joined.labels["p_of"]) == ("raw_interaction", "raw_interaction")
        # Perfect predictions of the crosses and the strains of the training fold, allele by allele.
        np.testing.assert_allclose(joined.prediction, joined.data.genotypes.value, atol=1e-12)


def test_of_a_strain_outside_the_training_fold_the_prediction_counts_and_of_a_cross_only_the_test_fold(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    frame = table(planted_fitness(observe))
    crosses = (frame["screen"] == "crosses").to_numpy()
    raw = (frame["phenotype"] == "raw_interaction").to_numpy()
    half = np.array([str(name).endswith("dma") for name in frame["array"]])
    folds = np.select([raw, crosses & half, crosses], ["none", "test", "train"], "validation")
    found = raw_by_order(write_run(frame, folds, {("clp", "random", 0): np.where(crosses, 0.5, 0.8)}))
    for joined in found.values():
        assert {joined.data.genotypes.strains[code][-3:] for code in joined.data.genotypes.array} == {"dma"}
        np.testing.assert_allclose(joined.prediction, 0.5 - 0.8 * 0.8)
    # A strain that the split leaves out has neither a measurement nor a prediction.
    folds[~crosses] = "none"
    assert not raw_by_order(write_run(frame, folds, {("clp", "random", 0): np.full(len(frame), 0.5)}))


def test_a_strain_of_the_same_screen_comes_before_that_of_another(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    planted = planted_fitness(observe)
    others = planted[planted["screen"] == "strains"]
    own = others.assign(screen="crosses")
    frame = table(planted[planted["screen"] == "crosses"], own, others.assign(value=0.1))
    single = frame["array"].isna()
    folds = np.select([frame["phenotype"] == "raw_interaction", ~single], ["none", "test"], "train")
    for joined in raw_by_order(write_run(frame, folds, {("clp", "random", 0): frame["value"].to_numpy()})).values():
        np.testing.assert_allclose(joined.prediction, joined.data.genotypes.value, atol=1e-12)


@pytest.mark.parametrize("other", ["another unit", "a simulation", "a list of essential genes"])
def test_fitness_of_another_kind_stands_for_no_strain(
    write_run: Callable, table: Callable, observe: Callable, other: str
) -> None:
    planted = planted_fitness(observe)
    if other == "a list of essential genes":
        planted.loc[planted["screen"] == "strains", "value"] = 1.0
    frame = table(planted)
    folds = np.select(
        [frame["phenotype"] == "raw_interaction", frame["screen"] == "crosses"], ["none", "test"], "train"
    )
    scores = {
        "another unit": {"strains": ScreenScores(unit="log2 ratio")},
        "a simulation": {"strains": ScreenScores(unit=FITNESS_UNITS, simulated=True)},
        "a list of essential genes": {},
    }
    run = write_run(frame, folds, {("clp", "random", 0): frame["value"].to_numpy()})
    assert not raw_by_order(run, scores[other])


def test_control_queries_of_a_release_that_takes_them_for_the_wild_type_have_a_fitness_of_one(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    """As in the scored output of Kuzmin 2020: the expected fitness of a pair is that of the array strain."""
    frame = table(planted_fitness(observe))
    crosses = frame["screen"] == "crosses"
    folds = np.select([frame["phenotype"] == "raw_interaction", crosses], ["none", "test"], "train")
    run = write_run(frame, folds, {("clp", "random", 0): np.where(crosses, frame["value"], 9)})
    found = raw_by_order(run, {"crosses": SCREEN_READERS.get("kuzmin2020_scored").scores})
    array = frame[frame["screen"] == "strains"].set_index("query")["value"]
    fitness = frame[crosses & (frame["phenotype"] == "fitness")].set_index(["query", "array"])["value"]
    less_array = fitness - fitness.index.get_level_values("array").map(array)
    np.testing.assert_allclose(found[2].prediction, less_array.loc[strains_of(found[2])])
    # The double-mutant queries have their own fitness.
    assert not np.isclose(found[3].prediction, less_array.loc[strains_of(found[3])]).any()


def test_p_values_on_rows_of_fitness_meet_the_raw_interaction_of_that_fitness(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    """As in the repeated rows of Kuzmin 2018, which hold no raw score; strains by gene, for their names differ."""
    planted = planted_fitness(observe)
    raw = planted[planted["phenotype"] == "raw_interaction"]
    fitness = planted[(planted["phenotype"] == "fitness") & (planted["screen"] == "crosses")]
    fitness = fitness.assign(p_value=raw["p_value"].to_numpy(), p_sided=raw["p_sided"].to_numpy())
    frame = table(fitness, planted[planted["screen"] == "strains"])
    folds = np.where(frame["screen"] == "crosses", "test", "train")
    found = raw_by_order(write_run(frame, folds, {("clp", "random", 0): frame["value"].to_numpy()}))
    assert {joined.labels["phenotype"] for joined in found.values()} == {"fitness"}
    assert {joined.labels["p_of"] for joined in found.values()} == {"raw_interaction"}
    expected = raw.set_index(["query", "array"])["value"]
    for joined in found.values():
        np.testing.assert_allclose(joined.prediction, expected.loc[strains_of(joined)], atol=1e-12)


def test_a_screen_of_tau_alone_keeps_the_p_values_of_its_raw_scores(
    write_run: Callable, table: Callable, observe: Callable
) -> None:
    frame = table(planted_triples(observe).query("order == 3 and phenotype == 'interaction'"))
    p_value = np.random.default_rng(0).uniform(0, 0.5, len(frame))
    frame = frame.assign(raw_p_value=p_value, p_value_averaged=False, p_sided=pd.array([1] * len(frame), dtype="Int64"))
    frame.loc[:9, "raw_p_value"], frame.loc[:9, "p_value_averaged"] = 0.7, True
    data = on_adjusted_scores(from_table(frame, named_genes(frame["genes"]), "test", {}))
    assert data.p_of_raw.sum() == len(frame) - 10
    np.testing.assert_allclose(data.p_value[10:], 2 * p_value[10:])
    assert np.isnan(data.p_value[:10]).all()
    run = write_run(frame, np.full(len(frame), "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    (joined,) = join_predictions(data, find_predictions(run / "models"), lambda: None)
    assert (joined.labels["source"], joined.labels["p_of"]) == ("full interaction", "raw_interaction")
    assert len(joined.prediction) == len(frame) - 10


def test_enrichment_is_the_first_deciles_share_of_hits_over_that_of_all_rows(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    rows = pd.DataFrame(agreement_rows(join(run)[0], SETTINGS)).set_index("quantity")
    for name, ranked_by in (("enrichment", NEGATIVE), ("enrichment_size", SIZE)):
        first = deciles(join(run)[0], ranked_by).loc[1]
        assert rows.loc[name, "value"] == pytest.approx(first["hit_rate"] / first["base_rate"])
    assert rows.loc["enrichment", "low"] < rows.loc["enrichment", "value"] < rows.loc["enrichment", "high"]
    # Sizes of predictions that are the scores themselves order the P-values perfectly.
    assert rows.loc["spearman_size", "value"] == pytest.approx(1)
    assert rows.loc["spearman_size", "p_value"] < 0.05


def test_a_two_sided_p_is_predicted_by_size_where_hits_are_positive(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    """Hits of positive interactions alone, all of them predicted: by how negative they are, they come last."""
    frame = table(scored.assign(value=scored["value"].abs()))
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    (joined,) = join(run)
    agreement = pd.DataFrame(agreement_rows(joined, SETTINGS))
    rows = agreement.set_index("quantity")
    assert rows.loc["spearman", "value"] == pytest.approx(-1)
    assert rows.loc["enrichment", "value"] == 0
    # No bootstrap of no hit has a spread: 0 of as many independent hits leave room for some (Clopper and Pearson 1934).
    bound = 10 * (1 - 0.025 ** (1 / rows.loc["enrichment", "hits"]))
    assert rows.loc["enrichment", "high"] == pytest.approx(bound)
    answer = headline(agreement).set_index("quantity")
    assert answer.loc["spearman", "value"] == pytest.approx(1)
    assert answer.loc["enrichment", "value"] > 2
    assert deciles(joined, SIZE).loc[1, "hit_rate"] == 1
    assert set(answer["hits"]) == {int((2 * frame["p_value"] < 0.05).sum())}


@pytest.mark.parametrize("predicted", ["one fitness", "the product of the strains"])
def test_fitness_without_an_interaction_predicts_none(
    write_run: Callable, table: Callable, observe: Callable, predicted: str
) -> None:
    frame = table(planted_fitness(observe))
    crosses = frame["screen"] == "crosses"
    folds = np.select([frame["phenotype"] == "raw_interaction", crosses], ["none", "test"], "train")
    raw = frame[frame["phenotype"] == "raw_interaction"].set_index(["query", "array"])["value"]
    product = frame["value"] - raw.reindex(pd.MultiIndex.from_frame(frame[["query", "array"]])).to_numpy()
    values = np.where(crosses, 0.9 if predicted == "one fitness" else product, frame["value"])
    found = raw_by_order(write_run(frame, folds, {("mean", "random", 0): values}))
    assert all(joined.constant for joined in found.values())
    assert bool(found) == (predicted != "one fitness")


def test_the_rows_that_stand_out_are_hits_misses_and_unconfirmed_ones(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    opposite = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): -frame["value"].to_numpy()})
    hits = hit_table(join(opposite)[0])
    strongest = hits[hits["kind"] == "measured"]
    assert strongest["p_value"].tolist() == np.sort(2 * frame["p_value"].to_numpy())[:10].tolist()
    assert strongest["genes"].str.count(r"\+").eq(1).all()
    missed = hits[hits["kind"] == "missed"]
    assert (missed["value"] < 0).all()
    assert (missed["prediction"] > 0).all()
    assert (hits.loc[hits["kind"] == "unconfirmed", "p_value"] > 0.5).all()


def test_hits_and_quantiles_of_each_query(table: Callable, crosses: Callable) -> None:
    uniform = (np.arange(1000) + 0.5) / 1000
    frame = table(crosses(10, 100, p_value=np.random.default_rng(1).permutation(uniform), p_sided=2))
    few = frame["query"] == frame["query"].iloc[0]
    frame.loc[few, "p_value"] = frame.loc[few, "p_value"] / 100
    data = from_table(frame, named_genes(frame["genes"]), "test", {})
    rows = pd.DataFrame(query_rows(data)).set_index("query")
    assert rows.loc["", "n"] == 1000
    assert rows.loc["Q000_sn0", "hits"] == 100
    assert rows.loc["Q000_sn0", "p_value"] < 1e-20
    assert rows.loc["Q000_sn0", "inflation"] > 10
    assert rows.drop(["", "Q000_sn0"])["inflation"].median() == pytest.approx(1, abs=0.4)
    points = pd.DataFrame(quantile_rows(data))
    whole = points[points["query"] == "Q001_sn1"]
    assert whole["observed"].is_monotonic_increasing
    assert np.abs(whole["observed"] - whole["expected"]).max() < 0.2


def test_a_screen_without_queries_has_one_line_for_all(table: Callable, observe: Callable) -> None:
    frame = table(observe([("A", f"B{number}") for number in range(30)], [0.1] * 30, p_value=0.2, p_sided=2))
    rows = list(query_rows(from_table(frame, named_genes(frame["genes"]), "test", {})))
    assert [(row["query"], row["n"]) for row in rows] == [("", 30)]
