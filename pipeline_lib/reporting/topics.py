"""Draw the figures of one topic from the artefacts it is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.evaluation import CLP_CHECKS, OF_KNOCKOUTS, TOPICS
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import simulated_screens
from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.drawing import Drawn
from pipeline_lib.reporting.figures import (
    calls,
    ceilings,
    correlations,
    datasets,
    flux_balance,
    leaderboard,
    p_value_page,
    training,
)
from pipeline_lib.reporting.names import is_ablation, is_dango, is_loss
from pipeline_lib.reporting.run_folder import find_jobs

_VALUES = ("observation_id", "screen", "phenotype", "value")


@dataclass(frozen=True)
class Given:
    """What a topic is drawn from.

    Attributes
    ----------
    paths
        Path of every artefact by name.
    models
        Folder of fitted models.
    model
        The model that the report is about.
    scores
        How the scores of each screen are to be read, by its name.
    pages
        Screens that have a page of their own (topic ``calls``).
    """

    paths: Mapping[str, Path]
    models: Path
    model: str
    scores: Mapping[str, ScreenScores]
    pages: tuple[str, ...] = ()

    @property
    def simulated(self) -> frozenset[str]:
        """The screens whose cells were simulated."""
        return simulated_screens(self.scores)

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
        """Read an artefact."""
        return read_table(self.paths[name], columns=columns)


def _datasets(given: Given) -> list[Drawn]:
    table = given.table("observations")
    return [
        datasets.draw_scores(table, given.scores),
        datasets.draw_fitness(table, given.scores),
        datasets.draw_gene_usage(table),
        ceilings.draw_reproducibility(table, given.scores),
        datasets.draw_overlap(table),
    ]


def _metabolism(given: Given) -> list[Drawn]:
    subsystems = given.table("subsystems")
    return [
        datasets.draw_incidence(subsystems, given.table("subsystem_links")),
        datasets.draw_energy_coverage(subsystems, given.table("energies")),
    ]


def _flux_balance(given: Given) -> list[Drawn]:
    of_media = [
        flux_balance.draw_media(given.table("media_benchmark")),
        flux_balance.draw_essential_genes(given.table("essentiality_benchmark")),
    ]
    if "subsystem_benchmark" not in given.paths:
        return [*of_media, flux_balance.without_subsystems("No model of the run reads growth of knockouts.")]
    return [*of_media, flux_balance.draw_subsystems(given.table("subsystem_benchmark"))]


def _networks(given: Given) -> list[Drawn]:
    return [datasets.draw_degrees(given.table("edges")), datasets.draw_network_overlap(given.table("networks_summary"))]


def _training(given: Given) -> list[Drawn]:
    curves = training.draw_training_curves(find_jobs(given.models))
    if "overfit_predictions" not in given.paths:
        return [curves, training.without_overfit("no model of the family clp is in the grid.")]
    overfit = training.draw_overfit(
        given.table("overfit_history"),
        given.table("overfit_predictions"),
        given.table("observations", ("observation_id", "value", "screen")),
    )
    return [curves, overfit]


def _correlations(given: Given) -> list[Drawn]:
    values = given.table("observations", _VALUES)
    return [
        correlations.draw_correlation(values, find_jobs(given.models), given.model, given.scores),
        correlations.draw_by_split(given.table("leaderboard"), given.table("noise_ceiling"), given.model),
    ]


def _leaderboard(given: Given) -> list[Drawn]:
    board = given.table("leaderboard")
    return [
        leaderboard.draw_scoreboard(given.table("scoreboard")),
        leaderboard.draw_leaderboard(board, given.table("noise_ceiling"), given.simulated),
        leaderboard.draw_differences(given.table("differences"), given.simulated),
        leaderboard.draw_subgroups(given.table("subgroups"), given.model),
        leaderboard.draw_family(
            board,
            "ablations",
            f"Ablations of {given.model}",
            "The model, and the model with one part taken away, replaced or added, on every split and assay that it "
            "ran on.",
            lambda model: is_ablation(model, given.model),
        ),
        leaderboard.draw_family(
            board,
            "loss_models",
            f"Losses of {given.model}",
            "The model trained with the mean squared error, and the same model trained with other losses.",
            lambda model: model == given.model or is_loss(model, given.model),
        ),
        leaderboard.draw_family(
            board,
            "pretraining",
            "What is pretraining for?",
            "DANGO pretrained on networks, not pretrained, with frozen pretrained vectors, with plain vectors, and as "
            "its released code behaves.",
            is_dango,
        ),
    ]


def _losses(given: Given) -> list[Drawn]:
    values = given.table("observations", _VALUES)
    return [training.draw_spread(values, find_jobs(given.models), given.model)]


def _p_values(given: Given) -> list[Drawn]:
    histogram, values = given.table("p_value_histogram"), given.table("p_values")
    points, deciles = given.table("p_value_points"), given.table("p_value_deciles")
    tables = p_value_page.PValueTables(
        histogram=histogram,
        quantiles=given.table("p_value_quantiles"),
        queries=given.table("p_value_queries"),
        points=points,
        hits=given.table("p_value_hits"),
        deciles=deciles,
        correlations=given.table("p_value_correlations"),
    )
    genes, differences = given.table("genes", ("gene", "name")), given.table("differences")
    names = dict(zip(genes["gene"], genes["name"], strict=True))
    return [
        calls.draw_histograms(histogram, values),
        calls.draw_discoveries(values),
        calls.draw_deciles(deciles, given.model),
        calls.draw_against_prediction(points, given.model, given.scores),
        *(
            p_value_page.draw_page(screen, tables, given.model, differences, names, given.scores)
            for screen in given.pages
        ),
    ]


def _calls(given: Given) -> list[Drawn]:
    curves, board = given.table("precision_recall"), given.table("leaderboard")
    return [calls.draw_precision_recall(curves, board, given.model), calls.draw_called_ranking(board)]


def _ceilings(given: Given) -> list[Drawn]:
    return [
        ceilings.draw_noise_ceilings(given.table("noise_ceiling"), set(given.table("leaderboard")["screen"])),
        ceilings.draw_calibration(given.table("calibration"), given.model),
    ]


_DRAWERS: dict[str, Callable[[Given], list[Drawn]]] = {
    "datasets": _datasets,
    "metabolism": _metabolism,
    "flux_balance": _flux_balance,
    "networks": _networks,
    "training": _training,
    "correlations": _correlations,
    "leaderboard": _leaderboard,
    "losses": _losses,
    "p_values": _p_values,
    "calls": _calls,
    "ceilings": _ceilings,
}


def draw_topic(topic: str, given: Given) -> list[Drawn]:
    """Draw every figure of a topic, in the order of `pipeline_lib.config.evaluation.TOPICS`.

    Raises
    ------
    PipelineError
        When an artefact that the topic is drawn from is not given.
    """
    missing = [
        name for name in TOPICS[topic].artefacts if name not in given.paths and name not in CLP_CHECKS | OF_KNOCKOUTS
    ]
    if missing:
        raise PipelineError(f"figures {topic}: give --input {missing[0]}=PATH.")
    return _DRAWERS[topic](given)
