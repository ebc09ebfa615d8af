"""Draw one figure of the report from the tables of a run."""

import difflib
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from pipeline_lib.config.figures import ARTEFACTS, CLP_CHECKS, OF_KNOCKOUTS, TOPICS, figure_names, pages_of
from pipeline_lib.config.screens import ScreenSettings, screen_scores
from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.style import paper_style
from pipeline_lib.reporting.topics import Given, draw_topic

if TYPE_CHECKING:
    from pipeline_lib.library.run import Run


def draw_figure(run: "Run", name: str) -> Figure:
    """Draw a figure by its name, as the rules of the workflow draw it.

    Raises
    ------
    PipelineError
        When there is no figure of that name, or the run lacks what it is drawn from or has nothing to draw.
    """
    screens = {key: ScreenSettings.model_validate(value) for key, value in run.configuration["screens"].items()}
    topics = {figure: topic for topic in TOPICS for figure in figure_names(topic, screens)}
    if name not in topics:
        near = difflib.get_close_matches(name, topics, n=1, cutoff=0.0)[0]
        raise PipelineError(f"there is no figure '{name}'; did you mean '{near}'? There are {', '.join(topics)}.")
    topic = topics[name]
    paths = {artefact: run.folder / ARTEFACTS[artefact] for artefact in TOPICS[topic].artefacts}
    # A run whose grid does not ask for these makes none of them, and the figure says so.
    given = {key: path for key, path in paths.items() if path.exists() or key not in CLP_CHECKS | OF_KNOCKOUTS}
    model = str(run.configuration["reporting"]["model"])
    with paper_style():
        drawn = draw_topic(
            topic, Given(given, run.folder / "models", model, screen_scores(screens), tuple(pages_of(topic, screens)))
        )
    for item in drawn:
        # A notebook shows what a cell returns; what pyplot still holds it would show once more.
        plt.close(item.figure)
    found = next(item for item in drawn if item.name == name)
    if found.empty:
        raise PipelineError(f"{run.folder}: there is nothing to draw in the figure '{name}': {found.caption}")
    return found.figure
