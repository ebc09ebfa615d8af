"""What stretching predictions to the spread of the measurements would cost and buy, in numbers and in words."""

import pandas as pd

from pipeline_lib.reporting.names import assay_name
from pipeline_lib.reporting.spread import Cost, stretched

_FEWEST = 10
BETTER_LOOK, FREE, NOTHING = "better look, greater error", "costs nothing", "buys nothing"


def spread_trades(table: pd.DataFrame) -> pd.DataFrame:
    """Return what the full spread of predictions does on every assay.

    Parameters
    ----------
    table
        screen, phenotype, value, prediction of the test fold.

    Returns
    -------
    pandas.DataFrame
        screen, phenotype, n, pearson, predicted_sd (in SD of the measurements), rmse, rmse_full, wasserstein,
        wasserstein_full (all in SD of the measurements; full: stretched to the measured SD), full_spread (its worth).
    """
    rows = []
    for (screen, phenotype), part in table.groupby(["screen", "phenotype"]):
        if phenotype == "call" or len(part) < _FEWEST:
            continue
        curve = stretched(part["value"].to_numpy(), part["prediction"].to_numpy())
        if curve is None:
            continue
        own, full = curve.at(curve.own), curve.at(1.0)
        rows.append(
            {
                "screen": screen,
                "phenotype": phenotype,
                "n": len(part),
                "pearson": curve.pearson,
                "predicted_sd": curve.own,
                "rmse": own.rmse,
                "rmse_full": full.rmse,
                "wasserstein": own.wasserstein,
                "wasserstein_full": full.wasserstein,
                "full_spread": _worth(own, full),
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _worth(own: Cost, full: Cost) -> str:
    if full.rmse <= own.rmse:
        return FREE
    return BETTER_LOOK if full.wasserstein < own.wasserstein else NOTHING


_COLUMNS = (
    "screen",
    "phenotype",
    "n",
    "pearson",
    "predicted_sd",
    "rmse",
    "rmse_full",
    "wasserstein",
    "wasserstein_full",
    "full_spread",
)

_WORTH = {
    BETTER_LOOK: "the distribution looks better and every single prediction is worse on average, so no divergence is "
    "added",
    FREE: "these predictions were too narrow, and a wider spread costs nothing",
    NOTHING: "the wider spread buys nothing",
}


def spread_sentences(trades: pd.DataFrame, model: str, leading: tuple[str, str]) -> list[str]:
    """Say what stretching the model's own predictions does on the leading assay, and count the others.

    Parameters
    ----------
    trades
        What `spread_trades` returns.
    model
        Whose predictions these are.
    leading
        Screen and phenotype that the report leads with.
    """
    if trades.empty:
        return ["No assay of this run has enough tested values to discuss."]
    is_leading = (trades["screen"] == leading[0]) & (trades["phenotype"] == leading[1])
    displayed = trades[is_leading] if is_leading.any() else trades.iloc[:1]
    row = displayed.iloc[0]
    others = trades.drop(index=displayed.index)["full_spread"]
    sentence = (
        f"{assay_name(str(row['screen']), str(row['phenotype']))}: predictions of {model} have "
        f"{row['predicted_sd']:.2f} of the measured SD at a Pearson correlation of {row['pearson']:.3f}. Stretched to "
        f"the full SD, Pearson stays {row['pearson']:.3f}, the root mean squared error goes from {row['rmse']:.3f} to "
        f"{row['rmse_full']:.3f} SD and the Wasserstein distance between predicted and measured values from "
        f"{row['wasserstein']:.3f} to {row['wasserstein_full']:.3f} SD: {_WORTH[str(row['full_spread'])]}."
    )
    if others.empty:
        return [sentence]
    counts = ", ".join(f"{worth}: {number}" for worth, number in others.value_counts().items())
    return [sentence, f"What the full spread does on the {len(others)} other assays, as the table has it: {counts}."]
