"""Which of a screen's estimated noise ceilings the page stands its models beside."""

import pandas as pd


def standing_ceilings(ceilings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``noise_ceiling.parquet`` that speak for a screen, one scope a method.

    Noise is set against the spread of the whole screen where that can be told, for repeated rows are often chosen for
    what they show. Not so with alleles: two of one gene are made where a deletion is lethal, their differences are
    partly real, and laid upon the rest of the screen they would put its ceiling below what models reach. They speak
    for the rows they were measured on.
    """
    known = ceilings[ceilings["ceiling"].notna()]
    keys = ["screen", "phenotype", "order", "method", "centred"]
    known = known.assign(preferred=(known["scope"] == "repeated") == (known["method"] == "alleles"))
    best = known.groupby(keys)["preferred"].transform("any")
    return known[known["preferred"] | ~best].drop(columns="preferred")


def leading_ceiling(ceilings: pd.DataFrame, screen: str, phenotype: str) -> float | None:
    """Return the ceiling that all models of a screen are held against; None where there is none.

    A simulated screen's own truth is no estimate: what stands above it has learned the errors of the test fold. Else
    it is the highest that the data give.
    """
    rows = standing_ceilings(ceilings)
    rows = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype) & ~rows["centred"]]
    truth = rows[rows["method"] == "truth"].sort_values("order").head(1)
    rows = truth if len(truth) else rows
    return float(rows["ceiling"].max()) if len(rows) else None
