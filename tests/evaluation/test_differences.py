"""Paired differences: which way is better, and how often equal models are called different."""

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.clusters import ClusterDesign, draw_resamples
from pipeline_lib.evaluation.differences import best_baseline, difference_rows
from pipeline_lib.evaluation.influence import of_correlation
from pipeline_lib.evaluation.intervals import Estimate
from pipeline_lib.evaluation.moments import MomentBootstrap, pearson
from pipeline_lib.evaluation.scores import Extent

SETTINGS = EvaluationSettings()
DRAWS = np.random.default_rng(0).normal(0, 0.02, size=500)


def scores(metric: str, **values: float) -> dict[str, dict[tuple[str, str, str], Estimate]]:
    key = ("simulated", "interaction", metric)
    return {model: {key: Estimate(value, value + DRAWS, 40)} for model, value in values.items()}


def test_the_best_baseline_has_the_greatest_correlation_and_the_least_error() -> None:
    for metric, best in (("pearson", "gene_ridge"), ("rmse", "query_mean")):
        found = scores(metric, gene_ridge=0.4, query_mean=0.3, mean=0.35, clp=0.9)
        assert best_baseline(found, ("simulated", "interaction", metric), SETTINGS.baselines) == best


def test_without_a_baseline_there_is_no_best() -> None:
    assert best_baseline(scores("pearson", clp=0.9), ("simulated", "interaction", "pearson"), ["mean"]) is None


def test_a_difference_is_the_model_less_its_reference() -> None:
    found = scores("pearson", gene_ridge=0.4, clp=0.45)
    extents = {("simulated", "interaction"): Extent(n=100, groups=40, clusters="query")}
    rows = difference_rows("random", found, extents, SETTINGS)
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
    for model, values in found.items():
        for key, estimate in values.items():
            draws = estimate.value + rng.normal(0, 0.01, size=500)
            found[model] = {key: Estimate(estimate.value, draws, 40)}
    extents = {("simulated", "interaction"): Extent(n=100, groups=40, clusters="query")}
    settings = SETTINGS.model_copy(update={"references": ["gene_ridge"], "baselines": []})
    rows = difference_rows("random", found, extents, settings)
    expected = stats.false_discovery_control([row["p_value"] for row in rows])
    assert [row["q_value"] for row in rows] == pytest.approx(expected)


def cluster_effects(design: ClusterDesign, rng: np.random.Generator) -> np.ndarray:
    """Return effects [3, n] that rows share with their clusters: of their query, or of each of their genes."""
    return 0.5 * rng.normal(size=(3, design.sizes[0]))[:, design.codes].sum(axis=2)


def rejections(design: ClusterDesign, screens: int) -> int:
    """Count how often two equally good models differ at 5 percent, each screen drawn anew.

    Measurements and both predictions carry effects of the clusters, so errors are correlated within them; on average
    over screens both models are equally good.
    """
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(screens):
        effects = cluster_effects(design, rng)
        truth, noise = rng.normal(size=len(design.codes)), rng.normal(size=effects.shape)
        y = 0.5 * truth + effects[0] + noise[0]
        resamples = draw_resamples(design, 400, [int(rng.integers(2**31))])
        bootstrap = MomentBootstrap(design, resamples, y)
        estimates = []
        for own in (effects + noise)[1:]:
            x = 0.5 * truth + 0.3 * effects[0] + own
            values = pearson(bootstrap.sums(x))
            influence = of_correlation(x - x.mean(), y - y.mean())
            estimates.append(Estimate(values[0], values[1:], design.groups, design, influence))
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
def test_equal_models_are_told_apart_one_time_in_twenty(design: ClusterDesign) -> None:
    """The type-I error of the paired test at 5 percent lies within its 99 percent binomial interval."""
    screens = 400
    low, high = stats.binom.interval(0.99, screens, 0.05)
    assert low <= rejections(design, screens) <= high
