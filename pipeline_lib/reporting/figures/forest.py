"""A forest: one row a model, its value with an interval, the best on top."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline_lib.reporting import style
from pipeline_lib.reporting.names import is_clp, is_dango


def colours_in_words(models: Iterable[str]) -> str:
    """Return what each colour of a forest stands for, of the models that are in it."""
    names = set(models)
    kinds = {
        "blue: the cell latent perturbation model and its ablations": any(map(is_clp, names)),
        "orange: DANGO": any(map(is_dango, names)),
        "grey: baselines": any(not is_clp(model) and not is_dango(model) for model in names),
    }
    words = "; ".join(kind for kind, there in kinds.items() if there)
    return words[:1].upper() + words[1:]


def forest(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw a forest on `axes`.

    Parameters
    ----------
    axes
        Where to draw.
    rows
        model, value, low, high; NaN bounds draw no interval.
    """
    rows = rows.sort_values("value")
    y = np.arange(len(rows))
    low = np.nan_to_num((rows["value"] - rows["low"]).to_numpy()).clip(min=0)
    high = np.nan_to_num((rows["high"] - rows["value"]).to_numpy()).clip(min=0)
    for position, (model, value, below, above) in enumerate(zip(rows["model"], rows["value"], low, high, strict=True)):
        axes.errorbar(value, position, xerr=[[below], [above]], fmt="o", color=_colour(model), elinewidth=0.9)
    axes.set_yticks(y, rows["model"])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.axvline(0, color=style.INK, linewidth=0.5)


def _colour(model: str) -> str:
    return style.CLP if is_clp(model) else style.RIVAL if is_dango(model) else style.BASELINE
