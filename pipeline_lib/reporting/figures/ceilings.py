"""How good a prediction could be, and whether its spread can be trusted."""

from collections.abc import Set as AbstractSet

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.evaluation.ceilings.choice import METHODS
from pipeline_lib.evaluation.ceilings.noise_ceiling import ALL_SPLITS
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, in_order, split_phrase

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
    rows = _own_scope(ceilings[(ceilings["split"] == ALL_SPLITS) & ceilings["ceiling"].notna()])
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
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
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


def _own_scope(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row an estimate: of the rows that the noise was estimated from, not of the rest of the screen."""
    keys = ["screen", "phenotype", "order", "method", "centred"]
    return rows.sort_values("scope", key=lambda scope: scope == "screen", kind="stable").drop_duplicates(keys)


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
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
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
