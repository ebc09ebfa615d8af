"""Own screens at the edge of what can be evaluated, and runs of theirs that are complete but for figures and page."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from click.testing import CliRunner

from pipeline_lib.artefacts.atomic import read_json, write_json
from pipeline_lib.artefacts.schemas import GENES, HISTORY, OBSERVATIONS, PREDICTIONS
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.cell.genotypes import encode
from pipeline_lib.cell.splits import assign, leakage_table, split_table
from pipeline_lib.command_line.workflow import as_json
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.config.loading import RunConfig, parse_run_config
from pipeline_lib.config.screens import screen_scores
from pipeline_lib.evaluation.cli import app as evaluation
from pipeline_lib.reporting.next_experiments import FittedSeeds, rank_untested
from pipeline_lib.reporting.provenance import provenance
from pipeline_lib.screens.summarising import recompute_tau, summarise

GENE_NAMES = [f"b{number:04d}" for number in range(1, 15)]
SCREEN = "mine"
Pairs = Sequence[Sequence[str]]


@dataclass(frozen=True)
class TinyScreen:
    """An own table, what its values are, and how its models predict them.

    Attributes
    ----------
    genes, value
        One genotype and its value a row.
    columns
        More columns of the observations (std, p_value, p_sided, query, array).
    phenotype
        What the values are.
    settings
        More of the screen's settings.
    models, splits
        Fitted models and the splits they ran on.
    constant
        Whether every model predicts one number.
    """

    genes: Pairs
    value: Sequence[float]
    columns: dict[str, Any] = field(default_factory=dict)
    phenotype: str = "interaction"
    settings: dict[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] = ("mean", "gene_ridge", "clp")
    splits: tuple[str, ...] = ("random",)
    constant: bool = False

    def observations(self) -> pd.DataFrame:
        """Return the table as the reader would."""
        frame = pd.DataFrame({"genes": [sorted(genes) for genes in self.genes], "value": np.asarray(self.value, float)})
        defaults: dict[str, Any] = {
            "std": np.nan,
            "p_value": np.nan,
            "p_sided": None,
            "query": None,
            "array": None,
            "temperature": np.nan,
        }
        for name, default in (defaults | self.columns).items():
            frame[name] = default
        order = frame["genes"].map(len).astype("int64")
        return frame.assign(
            observation_id=np.arange(len(frame)),
            screen=SCREEN,
            order=order,
            phenotype=self.phenotype,
            replicate=0,
            p_sided=frame["p_sided"].astype("Int64"),
            kinds=[["unspecified"] * n for n in order],
        ).astype({"query": object, "array": object})[list(OBSERVATIONS.columns)]

    def config(self) -> RunConfig:
        """Return a run's configuration with this screen alone, on the E. coli core model."""
        columns = {"genes": "g", "value": "v"} | ({"p_value": "p"} if "p_value" in self.columns else {})
        screen = {"reader": "table", "files": {"table": "my_screen.csv"}, "columns": columns, **self.settings}
        return parse_run_config(
            {
                "run": "tiny",
                "description": "My own screen.",
                "metabolism": {"gem": "cobra:textbook"},
                "screens": {SCREEN: {**screen, "phenotype": self.phenotype}},
                "splits": {"names": list(self.splits)},
                "grid": [{"models": list(self.models), "splits": list(self.splits), "seeds": [0]}],
                "evaluation": {"resamples": 100, "ranking_resamples": 50},
            },
            "tiny",
        )


def gene_table() -> pd.DataFrame:
    """Return the genes; essentiality is not known."""
    count = len(GENE_NAMES)
    return pd.DataFrame(
        {
            "gene_index": range(count),
            "gene": GENE_NAMES,
            "name": GENE_NAMES,
            "in_gem": [index % 2 == 0 for index in range(count)],
            "essential": pd.array([None] * count, dtype="boolean"),
            "aliases": [[]] * count,
        }
    )


def write_tiny_run(screen: TinyScreen, folder: Path, any_run: Path, root: Path) -> RunConfig:
    """Write a run of the screen: splits, predictions and evaluation are its own, the rest is that of any small run."""
    shutil.copytree(any_run, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("models", "splits"))
    config, observations, genes = screen.config(), screen.observations(), gene_table()
    write_table(observations, folder / ARTEFACTS["observations"], OBSERVATIONS)
    write_table(genes, folder / ARTEFACTS["genes"], GENES)
    lock = folder / "sources.lock.json"
    write_json({"sources": {}}, lock)
    write_json(provenance(config, lock, folder / "benchmarks", root), folder / "provenance.json")
    write_table(
        pd.DataFrame({"observation_id": [0], "prediction": [0.0], "prediction_std": [np.nan], "fold": ["train"]}),
        folder / ARTEFACTS["overfit_predictions"],
        PREDICTIONS,
    )
    measured = folder / ARTEFACTS["observations"]
    summarise(measured, folder / ARTEFACTS["genes"], folder / ARTEFACTS["screens_summary"])
    recompute_tau(measured, folder / ARTEFACTS["trigenic_identity"])
    write_json(
        {"model": "clp", "seed": 0, "observations": 0, "passed": None, "left_out": "it needs 16 genotypes"},
        folder / ARTEFACTS["overfit_report"],
    )
    walked = read_json(folder / ARTEFACTS["walk_through"])
    walked["batch"]["assays"] = {f"{SCREEN}/{screen.phenotype}": 32}
    write_json(walked, folder / ARTEFACTS["walk_through"])
    # No list of essential genes, and no yeast model.
    write_json({"conditions": {}, "published": None}, folder / ARTEFACTS["essentiality"])
    no_rows = {"screen": str, "file": str, "row": "int64", "reason": str, "text": str}
    write_table(pd.DataFrame(columns=list(no_rows)).astype(no_rows), folder / ARTEFACTS["rejected"])
    _fit(screen, config, observations, genes, folder)
    _evaluate(config, folder)
    ranked = rank_untested(observations, genes, FittedSeeds(()), config.reporting, screen_scores(config.screens))
    write_table(ranked, folder / ARTEFACTS["next_experiments"])
    return config


def _fit(screen: TinyScreen, config: RunConfig, observations: pd.DataFrame, genes: pd.DataFrame, folder: Path) -> None:
    data = encode(observations, genes, "tiny")
    random = np.random.default_rng(0)
    for split in screen.splits:
        assignment = assign(data, genes, split, config.splits)
        write_table(leakage_table(data, assignment, split), folder / "splits" / f"{split}.leakage.parquet")
        folds = split_table(data, assignment).to_pandas()
        write_table(folds, folder / "splits" / f"{split}.parquet")
        values = observations.set_index("observation_id").loc[folds["observation_id"], "value"].to_numpy()
        for model in screen.models:
            noise = np.zeros(len(folds)) if screen.constant else values + random.normal(0, 0.1, len(folds))
            place = folder / "models" / model / split / "seed0"
            predicted = folds.assign(prediction=noise, prediction_std=0.1 if model == "clp" else np.nan)
            write_table(
                predicted[["observation_id", "prediction", "prediction_std", "fold"]],
                place / "predictions.parquet",
                PREDICTIONS,
            )
            history = pd.DataFrame({"epoch": [0], "fold": ["train"], "metric": [f"{SCREEN}/mse"], "value": [0.1]})
            write_table(history, place / "history.parquet", HISTORY)


def _evaluate(config: RunConfig, folder: Path) -> None:
    path = {name: str(folder / relative) for name, relative in ARTEFACTS.items()}
    common = [
        "--settings",
        as_json(config.evaluation),
        "--scores",
        as_json(screen_scores(config.screens)),
        "--observations",
        path["observations"],
    ]
    predictions = ["--predictions-dir", str(folder / "models")]
    evaluated = folder / "evaluation"
    commands = {
        "leaderboard": [
            *predictions,
            "--genes",
            path["genes"],
            "--output",
            path["leaderboard"],
            "--differences",
            path["differences"],
            "--subgroups",
            path["subgroups"],
        ],
        "noise-ceiling": [
            "--genes",
            path["genes"],
            "--output",
            path["noise_ceiling"],
            *(
                f"--folds-of={file.stem}={file}"
                for file in sorted((folder / "splits").glob("*.parquet"))
                if not file.stem.endswith(".leakage")
            ),
        ],
        "p-values": [
            *predictions,
            "--output",
            path["p_values"],
            "--deciles",
            path["p_value_deciles"],
            "--histogram",
            path["p_value_histogram"],
            "--points",
            path["p_value_points"],
            "--correlations",
            path["p_value_correlations"],
            "--hits",
            path["p_value_hits"],
            "--queries",
            path["p_value_queries"],
            "--quantiles",
            path["p_value_quantiles"],
        ],
        "calibration": [*predictions, "--output", path["calibration"]],
        "precision-recall": [
            *predictions,
            "--output",
            path["precision_recall"],
            "--queries",
            str(evaluated / "query_precision.parquet"),
            "--dango",
            path["dango_scoring"],
        ],
    }
    calls = [[command, *common, *options] for command, options in commands.items()]
    tables = ["--leaderboard", path["leaderboard"], "--differences", path["differences"]]
    tables += ["--noise-ceiling", path["noise_ceiling"], "--model", config.reporting.model]
    calls.append(["scoreboard", *tables, "--output", path["scoreboard"]])
    for call in calls:
        done = CliRunner().invoke(evaluation, call, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    assert read_table(path["leaderboard"])["model"].nunique() > 0


def _pairs(number: int) -> list[tuple[str, str]]:
    return list(combinations(GENE_NAMES, 2))[:number]


def _values(number: int) -> list[float]:
    return np.random.default_rng(1).normal(0, 0.3, number).tolist()


def _labels(number: int) -> list[float]:
    return (np.arange(number) % 3 == 0).astype(float).tolist()


_P = {"p_value": 0.03, "p_sided": 2}
_ONE_QUERY = {"query": GENE_NAMES[0], "array": None}

TINY_SCREENS: dict[str, TinyScreen] = {
    "forty_pairs": TinyScreen(_pairs(40), _values(40)),
    "five_pairs": TinyScreen(_pairs(5), _values(5)),
    "three_pairs": TinyScreen(_pairs(3), _values(3)),
    "twenty_pairs_with_two_tested": TinyScreen(_pairs(20), _values(20)),
    "one_gene_with_every_other": TinyScreen([(GENE_NAMES[0], g) for g in GENE_NAMES[1:]], _values(13)),
    "one_query": TinyScreen([(GENE_NAMES[0], g) for g in GENE_NAMES[1:]], _values(13), _ONE_QUERY),
    "all_equal": TinyScreen(_pairs(60), [0.25] * 60),
    "equal_predictions": TinyScreen(_pairs(60), _values(60), constant=True),
    "sd_of_zero": TinyScreen(_pairs(60), _values(60), {"std": [0.0, 0.05] * 30}),
    "one_model": TinyScreen(_pairs(60), _values(60), models=("clp",)),
    "one_baseline": TinyScreen(_pairs(60), _values(60), models=("mean",)),
    "two_splits": TinyScreen(_pairs(91), _values(91), splits=("random", "gene_disjoint_one")),
    "p_values_and_no_calls": TinyScreen(_pairs(60), _values(60), _P, settings={"p_sided": 2}),
    "calls_of_its_own": TinyScreen(
        _pairs(60),
        _values(60),
        _P,
        settings={"p_sided": 2, "unit": "S-score", "calls": {"negative": -0.1, "positive": 0.1, "p_value": 0.05}},
    ),
    "a_threshold_that_nothing_passes": TinyScreen(
        _pairs(60), _values(60), settings={"unit": "S-score", "calls": {"negative": -100}}
    ),
    "a_threshold_that_all_pass": TinyScreen(
        _pairs(60), [-1.0 - v**2 for v in _values(60)], settings={"unit": "S-score", "calls": {"negative": -0.5}}
    ),
    "single_deletions": TinyScreen([[gene] for gene in GENE_NAMES], _values(14), phenotype="fitness"),
    "labels": TinyScreen(_pairs(91), _labels(91), phenotype="call"),
    "twelve_labels": TinyScreen(_pairs(12), _labels(12), phenotype="call"),
    "raw_interactions": TinyScreen(_pairs(91), _values(91), phenotype="raw_interaction"),
    "raw_interactions_with_p": TinyScreen(
        _pairs(91), _values(91), _P, phenotype="raw_interaction", settings={"p_sided": 2}
    ),
    "triples": TinyScreen(list(combinations(GENE_NAMES, 3))[:60], _values(60)),
}
"""Screens by what is special about them."""
