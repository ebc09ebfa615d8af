"""Repeats of one split together: the test folds one after another, and a gene held out twice still one cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.cli import app
from pipeline_lib.evaluation.folds import split_fold
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.predictions import PredictionFile, entries_by_split, find_predictions, read_repeats
from pipeline_lib.evaluation.tables.leaderboard import Standings
from tests.evaluation.test_leaderboard import SETTINGS, pick, stand

KIND, POOLED = "gene_disjoint_one", "gene_disjoint_one-pooled"
DRAWS = (KIND, f"{KIND}-1", f"{KIND}-2", f"{KIND}-10")
GENES = 60


def files(*names: str) -> list[PredictionFile]:
    """Return files out of ``model/split/seed``."""
    parts = [name.split("/") for name in names]
    return [PredictionFile(split, model, int(seed), Path(model, split, seed)) for model, split, seed in parts]


def test_repeats_are_pooled_in_the_order_of_their_numbers() -> None:
    found = entries_by_split(files("clp/random-10/0", "clp/random-2/0", "clp/random/0", "mean/random/0"))
    assert list(found) == ["random", "random-10", "random-2", "random-pooled"]
    (entry,) = found["random-pooled"]["clp"]
    assert [file.split for file in entry.files] == ["random", "random-2", "random-10"]
    assert [len(entry.files) for entry in found["random"]["clp"]] == [1]


def test_a_model_that_lacks_a_draw_is_not_pooled_and_one_draw_alone_is_not_either() -> None:
    several = ("clp/random/0", "clp/random-1/0", "mean/random/0")
    found = entries_by_split(files(*several, "clp/query_disjoint/0", "clp/cross_screen-3/0"))
    assert list(found["random-pooled"]) == ["clp"]
    assert [split for split in found if split.endswith("pooled")] == ["random-pooled"]
    assert "random-pooled" not in entries_by_split(files("clp/random/0", "mean/random-1/0"))


def test_seeds_are_pooled_that_every_draw_has() -> None:
    found = entries_by_split(files("clp/random/0", "clp/random/1", "clp/random/2", "clp/random-1/2", "clp/random-1/1"))
    pooled = found["random-pooled"]["clp"]
    assert [[file.seed for file in entry.files] for entry in pooled] == [[1, 1], [2, 2]]
    assert "random-pooled" not in entries_by_split(files("clp/random/0", "clp/random-1/1"))


@pytest.fixture
def frame(table: Callable, observe: Callable) -> pd.DataFrame:
    """Every pair of genes; each gene has an effect on all of its pairs, so that pairs of a gene are alike."""
    rng = np.random.default_rng(1)
    first, second = np.triu_indices(GENES, 1)
    names = np.array([f"G{code:03d}" for code in range(GENES)])
    effect = rng.normal(size=GENES)
    value = effect[first] + effect[second] + rng.normal(size=len(first))
    pairs = list(zip(names[first], names[second], strict=True))
    given = {"screen": "collins2007", "query": list(names[first]), "array": list(names[second])}
    return table(observe(pairs, value, **given))


@pytest.fixture
def folds(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Each draw holds out twelve genes; a test pair has one of them, and where it has two the draw validates on it."""
    found = {}
    for number, draw in enumerate(DRAWS):
        held = np.random.default_rng([2, number]).permutation(GENES)[:12]
        names = {f"G{code:03d}" for code in held}
        count = frame["genes"].map(lambda genes, names=names: len(names & set(genes))).to_numpy()
        found[draw] = np.array(["train", "test", "validation"], dtype=object)[count]
    return found


@pytest.fixture
def run(write_run: Callable, frame: pd.DataFrame, folds: dict[str, np.ndarray]) -> Path:
    """Models ``clp`` and ``mean`` on all repeats (``clp`` twice on the first), ``two_way`` on all but the last."""
    rng = np.random.default_rng(3)
    value, folder = frame["value"].to_numpy(), Path()
    for draw in DRAWS:
        predictions = {("clp", draw, seed): value + 2 * rng.normal(size=len(frame)) for seed in range(2)}
        if draw != DRAWS[0]:
            del predictions["clp", draw, 1]
        predictions["mean", draw, 0] = value + 4 * rng.normal(size=len(frame))
        if draw != DRAWS[-1]:
            predictions["two_way", draw, 0] = rng.normal(size=len(frame))
        folder = write_run(frame, folds[draw], predictions)
    return folder


@pytest.fixture
def standings(run: Path) -> Standings:
    return stand(run)


def all_repeats(run: Path, frame: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the test predictions of all repeats, one after another, beside the measured values."""
    parts = [pd.read_parquet(run / "models" / model / draw / "seed0" / "predictions.parquet") for draw in DRAWS]
    joined = pd.concat(parts).query("fold == 'test'").merge(frame, on="observation_id", how="left")
    assert joined["observation_id"].duplicated().any(), "draws overlap"
    return joined


def test_pooled_scores_are_those_of_scipy_on_all_test_folds(
    run: Path, standings: Standings, frame: pd.DataFrame
) -> None:
    joined = all_repeats(run, frame, "clp")
    x, y = joined["prediction"], joined["value"]
    expected = {
        "pearson": stats.pearsonr(x, y)[0],
        "spearman": stats.spearmanr(x, y)[0],
        "rmse": np.sqrt(np.mean((x - y) ** 2)),
    }
    for metric, value in expected.items():
        row = pick(standings.leaderboard, model="clp", split=POOLED, metric=metric)
        assert row["value"] == pytest.approx(value)
        assert (row["n"], row["seeds"]) == (len(joined), 1)


def test_pearson_within_query_centres_a_query_over_all_repeats(
    run: Path, standings: Standings, frame: pd.DataFrame
) -> None:
    joined = all_repeats(run, frame, "clp")
    both = pd.concat([joined.assign(gene=joined[name]) for name in ("query", "array")])
    groups = both.groupby("gene")[["prediction", "value"]]
    centred = both[["prediction", "value"]] - groups.transform("mean")
    row = pick(standings.leaderboard, model="clp", split=POOLED, metric="pearson_within_query")
    assert row["value"] == pytest.approx(stats.pearsonr(centred["prediction"], centred["value"])[0])


def test_a_gene_held_out_by_several_repeats_is_one_cluster(standings: Standings) -> None:
    row = pick(standings.leaderboard, model="clp", split=POOLED, metric="pearson")
    assert (row["clusters"], row["groups"]) == ("gene", GENES)


def widths(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, float]:
    return {
        split: row["high"] - row["low"]
        for split in (*DRAWS, POOLED)
        for row in [pick(rows, split=split, metric="pearson", **wanted)]
    }


def test_all_repeats_together_are_more_precise_than_any_one(standings: Standings) -> None:
    for model in ("clp", "mean"):
        width = widths(standings.leaderboard, model=model)
        # The first draw alone has a second seed of clp, and its mean over seeds less noise.
        del width[DRAWS[0]]
        assert width.pop(POOLED) < min(width.values())
    width = widths(standings.differences, model="clp", reference="mean", role="best_baseline")
    del width[DRAWS[0]]
    assert width.pop(POOLED) < min(width.values())


def test_models_on_all_repeats_have_pooled_rows_in_every_table(standings: Standings) -> None:
    for rows in (standings.leaderboard, standings.subgroups):
        assert {row["model"] for row in rows if row["split"] == POOLED} == {"clp", "mean"}
    compared = {(row["model"], row["reference"]) for row in standings.differences if row["split"] == POOLED}
    assert compared == {("clp", "mean"), ("mean", "clp")}


def test_the_rows_of_a_draw_do_not_know_of_the_others(run: Path, standings: Standings) -> None:
    for path in run.glob(f"models/*/{KIND}-*/*/predictions.parquet"):
        path.unlink()
    alone = stand(run)
    assert alone.leaderboard == [row for row in standings.leaderboard if row["split"] == KIND]
    assert alone.differences == [row for row in standings.differences if row["split"] == KIND]
    assert alone.subgroups == [row for row in standings.subgroups if row["split"] == KIND]


def test_predictions_of_other_observations_are_refused(run: Path) -> None:
    first, other = (
        file for file in find_predictions(run / "models") if file.model == "mean" and file.split in DRAWS[:2]
    )
    data = read_measurements(run / "tables" / "observations.parquet")
    both = read_repeats([first, other], "test")
    fold = split_fold(data, POOLED, both.observation_id, "here", SETTINGS)
    fold.check(both, "here")
    for wrong in ([other, first], [first], [first, first]):
        with pytest.raises(PipelineError, match="here: its test fold differs"):
            fold.check(read_repeats(wrong, "test"), "here")


@pytest.mark.parametrize(
    ("command", "outputs"),
    [
        ("calibration", ["output"]),
        ("precision-recall", ["output", "queries"]),
        ("p-values", ["output", "deciles", "correlations", "points"]),
    ],
)
def test_other_commands_take_draws_as_splits_of_their_own(run: Path, command: str, outputs: list[str]) -> None:
    arguments = [command, "--settings", SETTINGS.model_dump_json(), "--predictions-dir", str(run / "models")]
    arguments += ["--observations", str(run / "tables" / "observations.parquet")]
    for name in outputs:
        arguments += [f"--{name}", str(run / f"{name}.parquet")]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if command == "calibration":
        assert set(pd.read_parquet(run / "output.parquet")["split"]) == set(DRAWS)
