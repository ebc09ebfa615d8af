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
