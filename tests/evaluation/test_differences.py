"""Paired differences: which way is better, and how often equal models are called different."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.intervals.design import ClusterDesign, of_correlation
from pipeline_lib.evaluation.intervals.estimates import Estimate, draw_resamples
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap, pearson
from pipeline_lib.evaluation.metrics.scores import Extent
from pipeline_lib.evaluation.tables.differences import difference_rows, seed_difference

SETTINGS = EvaluationSettings()
DRAWS = np.random.default_rng(0).normal(0, 0.02, size=500)


ASSAY = ("simulated", "interaction")
EXTENTS = {ASSAY: Extent(n=100, groups=40, clusters="query")}


def scores(metric: str, **values: float) -> dict[str, dict[int, dict[tuple[str, str, str], Estimate]]]:
    """Return scores of one seed a model."""
    return {model: {0: {(*ASSAY, metric): Estimate(value, value + DRAWS, 40)}} for model, value in values.items()}


def rows_of(
    found: dict[str, dict[int, dict[tuple[str, str, str], Estimate]]],
    validation: dict[str, dict[tuple[str, str], float]] | None = None,
    **settings: list[str],
) -> list[dict[str, Any]]:
    return difference_rows("random", found, validation or {}, EXTENTS, SETTINGS.model_copy(update=settings))


def test_the_best_baseline_is_chosen_on_validation_whatever_its_test_score() -> None:
    found = scores("pearson", gene_ridge=0.4, query_mean=0.3, clp=0.9)
    validation = {"gene_ridge": {ASSAY: 0.2}, "query_mean": {ASSAY: 0.5}, "clp": {ASSAY: 0.9}}
    rows = rows_of(found, validation, references=[])
    assert [(row["model"], row["reference"]) for row in rows] == [
        ("gene_ridge", "query_mean"),
        ("clp", "query_mean"),
        ("query_mean", "gene_ridge"),
    ]
    assert {row["chosen_on"] for row in rows} == {"validation"}


def test_every_metric_has_the_baseline_that_leads_its_assay() -> None:
    """Chosen by Pearson, and not metric by metric: root mean squared errors are held against the same model."""
    found = scores("rmse", gene_ridge=0.4, query_mean=0.3, clp=0.2)
    rows = rows_of(found, {"gene_ridge": {ASSAY: 0.5}, "query_mean": {ASSAY: 0.2}}, references=[])
    assert rows[1]["reference"] == "gene_ridge"
    assert rows[1]["lower_is_better"]
    assert rows[1]["value"] == pytest.approx(-0.2)


def test_a_screen_without_validation_rows_takes_the_baseline_of_other_screens_of_its_phenotype() -> None:
    found = scores("pearson", gene_ridge=0.4, query_mean=0.3, clp=0.9)
    other = {"gene_ridge": {("ours", "interaction"): 0.1}, "query_mean": {("ours", "interaction"): 0.3}}
    fitness = {"gene_ridge": {("ours", "fitness"): 0.1}, "query_mean": {("ours", "fitness"): 0.3}}
    (row,) = (row for row in rows_of(found, other, references=[]) if row["model"] == "clp")
    assert (row["reference"], row["chosen_on"]) == ("query_mean", "validation of other screens")
    (row,) = (row for row in rows_of(found, fitness, references=[]) if row["model"] == "clp")
    assert (row["reference"], row["chosen_on"]) == ("gene_ridge", "test")


def test_without_a_baseline_there_is_no_best() -> None:
    assert rows_of(scores("pearson", clp=0.9), references=[]) == []


def test_a_difference_is_the_model_less_its_reference() -> None:
    rows = rows_of(scores("pearson", gene_ridge=0.4, clp=0.45), references=["clp"])
    assert [(row["model"], row["reference"], row["role"]) for row in rows] == [
        ("clp", "gene_ridge", "best_baseline"),
        ("gene_ridge", "clp", "reference"),
    ]
    assert [row["value"] for row in rows] == pytest.approx([0.05, -0.05])
    assert not rows[0]["lower_is_better"]


def test_q_values_of_one_family_are_benjamini_hochberg() -> None:
    rng = np.random.default_rng(1)
    models = {f"m{place}": 0.4 + 0.004 * place for place in range(6)}
    found = scores("pearson", gene_ridge=0.4, **models)
    for seeds in found.values():
        for key, estimate in seeds[0].items():
            draws = estimate.value + rng.normal(0, 0.01, size=500)
            seeds[0][key] = Estimate(estimate.value, draws, 40)
    rows = rows_of(found, references=["gene_ridge"], baselines=[])
    expected = stats.false_discovery_control([row["p_value"] for row in rows])
    assert [row["q_value"] for row in rows] == pytest.approx(expected)


def by_seed(**values: float) -> dict[int, Estimate]:
    return {int(name[1:]): Estimate(value, value + DRAWS, 40) for name, value in values.items()}


def test_an_ablation_is_compared_on_equal_seeds_and_not_with_the_mean_of_more() -> None:
    """One seed of the variant beside three of the model: the seed that both have counts, 0.30 against 0.31."""
    model, variant = by_seed(s0=0.31, s1=0.33, s2=0.35), by_seed(s0=0.30)
    difference, seeds, reference_seeds = seed_difference(variant, model, variants=True)
    assert difference.value == pytest.approx(-0.01)
    assert (seeds, reference_seeds) == (1, 1)
    unrelated, *counts = seed_difference(variant, model, variants=False)
    assert unrelated.value == pytest.approx(-0.03)
    assert counts == [1, 3]


def test_what_a_seed_does_to_both_models_falls_out_of_their_difference() -> None:
    model, variant = by_seed(s0=0.2, s1=0.3, s2=0.4), by_seed(s0=0.18, s1=0.28, s2=0.38)
    paired, *counts = seed_difference(model, variant, variants=True)
    assert counts == [3, 3]
    assert paired.interval(0.95) == pytest.approx((0.02, 0.02))
    apart, _, _ = seed_difference(model, by_seed(s7=0.18, s8=0.28, s9=0.38), variants=False)
    assert apart.value == pytest.approx(0.02)
    assert np.ptp(apart.interval(0.95)) > 0.2


def test_seeds_that_disagree_are_no_win_however_many_rows_were_tested() -> None:
    """Nine parts in ten of an ablation's apparent gain may be one lucky seed."""
    exact = {seed: Estimate(0.3, np.full(500, 0.3), 10**6) for seed in range(3)}
    lucky = {seed: Estimate(0.3 + gain, np.full(500, 0.3 + gain), 10**6) for seed, gain in enumerate((0.0, 0.0, 0.09))}
    difference, _, _ = seed_difference(lucky, exact, variants=True)
    assert difference.value == pytest.approx(0.03)
    low, high = difference.interval(0.95)
    assert low < 0 < high
    assert difference.p_value() > 0.05


def cluster_effects(design: ClusterDesign, rng: np.random.Generator, heavy: bool) -> np.ndarray:
    """Return effects [3, n] that rows share with their clusters: of their query, of their array, of each gene.

    Heavy-tailed effects are Student's t with three degrees of freedom: a few genes interact with most others.
    """
    sizes = design.sizes[:1] if design.kind == "gene" else design.sizes
    effects = np.zeros((3, len(design.codes)))
    for way in range(design.codes.shape[1]):
        if way < len(sizes):
            shape = (3, sizes[way])
            own = rng.standard_t(3, size=shape) if heavy else rng.normal(size=shape)
        effects += 0.5 * own[:, design.codes[:, way]]
    return effects


def rejections(design: ClusterDesign, screens: int, heavy: bool = False) -> int:
    """Count how often two equally good models differ at 5 percent, each screen drawn anew.

    Measurements and both predictions carry effects of the clusters, so errors are correlated within them; on average
    over screens both models are equally good.
    """
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(screens):
        effects = cluster_effects(design, rng, heavy)
        truth, noise = rng.normal(size=len(design.codes)), rng.normal(size=effects.shape)
        y = 0.5 * truth + effects[0] + noise[0]
        resampled = ClusterDesign("query", design.codes[:, :1], design.sizes[:1]) if design.kind == "query" else design
        resamples = draw_resamples(resampled, 400, [int(rng.integers(2**31))])
        bootstrap = MomentBootstrap(resampled, resamples, y)
        estimates = []
        for own in (effects + noise)[1:]:
            x = 0.5 * truth + 0.3 * effects[0] + own
            values = pearson(bootstrap.sums(x))
            influence = of_correlation(x - x.mean(), y - y.mean())
            estimates.append(Estimate(values[0], values[1:], resampled.groups, resampled.spread(influence)))
        rejected += estimates[0].minus(estimates[1]).p_value() < 0.05
    return rejected


@pytest.mark.slow
@pytest.mark.parametrize(
    "design",
    [
        ClusterDesign("query", np.repeat(np.arange(12), 60)[:, None], (12,)),
        ClusterDesign("query", np.repeat(np.arange(60), 20)[:, None], (60,)),
        ClusterDesign("gene", np.column_stack(np.triu_indices(100, 1))[::3], (100, 100)),
    ],
    ids=["12 queries", "60 queries", "pairs of 100 genes"],
)
def test_equal_models_differ_significantly_one_time_in_twenty(design: ClusterDesign) -> None:
    """The type-I error of the paired test at 5 percent lies within its 99 percent binomial interval."""
    screens = 400
    low, high = stats.binom.interval(0.99, screens, 0.05)
    assert low <= rejections(design, screens) <= high


def crossed(queries: int, arrays: int) -> np.ndarray:
    """Return the query and the array of every row of a full screen: int64 [rows, 2]."""
    return np.column_stack([part.ravel() for part in np.indices((queries, arrays))])


QUERIES, ARRAYS, SCREENS = 35, 60, 2500
TAILS = pytest.mark.parametrize("heavy", [False, True], ids=["normal effects", "heavy-tailed effects"])


@TAILS
@pytest.mark.parametrize(
    "design",
    [
        ClusterDesign("query_array", crossed(QUERIES, ARRAYS), (QUERIES, ARRAYS)),
        pytest.param(
            ClusterDesign("gene", np.column_stack(np.triu_indices(100, 1))[::3], (100, 100)), marks=pytest.mark.slow
        ),
    ],
    ids=["35 queries by 60 arrays", "pairs of 100 genes"],
)
def test_equal_models_on_rows_of_two_clusters_differ_significantly_one_time_in_twenty(
    design: ClusterDesign, heavy: bool
) -> None:
    """The type-I error at a nominal 5 percent; its own standard error is 0.004."""
    assert 0.04 <= rejections(design, SCREENS, heavy) / SCREENS <= 0.08


@TAILS
def test_queries_alone_call_equal_models_different(heavy: bool) -> None:
    """Scores of one array share its effect: resampling queries alone leaves it out."""
    design = ClusterDesign("query", crossed(QUERIES, ARRAYS), (QUERIES, ARRAYS))
    assert rejections(design, SCREENS, heavy) / SCREENS > (0.15 if heavy else 0.08)


@pytest.mark.parametrize("queries", [12, 35])
def test_two_way_intervals_cover_the_true_correlation(queries: int) -> None:
    """The correlation of y = x + e in a population of heavy-tailed queries and arrays, of 200 screens."""
    rng = np.random.default_rng(5)
    codes = crossed(queries, 80)
    design = ClusterDesign("query_array", codes, (queries, 80))

    def effect(size: int, way: int) -> np.ndarray:
        # Uniform with a long tail at 3 SD: bounded, so that the population's correlation is one number.
        return (
            np.where(rng.random(size) < 0.05, 3.0, 1.0)[codes[:, way]] * rng.choice([-1, 1], size=size)[codes[:, way]]
        )

    def screen() -> tuple[np.ndarray, np.ndarray]:
        x = effect(queries, 0) + effect(80, 1) + rng.normal(size=len(codes))
        return x, x + effect(queries, 0) + effect(80, 1) + rng.normal(size=len(codes))

    # Both x and the error have variance 2 (0.95 + 0.05 * 9) + 1 = 3.8, so the correlation is sqrt(1 / 2).
    covered = 0
    for _ in range(200):
        x, y = screen()
        values = pearson(MomentBootstrap(design, draw_resamples(design, 400, [int(rng.integers(2**31))]), y).sums(x))
        influence = of_correlation(x - x.mean(), y - y.mean())
        low, high = Estimate(values[0], values[1:], design.effective(), design.spread(influence)).interval(0.95)
        covered += low <= np.sqrt(0.5) <= high
    assert 0.90 <= covered / 200 <= 0.99
