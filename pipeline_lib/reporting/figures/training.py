"""Training curves, the overfit check, and what a divergence in the loss would trade."""

from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.findings import Stretch, stretched
from pipeline_lib.reporting.names import assay_name, in_order, split_name, split_phrase
from pipeline_lib.reporting.run_folder import Job, reported_jobs, tested

_ERRORS = ("mse", "log_cosh")
"""What each family's value loss is called in its history."""
_SCORES = ("deciding_score", "pearson")
"""What chooses the epoch, where a history has it, before what is there of every trained model."""


def draw_training_curves(jobs: list[Job]) -> Drawn:
    """Draw error and validation score by epoch for every trained model, split and seed."""
    title = "Training curves"
    histories = [(job, read_table(job.folder / "history.parquet", HISTORY)) for job in jobs]
    trained = [
        (job, table) for job, table in histories if table["epoch"].nunique() > 2 and job.model in {"clp", "dango"}
    ]
    if not trained:
        return empty_figure("training_curves", title, "No model of this run was trained by epochs.", style.ONE_COLUMN)
    splits = in_order(job.split for job, _ in trained)
    colours = dict(zip(splits, cycle(style.PALETTE), strict=False))
    scores = [_score(table) for _, table in trained]
    groups = sorted({(job.model, group) for (job, _), series in zip(trained, scores, strict=True) for group in series})
    figure, axes = plt.subplots(2, len(groups), figsize=(style.TWO_COLUMNS, 3.6), squeeze=False, sharex="col")
    columns = {group: axes[:, place] for place, group in enumerate(groups)}
    for (job, table), score in zip(trained, scores, strict=True):
        colour = colours[job.split]
        for fold, line in (("train", ":"), ("validation", "-")):
            for group, loss in _series(table, fold, _ERRORS).items():
                if (job.model, group) in columns:
                    columns[job.model, group][0].plot(loss.index, loss, line, color=colour)
        for group, values in score.items():
            columns[job.model, group][1].plot(values.index, values, color=colour)
    for (model, group), (above, below) in columns.items():
        above.set(title=f"{model}\n{group}", ylabel="error (dotted: training)" if above is axes[0, 0] else "")
        below.set(xlabel="epoch", ylabel="validation score" if below is axes[1, 0] else "")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles = [Line2D([], [], color=colours[split]) for split in splits]
    style.legend_below(figure, (handles, [split_name(split) for split in splits]), 5)
    return Drawn(
        "training_curves",
        figure,
        title,
        f"Error of standardised values ({_losses({model for model, _ in columns})}) and the validation score that "
        "chooses the epoch, one line a seed; screens that train together share a column. Dotted: the training fold; "
        f"full: the validation fold. {_chosen_by({model for model, _ in columns})} The test fold is never looked at.",
        "Lines of error and validation score by epoch.",
    )


def _score(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the score that chooses the epoch, by epoch and screens; Pearson where a history has no other."""
    return next((series for name in _SCORES if (series := _series(table, "validation", (name,)))), {})


def _chosen_by(models: set[str]) -> str:
    """Return what the score of each of the trained models is."""
    sentences = {
        "clp": "Score of the cell latent perturbation model: mean over the assays that decide of the Pearson "
        "correlation, or of the average precision of calls; epoch 0 is the network before its first step, which "
        "predicts the closed form.",
        "dango": "Score of DANGO: Pearson correlation.",
    }
    return " ".join(sentence for model, sentence in sentences.items() if model in models)


def _losses(models: set[str]) -> str:
    """Return which loss each of the trained models is drawn with."""
    names = {"clp": "squared for the cell latent perturbation model", "dango": "log-cosh for DANGO"}
    return ", ".join(words for model, words in names.items() if model in models)


def _series(table: pd.DataFrame, fold: str, metrics: tuple[str, ...]) -> dict[str, pd.Series]:
    """Return values by epoch of every network that tells one of `metrics`, by the screens that it is trained on.

    Screens that train together are named as such: one after another their names fill the page.

    A model of several networks writes ``group/member/metric``; its first member is drawn.
    """
    part = table[table["fold"] == fold]
    named = [str(metric).rpartition("/") for metric in part["metric"]]
    part = part.assign(group=[group for group, _, _ in named], name=[name for _, _, name in named])
    chosen = part[part["name"].isin(metrics)]
    series = {}
    for key, rows in chosen.groupby("group", sort=True):
        path, _, member = str(key).rpartition("/")
        if not member or member == "0":
            values = rows.drop_duplicates("epoch", keep="last").set_index("epoch")["value"].sort_index()
            group = "measured screens" if "+" in path else path
            series[group or "all screens"] = values
    return series


def without_overfit(why: str) -> Drawn:
    """Return the figure of a check that was left out."""
    return empty_figure("overfit", "Overfit check", f"The check was left out: {why}", style.ONE_COLUMN)


def draw_overfit(history: pd.DataFrame, predictions: pd.DataFrame, observations: pd.DataFrame) -> Drawn:
    """Draw the check that the model can overfit a few real observations."""
    if predictions.empty:
        return without_overfit("the words of this section say why.")
    joined = predictions.merge(observations[["observation_id", "value", "screen"]], on="observation_id")
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.ONE_COLUMN, 1.9))
    for error in _series(history, "train", _ERRORS).values():
        left.plot(error.index, error.clip(lower=1e-8), color=style.CLP)
    left.set(xlabel="step", ylabel="squared error (SD²)", yscale="log", title="Training error")
    for screen, part in joined.groupby("screen"):
        scale = max(part["value"].std(ddof=0), 1e-9)
        centre = part["value"].mean()
        right.scatter((part["value"] - centre) / scale, (part["prediction"] - centre) / scale, s=9, label=str(screen))
    ends = np.array([*right.get_xlim(), *right.get_ylim()])
    right.plot([ends.min(), ends.max()], [ends.min(), ends.max()], color=style.QUIET, linewidth=0.7, zorder=0)
    style.equal_axes(right, float(ends.min()), float(ends.max()))
    right.set(xlabel="measured (SD)", ylabel="predicted (SD)", title=f"{len(joined)} observations")
    return Drawn(
        "overfit",
        figure,
        "Overfit check",
        f"The model overfits {len(joined)} real observations: a network that cannot is broken. Left, error by "
        "step; right, predicted against measured, in standard deviations of each screen.",
        "Error falls towards zero and predictions lie on the diagonal.",
    )


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
    style.legend_below(figure, left.get_legend_handles_labels(), 2)
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
