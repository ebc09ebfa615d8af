"""The scoring of DANGO's paper: tau below -0.05 against as many other triples."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.predictions import find_predictions
from pipeline_lib.evaluation.tables.precision_recall import dango_rows, rebalanced_scores, scored_assays
from tests.evaluation.conftest import published_scores


def test_weights_are_the_mean_over_draws_of_as_many_others() -> None:
    rng = np.random.default_rng(0)
    called = np.arange(4000) < 200
    score = rng.normal(called * 0.8)
    auroc, precision = rebalanced_scores(score, called)
    draws = []
    for _ in range(200):
        rows = np.append(np.flatnonzero(called), rng.choice(np.flatnonzero(~called), 200, replace=False))
        draws.append((roc_auc_score(called[rows], score[rows]), average_precision_score(called[rows], score[rows])))
    assert (auroc, precision) == pytest.approx(np.mean(draws, axis=0), abs=0.01)
    # The ranking is the same; only a guess's precision is not.
    assert auroc == pytest.approx(roc_auc_score(called, score))
    assert precision > 2 * average_precision_score(called, score)


def test_a_guess_has_one_half(write_run: Callable, table: Callable, observe: Callable) -> None:
    genes = [("Q", "R", f"A{number:03d}") for number in range(400)]
    tau = np.random.default_rng(1).normal(0, 0.06, 400)
    frame = table(
        observe(genes, tau, p_value=0.01, p_sided=1, query="Q+R", array=[names[2] for names in genes]),
        observe([(f"B{n}", "C") for n in range(50)], [0.1] * 50),
    )
    guess = np.random.default_rng(2).normal(size=len(frame))
    run = write_run(frame, np.full(len(frame), "test"), {("clp", "random", 0): guess})
    data = read_measurements(run / "tables" / "observations.parquet", scores=published_scores(frame))
    settings = EvaluationSettings(resamples=100, ranking_resamples=50)
    scored = scored_assays(data, find_predictions(run / "models"), settings, lambda: None)
    (row,) = pd.DataFrame([row for one in scored for row in dango_rows(one)]).to_dict("records")
    assert (row["called"], row["n"]) == (int((tau < -0.05).sum()), 400)
    assert row["auroc"] == pytest.approx(0.5, abs=0.1)
    assert row["average_precision"] == pytest.approx(0.5, abs=0.1)
