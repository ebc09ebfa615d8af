"""Squared error against the shape of the distribution: what a divergence in the loss would trade."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, split_phrase
from pipeline_lib.reporting.predictions import Job, reported_jobs, tested
from pipeline_lib.reporting.spread import Stretch, stretched

_SPREADS = np.linspace(0.05, 1.3, 26)


def draw_spread(observations: pd.DataFrame, jobs: list[Job], model: str) -> Drawn:
    """Draw error and distance between distributions as the same predictions are stretched.

    Parameters
    ----------
    observations
        observation_id, screen, phenotype, value.
    jobs
        The run's fitted models.
    model
        Whose predictions, on the easiest split that it ran on; several seeds are averaged.
    """
    title = "Squared error against the spread of predictions"
    chosen = reported_jobs(jobs, model)
    curves = _curves(tested(chosen, observations)) if chosen else {}
    if not curves:
        why = f"No screen has ten tested scores that vary beside predictions of {model} that vary."
        return empty_figure("losses", title, why, style.ONE_COLUMN)
    split = chosen[0].split
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.TWO_COLUMNS, 2.6), sharex=True)
    for position, (label, curve) in enumerate(curves.items()):
        colour = style.PALETTE[position % len(style.PALETTE)]
        costs = [curve.at(spread) for spread in _SPREADS]
        own = curve.at(curve.own)
        left.plot(_SPREADS, [cost.rmse for cost in costs], color=colour, label=f"{label} (r = {curve.pearson:.2f})")
        left.plot(curve.own, own.rmse, "o", color=colour)
        right.plot(_SPREADS, [cost.wasserstein for cost in costs], color=colour)
        right.plot(curve.own, own.wasserstein, "o", color=colour)
    for panel in (left, right):
        panel.axvline(1, color=style.QUIET, linewidth=0.7, linestyle="--")
        panel.set_xlabel("SD of predictions (SD of measurements)")
    left.set(ylabel="root mean squared error (SD)", title="Error (least at a spread of r)")
    right.set(ylabel="Wasserstein distance (SD)", title="Distance between the distributions")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return Drawn(
        "losses",
        figure,
        title,
        f"The test predictions of {model} ({split_phrase(split)}) stretched or shrunk around their mean; the "
        "Pearson correlation is the same along each line. Dots: the predictions as they are; dashed: the spread of the "
        "measurements. Values are in SD of the measurements of each assay, means taken off.",
        "Lines of error and of Wasserstein distance against the spread of predictions.",
    )


def _curves(table: pd.DataFrame) -> dict[str, Stretch]:
    curves = {}
    for (screen, phenotype), part in table.groupby(["screen", "phenotype"]):
        if phenotype != "call" and len(part) >= 10:
            curve = stretched(part["value"].to_numpy(), part["prediction"].to_numpy())
            if curve is not None:
                curves[assay_name(str(screen), str(phenotype))] = curve
    return curves
