"""The headline: every comparison counted once, and what would falsify it caught."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.ceilings.noise_ceiling import Ceiling, noise_ceilings
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.tables.schemas import SCOREBOARD
from pipeline_lib.evaluation.tables.scoreboard import counts_sentence, on_scale, scoreboard_rows
from tests.evaluation.test_leaderboard import stand

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = EvaluationSettings(resamples=200, ranking_resamples=100, literature=[])
QUERIES, ARRAYS = 30, 40
NOISE = 0.05


def additive(crosses: Callable, seed: int = 0, **columns: object) -> pd.DataFrame:
    """Return a screen whose true values are effects of query and array, each value measured with noise and its SD."""
    rng = np.random.default_rng(seed)
    frame: pd.DataFrame = crosses(QUERIES, ARRAYS, std=NOISE, **columns)
    query, array = (frame["genes"].str[place].str[1:].astype(int) for place in (1, 0))
    true = 0.06 * rng.normal(size=QUERIES)[query] + 0.06 * rng.normal(size=ARRAYS)[array]
    return frame.assign(value=true + NOISE * rng.normal(size=len(frame)), true=true)


@pytest.fixture
def frame(crosses: Callable) -> pd.DataFrame:
    return additive(crosses)


@pytest.fixture
def folds(frame: pd.DataFrame) -> np.ndarray:
    return np.random.default_rng(1).choice(["train", "validation", "test"], p=[0.4, 0.2, 0.4], size=len(frame))


@pytest.fixture
def headline(write_run: Callable, table: Callable, frame: pd.DataFrame, folds: np.ndarray) -> Callable:
    """Return a function that evaluates predictions, by model, of the screen; all with seed 0 on the random split."""

    def make(**predictions: np.ndarray) -> pd.DataFrame:
        rows = table(frame)
        run: Path = write_run(rows, folds, {(model, "random", 0): values for model, values in predictions.items()})
        standings = stand(run, SETTINGS)
        data = read_measurements(run / "tables" / "observations.parquet")
        tested = {"random": rows["observation_id"].to_numpy()[folds == "test"]}
        ceilings = pd.DataFrame(noise_ceilings(data, SETTINGS, {}, tested))
        boards = [pd.DataFrame(part) for part in (standings.leaderboard, standings.differences)]
        return SCOREBOARD.validate(pd.DataFrame(scoreboard_rows(*boards, ceilings, "clp")), "scoreboard")

    return make


def main_effects(frame: pd.DataFrame, folds: np.ndarray, shift: int = 0) -> np.ndarray:
    """Return the mean of a row's query and array in the training fold, genes looked up `shift` places off."""
    train = frame[folds == "train"]
    total = train["value"].mean()
    effects = []
    for place, number in ((1, QUERIES), (0, ARRAYS)):
        code = train["genes"].str[place].str[1:].astype(int)
        mean = train.groupby(code)["value"].mean().reindex(range(number)).fillna(total).to_numpy()
        own = frame["genes"].str[place].str[1:].astype(int).to_numpy()
        effects.append(mean[(own + shift) % number])
    return np.asarray(effects[0] + effects[1] - total)


def noisy(frame: pd.DataFrame, sd: float, seed: int) -> np.ndarray:
    return np.asarray(frame["true"] + sd * np.random.default_rng(seed).normal(size=len(frame)))


def test_a_better_model_wins_and_a_worse_one_loses(headline: Callable, frame: pd.DataFrame) -> None:
    (row,) = headline(clp=noisy(frame, 0.02, 2), two_way=noisy(frame, 0.2, 3)).to_dict("records")
    assert (row["verdict"], row["baseline"], row["chosen_on"]) == ("win", "two_way", "validation")
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx(row["value"] - row["baseline_value"])
    (row,) = headline(clp=noisy(frame, 0.2, 2), two_way=noisy(frame, 0.02, 3)).to_dict("records")
    assert row["verdict"] == "loss"


def test_equally_good_models_are_level_and_the_detectable_difference_stands_beside_it(
    headline: Callable, frame: pd.DataFrame
) -> None:
    (row,) = headline(clp=noisy(frame, 0.1, 2), two_way=noisy(frame, 0.1, 3)).to_dict("records")
    assert row["verdict"] == "level"
    assert row["detectable"] > (row["high"] - row["low"]) / 2


def test_permuted_labels_leave_nothing_to_win(headline: Callable, frame: pd.DataFrame, folds: np.ndarray) -> None:
    """A model that was trained on permuted labels is no better than a constant, and worse than one that was not."""
    permuted = frame.assign(value=np.random.default_rng(4).permutation(frame["value"]))
    (row,) = headline(clp=main_effects(permuted, folds), mean=np.zeros(len(frame))).to_dict("records")
    assert row["verdict"] == "level"
    assert row["value_low"] < 0 < row["value_high"]
    both = headline(clp=main_effects(permuted, folds), two_way=main_effects(frame, folds))
    assert both["verdict"].tolist() == ["loss"]


def test_a_leaked_test_fold_stands_above_what_noise_allows(
    headline: Callable, frame: pd.DataFrame, folds: np.ndarray
) -> None:
    """A lookup of the measured values themselves, as a split that repeats test rows in training makes it."""
    leaked = 0.9 * frame["value"].to_numpy() + 0.1 * frame["true"].to_numpy()
    (row,) = headline(clp=leaked, two_way=main_effects(frame, folds)).to_dict("records")
    assert row["above_ceiling"]
    assert row["ceiling_method"] == "reported_sd"
    (honest,) = headline(clp=frame["true"].to_numpy(), two_way=main_effects(frame, folds)).to_dict("records")
    assert not honest["above_ceiling"]


def test_a_shifted_gene_index_costs_all_skill(headline: Callable, frame: pd.DataFrame, folds: np.ndarray) -> None:
    """Effects that are looked up one gene further on belong to other genes."""
    (row,) = headline(clp=main_effects(frame, folds, shift=1), two_way=main_effects(frame, folds)).to_dict("records")
    assert row["verdict"] == "loss"
    assert row["value_low"] < 0 < row["value_high"]


def test_the_scale_runs_from_the_best_control_to_a_second_measurement(
    headline: Callable, frame: pd.DataFrame, folds: np.ndarray
) -> None:
    second = frame["true"].to_numpy() + NOISE * np.random.default_rng(5).normal(size=len(frame))
    board = headline(
        clp=second,
        gene_ridge=noisy(frame, 0.1, 6),
        two_way=main_effects(frame, folds) * 0.1 + 0.1 * np.random.default_rng(7).normal(size=len(frame)),
        mean=np.zeros(len(frame)),
    )
    (row,) = board.to_dict("records")
    assert row["control_model"] == "two_way"
    assert row["scaled"] == pytest.approx(1, abs=0.1)


def test_a_control_that_may_agree_as_well_as_a_second_measurement_leaves_no_scale() -> None:
    """The agreement of 0.81 is known to lie above 0.49, the square of the ceiling's lower end."""
    best = Ceiling(0.9, 0.7, 0.95, "estimate")
    assert on_scale(0.4, 0.4, best) == 0
    assert on_scale(0.81, 0.4, best) == pytest.approx(1)
    assert np.isnan(on_scale(0.9, 0.8, best)), "ten times further from the control than a second measurement"
    assert np.isnan(on_scale(0.85, 0.9, best))
    assert np.isnan(on_scale(0.5, 0.4, replace(best, low=np.nan))), "no interval"


def test_a_lower_bound_of_the_ceiling_is_no_end_of_a_scale_and_an_upper_one_is() -> None:
    best = Ceiling(0.9, 0.85, 0.95, "lower bound")
    assert np.isnan(on_scale(0.5, 0.1, best))
    assert on_scale(0.5, 0.1, replace(best, bound="upper bound")) == pytest.approx(0.4 / 0.71)
    assert np.isnan(on_scale(0.5, 0.1, Ceiling()))


def test_repeats_of_a_split_count_once_and_q_values_are_over_all_lines() -> None:
    rows = [("screen", f"random{end}", p) for end, p in (("", 0.5), ("-1", 0.6), ("-pooled", 0.03))]
    rows.append(("other", "random", 0.04))
    differences = pd.DataFrame(
        [
            {
                "model": "clp",
                "reference": "mean",
                "role": "best_baseline",
                "chosen_on": "test",
                "split": split,
                "screen": screen,
                "phenotype": "interaction",
                "metric": "pearson",
                "value": 0.1,
                "low": 0.05,
                "high": 0.15,
                "p_value": p,
                "q_value": p,
                "verdict": "level",
                "detectable": 0.1,
                "seeds": 1,
                "reference_seeds": 1,
                "n": 9,
                "groups": 5,
                "lower_is_better": False,
            }
            for screen, split, p in rows
        ]
    )
    keys = ["model", "split", "screen", "phenotype", "metric", "value", "low", "high"]
    scores = pd.concat([differences, differences.assign(model="mean")])[keys].assign(validation=np.nan)
    ceilings = pd.DataFrame(
        columns=["screen", "phenotype", "split", "order", "method", "scope", "centred", "ceiling", "low", "high", "n"]
    )
    board = pd.DataFrame(scoreboard_rows(scores, differences, ceilings, "clp"))
    assert board["split"].tolist() == ["random", "random-pooled"]
    assert board["q"].tolist() == pytest.approx([0.04, 0.04])
    assert counts_sentence(board, ()) == (
        "Over all 2 comparisons of screen, phenotype and split, clp is better than the best baseline in 2, shows no "
        "significant difference in 0, and is worse in 0."
    )


def test_the_sentence_of_counts_states_what_is_won_on_simulated_screens_alone() -> None:
    """A simulated screen may be of the metabolic model that the predictor reads: its wins are no evidence on cells."""
    verdicts = {"simulated": ["win", "win"], "collins2007": ["win", "level", "level", "undetermined"]}
    rows = [(screen, verdict) for screen, given in verdicts.items() for verdict in given]
    board = pd.DataFrame(rows, columns=["screen", "verdict"]).assign(model="clp")
    assert counts_sentence(board, {"simulated"}) == (
        "Over all 6 comparisons of screen, phenotype and split, clp is better than the best baseline in 3 (2 of "
        "simulated screens), shows no significant difference in 2, and is worse in 0; 1 rests on too few queries or "
        "genes for an interval."
    )
    assert counts_sentence(board.head(1), ()).startswith("Over the one comparison of screen, phenotype and split, clp")
    alone = counts_sentence(board[board["screen"] == "simulated"], {"simulated"})
    assert "of screen, phenotype and split, every screen simulated, clp is better than the best baseline in 2," in alone


def test_without_a_baseline_the_sentence_states_it() -> None:
    assert "with no baseline" in counts_sentence(pd.DataFrame(columns=list(SCOREBOARD.columns)), ())
