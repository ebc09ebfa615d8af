"""Flux balance beside measurements: by medium, against essential genes, by subsystem."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name

_PANELS = 4
_DELETIONS: dict[object, str] = {1: "single deletions", 2: "pairs", 3: "triples"}
_LARGEST = 16
"""Subsystems that a panel shows."""
_MEASURES = {"auroc": "AUROC", "average_precision": "average precision", "mcc": "Matthews correlation"}
_INTERVAL = "Bars: 95 % intervals over genes."


def draw_media(benchmark: pd.DataFrame) -> Drawn:
    """Draw how growth on each medium agrees with essential genes and with measured fitness.

    Parameters
    ----------
    benchmark
        `pipeline_lib.artefacts.schemas.MEDIA_BENCHMARK`.
    """
    name, title = "media_agreement", "Which medium describes the measurements?"
    displayed = benchmark[benchmark["measure"].isin(["mcc", "pearson"])]
    if displayed.empty:
        why = "Neither essential genes nor fitness of metabolic deletions is measured in this run."
        return empty_figure(name, title, why, style.ONE_COLUMN)
    panels = list(displayed.groupby(["data", "measure"], sort=False))[:_PANELS]
    media = list(dict.fromkeys(displayed["medium"]))
    figure, axes = _row_of_panels(len(panels), len(media))
    for axis, ((data, measure), rows) in zip(axes, panels, strict=True):
        _intervals(axis, rows.set_index("medium").reindex(media))
        label = "Matthews correlation" if measure == "mcc" else "Pearson correlation"
        axis.set(title=f"{data}\nn = {int(rows['genes'].iloc[0]):,}", xlabel=label)
    return Drawn(
        name,
        figure,
        title,
        "Growth of single deletions by flux balance on each medium, against the list of essential genes (lethal below "
        "1e-6 of the wild type's growth) and against the measured fitness of deletions of metabolic genes. The first "
        f"medium is the model's own. {_INTERVAL}",
        "Points with intervals, one row a medium, one panel a measurement.",
    )


def draw_essential_genes(benchmark: pd.DataFrame) -> Drawn:
    """Draw how flux balance and boosted trees predict essential genes.

    Parameters
    ----------
    benchmark
        `pipeline_lib.artefacts.schemas.ESSENTIALITY_BENCHMARK`.
    """
    name, title = "essential_genes", "Which genes are essential?"
    if benchmark.empty:
        why = "No list of essential genes covers enough genes of the model, those that are essential and others."
        return empty_figure(name, title, why, style.ONE_COLUMN)
    labels = predictor_labels(benchmark)
    order = list(dict.fromkeys(labels))
    figure, axes = _row_of_panels(len(_MEASURES), len(order))
    for axis, (measure, label) in zip(axes, _MEASURES.items(), strict=True):
        chosen = (benchmark["measure"] == measure).to_numpy(bool)
        _intervals(axis, benchmark[chosen].set_axis(labels[chosen]).reindex(order))
        axis.set(xlabel=label)
    genes, essential = int(benchmark["genes"].iloc[0]), int(benchmark["essential"].iloc[0])
    axes[0].axvline(0.5, color=style.QUIET, linewidth=0.6)
    axes[1].axvline(essential / genes, color=style.QUIET, linewidth=0.6)
    return Drawn(
        name,
        figure,
        title,
        f"{essential:,} essential genes among {genes:,} metabolic ones. Flux balance: growth of the deletion on one "
        "medium, nothing learned. Trees: gradient boosting on growth on every medium, on features of genes, on both, "
        "predicted for genes (or enzyme complexes) that training did not see. Grey lines: what chance reaches. "
        f"{_INTERVAL}",
        "Points with intervals, one row a predictor, one panel a measure.",
    )


def without_subsystems(why: str) -> Drawn:
    """Return the figure of a comparison that was left out."""
    return empty_figure("subsystem_agreement", "What flux balance knows, by subsystem", why, style.ONE_COLUMN)


def draw_subsystems(benchmark: pd.DataFrame) -> Drawn:
    """Draw the correlation of flux balance with measurements by subsystem of the deleted genes.

    Parameters
    ----------
    benchmark
        `pipeline_lib.artefacts.schemas.SUBSYSTEM_BENCHMARK`.
    """
    name, title = "subsystem_agreement", "What flux balance knows, by subsystem"
    known = benchmark.dropna(subset="value")
    if known.empty:
        return without_subsystems("No measurement of metabolic deletions varies in flux balance.")
    assays = list(known.groupby(["screen", "phenotype", "order"]))
    # Assays that cover most subsystems, in the order of the table.
    most = sorted(assays, key=lambda assay: -len(assay[1]))[: _PANELS - 1]
    panels = [assay for assay in assays if any(assay[0] == other[0] for other in most)]
    sizes = pd.concat([rows for _, rows in panels]).groupby("subsystem")["n"].sum()
    subsystems = sizes.sort_values(ascending=False).index[:_LARGEST].tolist()
    figure, axes = _row_of_panels(len(panels), len(subsystems))
    for axis, ((screen, phenotype, order), rows) in zip(axes, panels, strict=True):
        _intervals(axis, rows.set_index("subsystem").reindex(subsystems))
        axis.axvline(0, color=style.INK, linewidth=0.5)
        axis.set(title=f"{assay_name(str(screen), str(phenotype))}, {_DELETIONS[order]}", xlabel="Pearson correlation")
        axis.title.set_fontsize(6)
    axes[0].set_yticks(range(len(subsystems)), [_short(subsystem) for subsystem in subsystems])
    return Drawn(
        name,
        figure,
        title,
        "Correlation of flux balance (fitness, epsilon or tau on the screen's medium) with the measurement, for "
        "genotypes whose genes are all metabolic and one of which serves the subsystem; 'all': every such genotype. "
        "Rows without a point: flux balance predicts one value for all. Bars: 95 % intervals over genes; at least 20 "
        "genotypes a row.",
        "Points with intervals, one row a subsystem, one panel an assay.",
    )


def predictor_labels(benchmark: pd.DataFrame) -> np.ndarray:
    """Return what each row of the essentiality benchmark is called."""
    folds = benchmark["folds"].map({"": "", "genes": "", "complexes": " (complexes unseen)"})
    learned = benchmark["predictor"] != "flux balance"
    prefix = np.where(learned, "trees: ", "flux balance: ")
    return np.asarray(prefix + benchmark["inputs"] + folds, dtype=object)


def _row_of_panels(panels: int, rows: int) -> tuple[Figure, list[Axes]]:
    figure, axes = plt.subplots(1, panels, figsize=(style.TWO_COLUMNS, 0.8 + 0.17 * rows), sharey=True, squeeze=False)
    return figure, list(axes[0])


def _intervals(axis: Axes, rows: pd.DataFrame) -> None:
    """Draw value, low and high of each row, the first row on top."""
    y = np.arange(len(rows))
    value = rows["value"].to_numpy(float)
    below = np.nan_to_num(value - rows["low"].to_numpy(float)).clip(min=0)
    above = np.nan_to_num(rows["high"].to_numpy(float) - value).clip(min=0)
    axis.errorbar(value, y, xerr=np.stack([below, above]), fmt="o", color=style.CLP, elinewidth=0.9)
    axis.set_yticks(y, [str(label) for label in rows.index])
    axis.set_ylim(len(rows) - 0.4, -0.6)


def _short(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"
