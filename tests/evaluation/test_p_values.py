"""P-values of a screen by themselves."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.evaluation.measurements import from_table, named_genes
from pipeline_lib.evaluation.p_values.nulls import (
    LAMBDAS,
    choose_lambda,
    histogram_rows,
    p_value_rows,
    pi0_at,
    q_values,
)

SETTINGS = EvaluationSettings(resamples=200)


def test_pi0_by_hand() -> None:
    # Above 0.5 stand 2 of 8 P-values; a uniform half would hold 4 of 8 if all were null: 2 / (8 * 0.5).
    p_value = np.array([0.001, 0.002, 0.01, 0.03, 0.2, 0.4, 0.6, 0.9])
    assert pi0_at(p_value, np.array([0.5]))[0] == pytest.approx(0.5)
    assert pi0_at(p_value, np.array([0.0]))[0] == pytest.approx(1.0)


@pytest.mark.parametrize("nulls", [0.3, 0.7, 0.95])
def test_pi0_is_found_in_a_mixture_of_uniform_and_small_p_values(nulls: float) -> None:
    rng = np.random.default_rng(0)
    m = 20_000
    p_value = np.where(rng.random(m) < nulls, rng.random(m), rng.beta(0.3, 12, size=m))
    estimates = pi0_at(p_value)
    assert estimates[choose_lambda(p_value)] == pytest.approx(nulls, abs=0.03)
    assert estimates.min() <= nulls + 0.02


def test_uniform_p_values_are_all_null() -> None:
    p_value = (np.arange(10_000) + 0.5) / 10_000
    assert pi0_at(p_value) == pytest.approx(np.ones(len(LAMBDAS)), abs=1e-3)


@pytest.mark.parametrize(("method", "name"), [("Benjamini-Hochberg", "fdr_bh"), ("Benjamini-Yekutieli", "fdr_by")])
def test_q_values_are_those_of_statsmodels_and_scipy(method: str, name: str) -> None:
    p_value = np.random.default_rng(1).beta(0.5, 2, size=500)
    assert q_values(p_value, method) == pytest.approx(multipletests(p_value, method=name)[1])
    assert q_values(p_value, method) == pytest.approx(
        stats.false_discovery_control(p_value, method=name.removeprefix("fdr_"))
    )


def rows_of(frame: pd.DataFrame, measure: Callable) -> pd.DataFrame:
    return pd.DataFrame(p_value_rows(measure(frame), SETTINGS))


def test_discoveries_at_the_published_thresholds(measure: Callable, observe: Callable) -> None:
    value = [-0.10, -0.10, -0.10, 0.10, 0.10, -0.05]
    released = [0.02, 0.04, 0.30, 0.02, 0.04, 0.001]
    for genes, kinds in ((("A", "B"), 2), (("A", "B", "C"), 3)):
        frame = observe([genes] * 6, value, p_value=released, p_sided=1, query=list("aabbcd"))
        rows = rows_of(frame, measure)
        found = rows[rows["quantity"] == "discoveries"].set_index("detail")["value"]
        assert found["P < 0.05 as released"] == 5
        assert found["P < 0.05 two-sided"] == 3
        assert found["value < -0.08 and one-sided P < 0.05"] == 2
        # Trigenic interactions were called negative only; digenic ones in both directions.
        assert ("value > 0.08 and one-sided P < 0.05" in found) == (kinds == 2)


def test_adjusted_trigenic_scores_are_counted_by_the_p_value_of_their_raw_score(
    table: Callable, observe: Callable
) -> None:
    frame = table(observe([("A", "B", "C")] * 4, [-0.2, -0.2, -0.01, 0.3], p_sided=1, query=list("aabb")))
    frame["raw_p_value"] = [0.04, 0.06, 0.001, 0.001]
    data = from_table(frame, named_genes(frame["genes"]), "test", {"screen": SCREEN_READERS.get("kuzmin2018").scores})
    (row,) = p_value_rows(data, SETTINGS)
    assert (row["detail"], row["value"], row["n"]) == ("value < -0.08 and one-sided P < 0.05", 1, 4)
    beside = from_table(frame.assign(p_value=frame["raw_p_value"]), named_genes(frame["genes"]), "test", data.scores)
    assert np.isnan(beside.p_released).all(), "released beside tau, it is still a P-value of the raw score"
    np.testing.assert_array_equal(beside.p_call, data.p_call)


def test_p_values_that_stand_on_fitness_are_not_held_against_a_score(measure: Callable, observe: Callable) -> None:
    rows = rows_of(observe([("A", "B")] * 4, np.ones(4), phenotype="fitness", p_value=0.01, p_sided=1), measure)
    assert not rows["detail"].str.startswith("value").any()


def test_orders_and_screens_stand_apart_and_rows_without_p_are_left_out(measure: Callable, observe: Callable) -> None:
    frame = pd.concat(
        [
            observe([("A", "B")] * 3, np.zeros(3), screen="kuzmin2018", p_value=0.2, p_sided=1),
            observe([("A", "B", "C")] * 5, np.zeros(5), screen="kuzmin2018", p_value=0.2, p_sided=1),
            observe([("A", "B")] * 2, np.zeros(2), screen="kuzmin2020", p_value=[0.2, np.nan], p_sided=1),
        ]
    )
    rows = rows_of(frame, measure)
    sizes = rows.drop_duplicates(["screen", "order"]).set_index(["screen", "order"])["n"]
    assert sizes.to_dict() == {("kuzmin2018", 2): 3, ("kuzmin2018", 3): 5, ("kuzmin2020", 2): 1}


def test_the_range_of_pi0_holds_its_estimate_and_intervals_hold_their_values(
    measure: Callable, crosses: Callable
) -> None:
    rng = np.random.default_rng(3)
    released = np.where(rng.random(600) < 0.8, rng.random(600) / 2, rng.beta(0.3, 12, size=600) / 2)
    rows = rows_of(crosses(20, 30, p_value=released, p_sided=1), measure)
    intervals = rows.dropna(subset=["low"])
    assert (intervals["low"] <= intervals["value"]).all()
    assert (intervals["value"] <= intervals["high"]).all()
    chosen = rows[rows["quantity"] == "pi0"].iloc[0]
    assert chosen["value"] == pytest.approx(0.8, abs=0.1)
    assert rows.set_index("quantity").loc["largest_p_released", "value"] <= 0.5
    assert (rows["groups"] == 20).all()


def test_a_histogram_of_one_sided_p_values_ends_at_one_half_and_doubled_at_one(
    measure: Callable, observe: Callable
) -> None:
    released = (np.arange(1000) + 0.5) / 2000
    data = measure(observe([("A", "B")] * 1000, np.zeros(1000), p_value=released, p_sided=1))
    rows = pd.DataFrame(histogram_rows(data))
    as_released, doubled = (rows[rows["sides"] == sides] for sides in ("released", "two-sided"))
    assert as_released.loc[as_released["left"] >= 0.5, "count"].sum() == 0
    assert as_released.loc[as_released["left"] < 0.5, "density"].to_numpy() == pytest.approx(2.0)
    assert doubled["density"].to_numpy() == pytest.approx(1.0)
    assert rows.groupby("sides")["count"].sum().tolist() == [1000, 1000]
    # True nulls have the density of these uniform ones: 2 up to 0.5 one-sided, 1 two-sided.
    for sides in (as_released, doubled):
        assert sides["density"].to_numpy() == pytest.approx(sides["nulls"].to_numpy())


def test_p_values_that_a_reader_makes_are_not_called_released(measure: Callable, crosses: Callable) -> None:
    data = measure(crosses(20, 10, p_value=0.01, p_sided=2), scores={"screen": SCREEN_READERS.get("bfg_gi").scores})
    rows = pd.DataFrame(p_value_rows(data, SETTINGS))
    assert "P < 0.05 two-sided" in set(rows["detail"])
    assert "P < 0.05 as released" not in set(rows["detail"])
    assert "largest_p_released" not in set(rows["quantity"])
    assert {row["sides"] for row in histogram_rows(data)} == {"two-sided"}


def test_the_quantity_that_a_p_value_tests_is_stated(measure: Callable, observe: Callable) -> None:
    given = {"p_value": 0.2, "p_sided": 1}
    frames = [observe([("A", "B")], [0.9], phenotype=name, **given) for name in ("fitness", "interaction")]
    tested = {row["phenotype"]: row["p_of"] for row in histogram_rows(measure(*frames))}
    assert tested == {"fitness": "raw_interaction", "interaction": "interaction"}
