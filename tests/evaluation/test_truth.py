"""The noise-free values of simulated screens: what is called there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.evaluation.folds import negative_calls, positive_calls, read_truths, true_rule_in_words, with_truths

CALLS = SCREEN_READERS.get("kuzmin2018").scores.calls
FITNESS = {"A": 0.9, "B": 0.8, "C": 1.0, "D": 1.0, "A+B": 0.7, "A+B+C": 0.5, "A+B+D": 0.7, "A+C": 0.9}


@pytest.fixture
def truth(tmp_path: Path) -> dict[str, pd.DataFrame]:
    names = [key.split("+") for key in FITNESS]
    interaction = [np.nan] * 4 + [-0.02, -0.2, 0.0, 0.0]
    path = tmp_path / "truth.parquet"
    write_table(pd.DataFrame({"genes": names, "fitness": list(FITNESS.values()), "interaction": interaction}), path)
    return read_truths({"simulated": path})


def test_calls_of_a_simulated_screen_follow_the_truth(
    measure: Callable, observe: Callable, truth: dict[str, pd.DataFrame]
) -> None:
    genes = [("A", "B", "C"), ("A", "B", "D"), ("A", "B", "D")]
    # Noise hides the true interaction and makes two of nothing.
    simulated = observe(genes, [-0.01, -0.3, 0.3], screen="simulated", p_value=[0.4, 0.001, 0.001], p_sided=1)
    measured = observe(genes, [-0.01, -0.3, 0.3], screen="measured", p_value=[0.4, 0.001, 0.001], p_sided=1)
    data = with_truths(measure(simulated, measured), truth)
    assert CALLS is not None
    assert negative_calls(data, CALLS).tolist() == [True, False, False, False, True, False]
    assert positive_calls(data, CALLS).tolist() == [False] * 5 + [True]
    assert true_rule_in_words(CALLS, "negative") == "true value < -0.08"


def test_the_truth_of_a_raw_score_is_that_of_its_own_cross(
    measure: Callable, observe: Callable, truth: dict[str, pd.DataFrame]
) -> None:
    raw = observe(
        [("A", "B", "C"), ("A", "B", "D")],
        [0.0, 0.0],
        screen="simulated",
        phenotype="raw_interaction",
        query="A+B_tm1",
        array=["C_dma1", "D_dma2"],
    )
    data = with_truths(measure(raw), truth)
    # f_ABC - f_AB f_C = 0.5 - 0.7, f_ABD - f_AB f_D = 0.
    np.testing.assert_allclose(data.truth, [-0.2, 0.0], atol=1e-12)


def test_real_screens_have_no_truth(measure: Callable, observe: Callable, truth: dict[str, pd.DataFrame]) -> None:
    data = with_truths(measure(observe([("A", "B")], [-0.3], screen="measured")), truth)
    assert np.isnan(data.truth).all()
