"""Skill within subgroups of genotypes."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.folds import assay_fold
from pipeline_lib.evaluation.tables.leaderboard import GeneSet, SubgroupBootstrap, gene_traits, levels, network_traits

SETTINGS = EvaluationSettings(resamples=100, ranking_resamples=50)


def genes(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"gene_index": range(4), "gene": list("ABCD"), "in_gem": [True, True, False, False]})
    return frame.assign(essential=pd.array([True, False, False, None], dtype="boolean"), **columns)


def test_levels_by_hand(measure: Callable, observe: Callable) -> None:
    data = measure(observe([("A", "B"), ("A", "C"), ("C", "D"), ("B", "C", "D")], np.zeros(4)))
    edges = pd.DataFrame({"source": [0, 0, 1], "target": [1, 2, 2]})
    found = levels(data, gene_traits(genes()) | network_traits(edges, 4))
    assert found["metabolic"].tolist() == ["all", "some", "none", "some"]
    assert found["essential"].tolist() == ["some", "some", "none", "none"]
    assert found["order"].tolist() == ["2", "2", "2", "3"]
    # Degrees are A 2, B 2, C 2, D 0; the least connected gene of a genotype counts.
    assert found["degree"].tolist() == ["middle", "middle", "low", "low"]


def test_a_subgroup_with_one_level_tells_nothing_and_is_left_out(measure: Callable, observe: Callable) -> None:
    data = measure(observe([("A", "B"), ("B", "A")], np.zeros(2)))
    assert levels(data, gene_traits(genes())).empty


def test_unknown_essentiality_and_empty_networks_make_no_subgroups() -> None:
    unknown = genes().assign(essential=pd.array([None] * 4, dtype="boolean"))
    assert list(gene_traits(genes())) == ["metabolic", "essential", "order"]
    assert list(gene_traits(unknown)) == ["metabolic", "order"]
    assert network_traits(pd.DataFrame({"source": [], "target": []}), 4) == {}


@pytest.mark.parametrize("screen", ["emap", "crosses"])
def test_each_level_has_the_correlation_of_its_rows(
    measure: Callable, screen: str, request: pytest.FixtureRequest
) -> None:
    frame = request.getfixturevalue(screen)(*((20,) if screen == "emap" else (20, 20)))
    data = measure(frame)
    marked = np.arange(len(data.gene_names)) % 3 == 0
    traits = {"metabolic": GeneSet(marked)}
    assay = assay_fold(data, "screen", "interaction", "random", np.arange(len(data)), SETTINGS)
    bootstrap = SubgroupBootstrap(assay, traits, 50)
    prediction = np.random.default_rng(1).normal(size=len(data)) + data.genotypes.value
    found = bootstrap.pearson(prediction)
    assert {key for key, _ in found} == {"metabolic"}
    for key, estimate in found.items():
        member = bootstrap.members[key]
        expected = stats.pearsonr(prediction[member], data.genotypes.value[member])[0]
        assert estimate.value == pytest.approx(expected)
        low, high = estimate.interval(0.95)
        assert low < expected < high


def test_a_level_of_equal_measurements_has_no_value(measure: Callable, crosses: Callable) -> None:
    data = measure(crosses(8, 20).assign(value=0.0))
    traits = {"metabolic": GeneSet(np.arange(len(data.gene_names)) % 3 == 0)}
    assay = assay_fold(data, "screen", "interaction", "random", np.arange(160), SETTINGS)
    found = SubgroupBootstrap(assay, traits, 50).pearson(np.random.default_rng(0).normal(size=160))
    assert all(np.isnan(estimate.value) and np.isnan(estimate.interval(0.95)).all() for estimate in found.values())
