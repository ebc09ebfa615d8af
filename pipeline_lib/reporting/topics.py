"""Draw the figures of one topic from the artefacts it is given."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.figures import TOPICS
from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.drawing import Drawn
from pipeline_lib.reporting.figures import (
    ceilings,
    correlations,
    datasets,
    leaderboard,
    metabolism,
    networks,
    p_values,
    training,
)
from pipeline_lib.reporting.names import is_clp, is_dango
from pipeline_lib.reporting.predictions import find_jobs

MODEL = "clp"

LOSS_MODELS = ("clp", "clp_log_cosh", "clp_wasserstein", "clp_energy", "clp_kl", "clp_concordance")

Inputs = Mapping[str, Path]


def _datasets(inputs: Inputs, models: Path) -> list[Drawn]:  # noqa: ARG001 - every topic is called alike
    table = read_table(inputs["observations"])
    return [
        datasets.draw_scores(table), datasets.draw_fitness(table), datasets.draw_gene_usage(table),
        datasets.draw_overlap(table),
    ]  # fmt: skip


def _metabolism(inputs: Inputs, models: Path) -> list[Drawn]:  # noqa: ARG001
    subsystems = read_table(inputs["subsystems"])
    return [
        metabolism.draw_incidence(subsystems, read_table(inputs["subsystem_links"])),
        metabolism.draw_energy_coverage(subsystems, read_table(inputs["energies"])),
    ]


def _networks(inputs: Inputs, models: Path) -> list[Drawn]:  # noqa: ARG001
    return [
        networks.draw_degrees(read_table(inputs["edges"])),
        networks.draw_overlap(read_table(inputs["networks_summary"])),
    ]


def _training(inputs: Inputs, models: Path) -> list[Drawn]:
    overfit = training.draw_overfit(
        read_table(inputs["overfit_history"]),
        read_table(inputs["overfit_predictions"]),
        read_table(inputs["observations"], columns=["observation_id", "value", "screen"]),
    )
    return [training.draw_training_curves(find_jobs(models)), overfit]


def _correlations(inputs: Inputs, models: Path) -> list[Drawn]:
    board = read_table(inputs["leaderboard"])
    columns = ["observation_id", "screen", "phenotype", "value"]
    return [
        correlations.draw_correlation(
            read_table(inputs["observations"], columns=columns), find_jobs(models), MODEL, "random"
        ),
        correlations.draw_by_split(board, read_table(inputs["noise_ceiling"]), MODEL),
    ]


def _leaderboard(inputs: Inputs, models: Path) -> list[Drawn]:  # noqa: ARG001
    board = read_table(inputs["leaderboard"])
    return [
        leaderboard.draw_leaderboard(board, read_table(inputs["noise_ceiling"])),
        leaderboard.draw_differences(read_table(inputs["differences"])),
        leaderboard.draw_subgroups(read_table(inputs["subgroups"]), MODEL),
        leaderboard.draw_family(
            board, "ablations", "Ablations of the cell latent perturbation model",
            "The model with one part taken away or replaced, on every split and assay it ran on.",
            lambda model: is_clp(model) and model not in LOSS_MODELS[1:],
        ),
        leaderboard.draw_family(
            board, "pretraining", "What is pretraining for?",
            "DANGO pretrained on networks, not pretrained, with frozen pretrained embeddings, and with plain gene vectors.",
            is_dango,
        ),
        leaderboard.draw_family(
            board, "losses", "Losses",
            "The model under squared error, and under squared error with a divergence between predicted and measured values.",
            lambda model: model in LOSS_MODELS,
        ),
    ]  # fmt: skip


def _p_values(inputs: Inputs, models: Path) -> list[Drawn]:  # noqa: ARG001
    histogram, values = read_table(inputs["p_value_histogram"]), read_table(inputs["p_values"])
    return [
        p_values.draw_histograms(histogram, values),
        p_values.draw_deciles(read_table(inputs["p_value_deciles"]), MODEL),
        p_values.draw_against_prediction(read_table(inputs["p_value_points"]), MODEL),
    ]


def _ceilings(inputs: Inputs, models: Path) -> list[Drawn]:  # noqa: ARG001
    return [
        ceilings.draw_noise_ceilings(read_table(inputs["noise_ceiling"])),
        ceilings.draw_calibration(read_table(inputs["calibration"]), MODEL),
    ]


_DRAWERS: dict[str, Callable[[Inputs, Path], list[Drawn]]] = {
    "datasets": _datasets,
    "metabolism": _metabolism,
    "networks": _networks,
    "training": _training,
    "correlations": _correlations,
    "leaderboard": _leaderboard,
    "p_values": _p_values,
    "ceilings": _ceilings,
}


def draw_topic(topic: str, inputs: Inputs, models: Path) -> list[Drawn]:
    """Draw every figure of a topic, in the order of `pipeline_lib.config.figures.TOPICS`.

    Raises
    ------
    PipelineError
        When an artefact that the topic is drawn from is not given.
    """
    missing = [name for name in TOPICS[topic].artefacts if name not in inputs]
    if missing:
        raise PipelineError(f"figures {topic}: give --input {missing[0]}=PATH.")
    return _DRAWERS[topic](inputs, models)
