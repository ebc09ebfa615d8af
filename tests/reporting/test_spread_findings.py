"""What a wider spread costs and buys, as the page tells it."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.reporting.findings import BETTER_LOOK, FREE, spread_sentences, spread_trades


def predictions(screen: str, spread: float) -> pd.DataFrame:
    """Measure a signal that explains 0.45 of the SD, and predict it times `spread`."""
    random = np.random.default_rng(0)
    signal = random.normal(size=4000)
    value = 0.45 * signal + 0.893 * random.normal(size=4000)
    return pd.DataFrame(
        {"screen": screen, "phenotype": "interaction", "value": value, "prediction": spread * 0.45 * signal}
    )


def test_stretching_an_optimal_prediction_keeps_pearson_and_costs_error() -> None:
    (row,) = spread_trades(predictions("collins2007", 1.0)).itertuples()
    assert row.pearson == pytest.approx(0.45, abs=0.03)
    # The least squared error is 1 - r^2; at the full spread it is 2 (1 - r).
    assert row.rmse == pytest.approx(np.sqrt(1 - row.pearson**2), abs=0.002)
    assert row.rmse_full == pytest.approx(np.sqrt(2 * (1 - row.pearson)))
    assert row.full_spread == BETTER_LOOK


def test_widening_predictions_that_are_all_but_constant_costs_nothing_when_they_are_good() -> None:
    values = predictions("ours", 1.0).assign(prediction=lambda table: 0.01 * table["value"])
    (row,) = spread_trades(values).itertuples()
    assert row.full_spread == FREE


def test_the_leading_assay_is_named_and_the_others_counted() -> None:
    trades = spread_trades(pd.concat([predictions("a", 1.0), predictions("b", 1.0)]))
    first, rest = spread_sentences(trades, "clp", ("b", "interaction"))
    assert first.startswith("b, interaction")
    assert "no divergence is added" in first
    assert "1 other assays" in rest


def test_calls_and_constants_are_left_out() -> None:
    constant = predictions("a", 0.0)
    assert spread_trades(pd.concat([constant, predictions("b", 1.0).assign(phenotype="call")])).empty
    assert spread_sentences(spread_trades(constant), "clp", ("a", "interaction")) == [
        "No assay of this run has enough tested values to discuss."
    ]
