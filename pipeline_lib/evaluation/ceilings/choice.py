"""The one choice of the noise ceiling that a score is held against: on the page, in the README and in every figure."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.ceilings.noise_ceiling import ALL_ORDERS, ALL_SPLITS

Bound = Literal["exact", "estimate", "upper bound", "lower bound"]
BOUNDS: tuple[Bound, ...] = get_args(Bound)

METHODS: dict[str, Bound] = {
    "truth": "exact",
    "repeated_genotypes": "estimate",
    "replicates": "upper bound",
    "literature": "estimate",
    "reported_sd": "upper bound",
    "alleles": "lower bound",
}
"""Methods in the order in which one stands for a screen, by what they assume and never by what they give; and what
each bounds."""

MINIMUM_ROWS = 100
"""Rows of a split's test fold without which its own estimate is left for that of the whole screen."""


@dataclass(frozen=True)
class Ceiling:
    """The best Pearson correlation that a prediction can have with a screen's scores.

    Attributes
    ----------
    value, low, high
        The ceiling and its interval (NaN: none is known).
    method
        How it was estimated, a key of `METHODS`.
    scope
        'repeated': for rows like those that were measured more than once; 'screen': for all rows.
    split
        The test fold among whose rows it was estimated; `ALL_SPLITS`: among all rows of the screen.
    rows
        How many rows the noise was estimated from.
    """

    value: float
    low: float
    high: float
    method: str
    scope: str
    split: str
    rows: int

    @property
    def bound(self) -> Bound:
        """What the ceiling is: exact, an estimate, or a bound from above or below."""
        return METHODS[self.method]

    @property
    def agreement(self) -> float:
        """The correlation of two measurements of the same genotypes."""
        return self.value**2


def ceiling_of(
    ceilings: pd.DataFrame, screen: str, phenotype: str, split: str = ALL_SPLITS, *, centred: bool = False
) -> Ceiling | None:
    """Return the ceiling of an assay on one split; None where nothing estimates it.

    The method is the first of `METHODS` that the screen gives any ceiling by, for all of its splits. A truth or
    reported SDs are set against the spread of the split's own test rows where these are enough and have an interval;
    repeats, of which a test fold holds few, stand for all rows. Noise is never laid upon rows that it was not measured
    on: an estimate by repeats stands for the repeated rows (scope 'repeated') where it is one number for them, whatever
    it would be for the rest of the screen.

    Parameters
    ----------
    ceilings
        Rows of ``evaluation/noise_ceiling.parquet``.
    screen, phenotype, split
        What is predicted.
    centred
        For correlations within queries.
    """
    rows = estimates(ceilings, screen, phenotype, centred=centred)
    everywhere = rows[rows["split"] == ALL_SPLITS]
    if everywhere.empty:
        return None
    method = everywhere["method"].iloc[0]
    own = rows[(rows["split"] == split) & (rows["method"] == method) & (rows["n"] >= MINIMUM_ROWS)]
    own = own[own["low"].notna()]
    row = (own if len(own) else everywhere).iloc[0]
    return Ceiling(
        value=float(row["ceiling"]),
        low=float(row["low"]),
        high=float(row["high"]),
        method=str(method),
        scope=str(row["scope"]),
        split=str(row["split"]),
        rows=int(row["n"]),
    )


def estimates(ceilings: pd.DataFrame, screen: str, phenotype: str, *, centred: bool = False) -> pd.DataFrame:
    """Return an assay's known ceilings over all of its orders, one a method and split, in the order of `METHODS`.

    A published correlation is of one order; of several the highest order counts, whose scores are the noisiest.
    """
    rows = ceilings[
        (ceilings["screen"] == screen)
        & (ceilings["phenotype"] == phenotype)
        & (ceilings["centred"] == centred)
        & ceilings["ceiling"].notna()
    ]
    whole = rows["order"] == ALL_ORDERS
    rows = rows[whole | ~rows["method"].isin(rows.loc[whole, "method"])]
    ranked = rows.assign(
        rank=rows["method"].map(list(METHODS).index).astype(np.int64), stretched=rows["scope"] == "screen"
    ).sort_values(["rank", "split", "stretched", "order"], ascending=[True, True, True, False], kind="stable")
    return ranked.drop_duplicates(["method", "split"]).drop(columns=["rank", "stretched"])
