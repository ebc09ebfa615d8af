"""How well a screen agrees with itself: the same strains again, and other strains with the same genes."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.config.calls import ScreenScores
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, panel_title, unit

SAME, OTHER = "the same strains again", "other strains, same genes"
MINIMUM_PAIRS = 10
_TITLE = "Reproducibility"
_DISPLAYED = ("fitness", "interaction", "raw_interaction")


def repeated_pairs(observations: pd.DataFrame) -> pd.DataFrame:
    """Return two measurements of everything that a screen measured more than once.

    Copies that the release marks as such are left out. Of more than two repeats the first two are taken, so that no
    genotype counts twice.

    Returns
    -------
    DataFrame
        screen, phenotype, kind (`SAME` or `OTHER`), first, second (in the units of the screen).
    """
    rows = observations[observations["phenotype"].isin(_DISPLAYED)]
    if "repeated" in rows:
        rows = rows[~rows["repeated"].astype("boolean").fillna(value=False)]
    strains = np.sort(rows[["query", "array"]].fillna("").astype(str).to_numpy(), axis=1)
    conditions = rows["condition"].astype("string").fillna("") if "condition" in rows else ""
    rows = pd.DataFrame(
        {
            "screen": rows["screen"],
            "phenotype": rows["phenotype"],
            "genes": rows["genes"].map("/".join),
            "temperature": rows["temperature"].fillna(-1.0),
            "strains": strains[:, 0] + "/" + strains[:, 1],
            "condition": conditions,
            "value": rows["value"],
        }
    )
    thing = ["screen", "phenotype", "genes", "temperature", "condition"]
    crosses = rows.drop_duplicates([*thing, "strains"])
    parts = [_first_two(rows, [*thing, "strains"], SAME), _first_two(crosses, thing, OTHER)]
    return pd.concat(parts, ignore_index=True)


def _first_two(rows: pd.DataFrame, keys: list[str], kind: str) -> pd.DataFrame:
    position = rows.groupby(keys, sort=False).cumcount()
    first, second = (rows[position == place].set_index(keys)["value"] for place in (0, 1))
    pairs = pd.concat([first.rename("first"), second.rename("second")], axis=1, join="inner").reset_index()
    return pairs.assign(kind=kind)[["screen", "phenotype", "kind", "first", "second"]]


def agreement(pairs: pd.DataFrame) -> float:
    """Return Pearson's correlation of pairs in both orders, which does not depend on which is called the first.

    The intraclass correlation of Fisher (1925, Statistical Methods for Research Workers, section 38).
    """
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    both = np.concatenate([first, second]), np.concatenate([second, first])
    return float(np.corrcoef(*both)[0, 1]) if np.ptp(both[0]) > 0 else 0.0


def draw_reproducibility(observations: pd.DataFrame, scores: Mapping[str, ScreenScores]) -> Drawn:
    """Draw every second measurement against the first."""
    pairs = repeated_pairs(observations)
    assays = [
        (key, part)
        for key, part in pairs.groupby(["screen", "phenotype"])
        if part["kind"].value_counts().max() >= MINIMUM_PAIRS
    ]
    if not assays:
        return empty_figure("reproducibility", _TITLE, "No screen measured anything twice.", style.ONE_COLUMN)
    columns = min(3, len(assays))
    lines = -(-len(assays) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(style.TWO_COLUMNS, 2.6 * lines), squeeze=False)
    words = []
    for panel, ((screen, phenotype), part) in zip(axes.flat, assays, strict=False):
        low, high = np.quantile(part[["first", "second"]], [0.001, 0.999])
        found = []
        for kind, colour in ((OTHER, style.PALETTE[1]), (SAME, style.PALETTE[0])):
            rows = part[part["kind"] == kind]
            if len(rows) < MINIMUM_PAIRS:
                continue
            displayed = rows.sample(min(len(rows), 2000), random_state=0)
            found.append(f"{kind} r = {agreement(rows):.2f} (n = {len(rows):,})")
            label = f"{kind}\nr = {agreement(rows):.2f}, n = {len(rows):,}"
            points = {"color": colour, "markersize": 1.6, "alpha": 0.4, "rasterized": True}
            panel.plot(displayed["first"], displayed["second"], ".", label=label, **points)
        panel.plot([low, high], [low, high], color=style.INK, linewidth=0.6)
        style.equal_axes(panel, low, high)
        heading, quantity = panel_title(str(screen), str(phenotype)), unit(str(screen), str(phenotype), scores)
        panel.set(title=heading, xlabel=f"first {quantity}", ylabel=f"second {quantity}")
        panel.legend(loc="upper left", markerscale=4, handletextpad=0.3, fontsize=5, frameon=True, framealpha=0.8)
        words.append(f"{assay_name(str(screen), str(phenotype))}: {', '.join(found)}")
    for panel in axes.flat[len(assays) :]:
        panel.axis("off")
    return Drawn(
        "reproducibility",
        figure,
        _TITLE,
        "Everything that a screen measured more than once, the second value against the first, at one temperature and "
        "in one condition; copies are left out, at most 2,000 points a kind are drawn. Other strains with the same "
        "genes are other alleles, and queries and arrays that changed places. r is the intraclass correlation.",
        f"Scatter plots of second against first measurements. {'; '.join(words)}.",
    )
