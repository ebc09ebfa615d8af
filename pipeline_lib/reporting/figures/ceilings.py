"""How good a prediction could be, how well a screen agrees with itself, whether a predicted spread can be trusted."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.evaluation.ceilings.noise_ceiling import ALL_SPLITS, METHODS, own_scope
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, in_order, panel_title, split_phrase, unit

_METHODS = {
    "replicates": "replicate rows",
    "repeated_genotypes": "repeated genotypes",
    "alleles": "alleles of one gene",
    "reported_sd": "reported SD",
    "literature": "literature",
    "truth": "simulated truth",
}


def draw_noise_ceilings(ceilings: pd.DataFrame, in_run: AbstractSet[str]) -> Drawn:
    """Draw every estimate of the best possible Pearson correlation for the screens `in_run`."""
    rows = own_scope(ceilings)
    rows = rows[(rows["split"] == ALL_SPLITS) & rows["ceiling"].notna()]
    # A value from the literature is shown where the run holds the screen; the table has them all.
    own = set(rows.loc[rows["method"] != "literature", "screen"]) | in_run
    rows = rows[rows["screen"].isin(own)] if own else rows
    if rows.empty:
        why = "No screen of this run has replicates, repeated genotypes, reported SDs or a literature value."
        return empty_figure("noise_ceilings", "Noise ceilings", why, style.ONE_COLUMN)
    rows = rows.sort_values(["screen", "phenotype", "order", "method"])
    plain = rows[~rows["centred"]].reset_index(drop=True)
    labels = [_label(*values) for values in plain[["screen", "phenotype", "order", "method"]].itertuples(index=False)]
    figure, axes = plt.subplots(figsize=(style.TWO_COLUMNS, 0.8 + 0.19 * max(len(labels), 3)))
    keys = ["screen", "phenotype", "order", "method"]
    centred = plain[keys].merge(rows[rows["centred"]].drop_duplicates(keys), on=keys, how="left")
    for offset, table, colour, label in (
        (0.12, plain, style.CLP, "as measured"),
        (-0.12, centred, style.RIVAL, "within queries"),
    ):
        y = np.arange(len(table)) + offset
        error = np.nan_to_num(np.abs([table["ceiling"] - table["low"], table["high"] - table["ceiling"]]))
        axes.errorbar(table["ceiling"], y, xerr=error, fmt="o", color=colour, elinewidth=0.9, label=label)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlim=(0, 1.02), xlabel="best possible Pearson correlation with one released score")
    axes.invert_yaxis()
    style.legend_below(figure, axes.get_legend_handles_labels(), 2)
    return Drawn(
        "noise_ceilings",
        figure,
        "Noise ceilings",
        "A replicate correlation is a reliability; its square root is the best Pearson correlation that any prediction "
        "can reach against one released score (0.59 gives 0.77; 0.88 gives 0.94). Among all rows of a screen; repeats "
        "and alleles stand for the rows that were measured more than once. Intervals are bootstrap intervals; each "
        "method's assumption is in the table.",
        "Dots with intervals of the noise ceiling for each screen and method.",
    )


def _label(screen: str, phenotype: str, order: int, method: str) -> str:
    orders = f", order {order}" if order else ""
    bound = METHODS[method]
    return f"{assay_name(screen, phenotype)}{orders} ({_METHODS[method]}{f', {bound}' if 'bound' in bound else ''})"


def draw_calibration(calibration: pd.DataFrame, model: str) -> Drawn:
    """Draw reliability of the mean, coverage of intervals and the spread against the error."""
    rows = calibration[(calibration["model"] == model) & (calibration["recalibration"] == "none")]
    rows = rows[rows["split"] == in_order(rows["split"])[0]] if len(rows) else rows
    title = f"Calibration of {model}"
    parts = {quantity: rows[rows["quantity"] == quantity] for quantity in ("reliability", "coverage", "spread")}
    if not len(parts["reliability"]):
        return empty_figure("calibration", title, f"No calibration of {model} in this run.", style.ONE_COLUMN)
    figure, axes = plt.subplots(1, 3, figsize=(style.TWO_COLUMNS, 2.3))
    split = split_phrase(str(rows["split"].iloc[0]))
    words = {
        "reliability": ("Mean", "mean prediction (share of largest)", "mean measured (share of largest)"),
        "coverage": ("Intervals", "nominal coverage (share)", "observed coverage (share)"),
        "spread": ("Spread", "predicted SD (share of largest)", "RMS error (share of largest)"),
    }
    assays = sorted(set(zip(rows["screen"], rows["phenotype"], strict=True)))
    for axis, (quantity, (heading, x_label, y_label)) in zip(axes, words.items(), strict=True):
        part = parts[quantity]
        for position, (screen, phenotype) in enumerate(assays):
            one = part[(part["screen"] == screen) & (part["phenotype"] == phenotype)].sort_values("position")
            # Assays have units of their own; shares of the assay's largest value can share one panel.
            scale = 1.0 if quantity == "coverage" else max(one[["expected", "observed"]].abs().max().max(), 1e-9)
            axis.plot(
                one["expected"] / scale,
                one["observed"] / scale,
                "o-",
                label=assay_name(screen, phenotype),
                color=style.PALETTE[position % len(style.PALETTE)],
            )
        ends = (-1, 1) if quantity == "reliability" else (0, 1)
        axis.plot(ends, ends, color=style.QUIET, linewidth=0.7, zorder=0)
        style.equal_axes(axis, *ends)
        axis.set(title=heading, xlabel=x_label, ylabel=y_label)
    style.legend_below(figure, axes[0].get_legend_handles_labels(), 3)
    return Drawn(
        "calibration",
        figure,
        title,
        f"Test fold of the {split}, before recalibration. Left, mean measured value in bins of the prediction; "
        "middle, share of measurements inside the central interval of each nominal level; right, error in bins of the "
        "predicted SD. Left and right, each assay is drawn relative to its largest value, since units differ. The "
        "diagonal is perfect calibration.",
        "Three panels of observed against expected calibration.",
    )


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
