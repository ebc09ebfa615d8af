"""The commands, as the workflow calls them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from pipeline_lib.artefacts.schemas import LEADERBOARD
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.cli import app
from pipeline_lib.evaluation.tables import schemas
from pipeline_lib.evaluation.tables import schemas as p_schemas

SETTINGS = json.dumps({"resamples": 100, "ranking_resamples": 50})
SCORES = json.dumps(
    {
        "collins2007": SCREEN_READERS.get("emap").scores.model_dump(mode="json"),
        "simulated": SCREEN_READERS.get("kuzmin2018").scores.model_dump(mode="json"),
    }
)
MAIN_TABLE = {
    "leaderboard": LEADERBOARD,
    "noise-ceiling": schemas.NOISE_CEILING,
    "p-values": p_schemas.P_VALUES,
    "calibration": schemas.CALIBRATION,
    "precision-recall": schemas.PRECISION_RECALL,
}
MORE_TABLES = {
    "leaderboard": {"differences": schemas.DIFFERENCES, "subgroups": schemas.SUBGROUPS},
    "noise-ceiling": {},
    "p-values": {
        "deciles": p_schemas.P_VALUE_DECILES,
        "histogram": p_schemas.P_HISTOGRAM,
        "correlations": p_schemas.P_VALUE_CORRELATIONS,
        "points": p_schemas.P_VALUE_POINTS,
    },
    "calibration": {},
    "precision-recall": {"queries": schemas.QUERY_PRECISION},
}


def call(command: str, run: Path, *more: str) -> Result:
    tables = run / "tables"
    arguments = [
        command,
        "--settings",
        SETTINGS,
        "--scores",
        SCORES,
        "--observations",
        str(tables / "observations.parquet"),
    ]
    if command in {"leaderboard", "noise-ceiling"}:
        arguments += ["--genes", str(tables / "genes.parquet")]
    if command != "noise-ceiling" and not any(option.startswith("--predictions") for option in more):
        arguments += ["--predictions-dir", str(run / "models")]
    for name in ("output", *MORE_TABLES[command]):
        arguments += [f"--{name}", str(run / "evaluation" / command / f"{name}.parquet")]
    return CliRunner().invoke(app, [*arguments, *more], catch_exceptions=False)


def content(command: str, run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "evaluation" / command).iterdir()}


@pytest.fixture
def run(write_run: Callable, table: Callable, crosses: Callable, emap: Callable) -> Path:
    rng = np.random.default_rng(0)
    frame = table(
        emap(40),
        crosses(20, 40, screen="simulated", std=0.05, p_value=rng.random(800) / 2, p_sided=1),
        crosses(20, 40, screen="simulated", seed=1, phenotype="fitness", std=0.05),
    )
    folds = rng.choice(["train", "validation", "test"], p=[0.2, 0.3, 0.5], size=len(frame))
    noisy = frame["value"].to_numpy() + rng.normal(size=(3, len(frame)))
    keys = [("clp", "random", 0), ("clp", "random", 1), ("query_mean", "random", 0)]
    folder: Path = write_run(frame, folds, dict(zip(keys, noisy, strict=True)))
    return folder


@pytest.mark.parametrize("command", MAIN_TABLE)
def test_every_command_keeps_its_contracts_and_gives_the_same_bytes_twice(command: str, run: Path) -> None:
    assert call(command, run).exit_code == 0
    first = content(command, run)
    for name, schema in {"output": MAIN_TABLE[command], **MORE_TABLES[command]}.items():
        frame = read_table(run / "evaluation" / command / f"{name}.parquet")
        assert len(schema.validate(frame, name)) > 0
    call(command, run)
    assert content(command, run) == first


@pytest.mark.parametrize("command", ["p-values", "precision-recall"])
def test_a_run_without_p_values_or_calls_gets_empty_tables_that_keep_their_contracts(
    command: str, write_run: Callable, table: Callable, crosses: Callable
) -> None:
    frame = table(crosses(6, 10, phenotype="fitness"))
    run = write_run(frame, np.full(60, "test"), {("mean", "random", 0): np.zeros(60)})
    assert call(command, run).exit_code == 0
    for name, schema in {"output": MAIN_TABLE[command], **MORE_TABLES[command]}.items():
        frame = read_table(run / "evaluation" / command / f"{name}.parquet")
        assert len(schema.validate(frame, name)) == 0


def test_the_number_of_threads_changes_no_byte(run: Path) -> None:
    call("leaderboard", run, "--threads", "1")
    alone = content("leaderboard", run)
    call("leaderboard", run, "--threads", "3")
    assert content("leaderboard", run) == alone


def test_files_may_be_named_one_by_one(run: Path) -> None:
    path = run / "models" / "query_mean" / "random" / "seed0" / "predictions.parquet"
    assert call("leaderboard", run, "--predictions", str(path)).exit_code == 0
    board = read_table(run / "evaluation" / "leaderboard" / "output.parquet")
    assert board["model"].unique().tolist() == ["query_mean"]


def test_degrees_come_from_the_networks(run: Path) -> None:
    edges = pd.DataFrame(
        {"network": "n", "source": range(40, 60), "target": range(41, 61), "weight": 1.0, "directed": False}
    )
    edges.to_parquet(run / "edges.parquet")
    call("leaderboard", run, "--edges", str(run / "edges.parquet"))
    found = read_table(run / "evaluation" / "leaderboard" / "subgroups.parquet")
    assert "degree" in set(found["subgroup"])


def test_the_truth_of_a_simulated_screen_adds_its_ceiling(run: Path) -> None:
    observations = pd.read_parquet(run / "tables" / "observations.parquet")
    rows = observations[(observations["screen"] == "simulated") & (observations["phenotype"] == "interaction")]
    truth = rows[["genes", "order"]].assign(interaction=rows["value"], fitness=1.0)
    truth.to_parquet(run / "truth.parquet")
    call("noise-ceiling", run, "--truth-of", f"simulated={run / 'truth.parquet'}")
    found = read_table(run / "evaluation" / "noise-ceiling" / "output.parquet")
    found = found[(found["method"] == "truth") & (found["phenotype"] == "interaction")]
    assert found["ceiling"].tolist() == pytest.approx([1, 1])


def test_a_truth_without_its_screen_is_refused(run: Path) -> None:
    with pytest.raises(PipelineError, match="write it as SCREEN=PATH"):
        call("noise-ceiling", run, "--truth-of", "truth.parquet")


def test_no_predictions_at_all_are_refused_in_one_sentence(run: Path) -> None:
    observations = str(run / "tables" / "observations.parquet")
    arguments = ["calibration", "--settings", SETTINGS, "--output", str(run / "out.parquet")]
    with pytest.raises(PipelineError, match="give --predictions-dir or --predictions"):
        CliRunner().invoke(app, [*arguments, "--observations", observations], catch_exceptions=False)


def test_an_unknown_setting_is_named(run: Path) -> None:
    result = CliRunner().invoke(
        app,
        ["calibration", "--settings", '{"resample": 5}', "--observations", str(run / "tables/observations.parquet")],
    )
    assert result.exit_code == 2
    assert "did you mean 'resamples'" in result.output
