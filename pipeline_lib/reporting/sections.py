"""What the page says, section by section, from the run's tables."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.figures import ARTEFACTS, TOPICS
from pipeline_lib.reporting.drawing import read_records
from pipeline_lib.reporting.figures.leaderboard import leading_assay, leading_metric
from pipeline_lib.reporting.findings import (
    Finding,
    ceiling_finding,
    family_sentences,
    model_findings,
    trust_finding,
)  # fmt: skip
from pipeline_lib.reporting.html import EmbeddedFigure, Fact, Section, embed
from pipeline_lib.reporting.html_table import html_table
from pipeline_lib.reporting.names import METRICS, assay_name, screen_name

MODEL = "clp"
"""The model that the report is about."""


@dataclass(frozen=True)
class RunFolder:
    """The tables of one run, read when they are asked for; an empty table where the run has none."""

    folder: Path
    dpi: int

    def table(self, artefact: str) -> pd.DataFrame:
        """Return a parquet artefact by its name in `pipeline_lib.config.figures.ARTEFACTS`."""
        return read_table(self.folder / ARTEFACTS[artefact])

    def json(self, artefact: str) -> Any:  # noqa: ANN401 - whatever the file holds
        """Return a JSON artefact by its name."""
        return read_json(self.folder / ARTEFACTS[artefact])

    def figures(self, topic: str, *names: str) -> list[EmbeddedFigure]:
        """Return figures of a topic, in the order of `names` (all of them without)."""
        records = {record.name: record for record in read_records(self.folder / "figures" / f"{topic}.json")}
        return [embed(records[name], self.folder / "figures", self.dpi) for name in names or TOPICS[topic].figures]

    @cached_property
    def leakage(self) -> pd.DataFrame:
        """Leakage checks of every split."""
        parts = [read_table(path) for path in sorted((self.folder / "splits").glob("*.leakage.parquet"))]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """The run's provenance."""
        content: dict[str, Any] = read_json(self.folder / "provenance.json")
        return content


def facts(run: RunFolder) -> list[Fact]:
    """Return the first screen's facts: data, model, split sizes."""
    leaderboard, observations = run.table("leaderboard"), run.table("observations")
    screen, phenotype = leading_assay(leaderboard)
    counts = observations.groupby("screen").size()
    return [
        Fact("Data", f"{len(observations):,} observations of {len(counts)} screens"),
        Fact("Leading screen", assay_name(screen, phenotype)),
        Fact("Models compared", str(leaderboard["model"].nunique())),
        Fact("Splits", ", ".join(sorted(leaderboard["split"].unique()))),
        Fact("Metric", METRICS[leading_metric(phenotype)]),
    ]


def headline(run: RunFolder) -> list[Finding]:
    """Return the findings of the first screen."""
    leaderboard = run.table("leaderboard")
    report = run.json("overfit_report")
    return [
        *model_findings(leaderboard, run.table("differences"), MODEL),
        ceiling_finding(leaderboard, run.table("noise_ceiling"), MODEL),
        trust_finding(run.leakage, run.table("rejected"), float(report["pearson"])),
    ]


def datasets(run: RunFolder) -> Section:
    """Return the section on the screens."""
    rejected = run.table("rejected")
    counts = rejected.groupby(["screen", "reason"]).size().rename("rows").reset_index()
    return Section(
        "datasets", "Datasets",
        [
            ("Each screen is read by the reader of its publication into one table. P-values keep their sidedness; "
            "neutral controls (hoΔ) are no deletions of interest; rejected rows are counted with a reason."),
        ],
        run.figures("datasets"),
        [
            html_table("screens", "Screens", run.table("screens_summary"), filters={"screen": ""}),
            html_table("rejected", "Rejected rows", counts),
            html_table("leakage", "What the folds of each split share", run.leakage, filters={"split": ""}),
        ],
    )  # fmt: skip


def metabolism(run: RunFolder) -> Section:
    """Return the section on the metabolic model."""
    reactions, subsystems = run.table("reactions"), run.table("subsystems")
    known, total = int(reactions["delta_g"].notna().sum()), len(reactions)
    paragraphs = [
        (
            f"The metabolic model has {total:,} reactions, {int(reactions['reversible'].sum()):,} of them reversible, and "
            f"{int((reactions['gene_rule'] == '').sum()):,} without a gene rule. Standard Gibbs energies are known for "
            f"{known:,} reactions; sentinels and blanks count as unknown."
        ),
        *_essentiality_sentences(run.json("essentiality")),
    ]
    return Section(
        "metabolism", "Metabolism", paragraphs, run.figures("metabolism"),
        [html_table("subsystems", "Subsystems", subsystems.sort_values("reactions", ascending=False))],
    )  # fmt: skip


def _essentiality_sentences(essentiality: dict[str, Any]) -> list[str]:
    if "mcc" not in essentiality:
        return ["No list of essential genes is configured, so predicted essentiality is not held against measurement."]
    return [
        (
            f"Predicted essential genes against the measured list: accuracy {essentiality['accuracy']:.3f}, Matthews "
            f"correlation {essentiality['mcc']:.3f}."
        )
    ]


def networks(run: RunFolder) -> Section:
    """Return the section on the gene networks."""
    summary = run.table("networks_summary")
    if summary.empty:
        return Section("networks", "Networks", ["This run has no gene networks."])
    return Section(
        "networks", "Networks",
        [
            ("Each network is marked with the evidence it holds and its year; the default networks hold no genetic "
            "interactions, which would carry a screen's own labels.")
        ],
        run.figures("networks"), [html_table("networks", "Networks", summary)],
    )  # fmt: skip


def walk_through(run: RunFolder) -> Section:
    """Return the walk-through of the model and the overfit check."""
    content, report = run.json("walk_through"), run.json("overfit_report")
    steps = pd.DataFrame(_plain(content["steps"]))
    checks = pd.DataFrame(_plain(content["checks"]))
    groups = pd.DataFrame(_plain(content["parameter_groups"]))
    graph = (run.folder / "cell" / "cell_graph.txt").read_text(encoding="utf-8")
    held = int(checks["held"].sum()) if len(checks) else 0
    return Section(
        "walk-through", "Model walk-through",
        [
            (f"A real batch goes through the model method by method. {held} of {len(checks)} invariants held. The model "
            f"learns {report['observations']} real observations by heart with a Pearson correlation of "
            f"{report['pearson']:.4f}."),
        ],
        run.figures("training"),
        [
            html_table("steps", "Every method: shapes and ranges", steps),
            html_table("invariants", "Invariants", checks),
            html_table("gradients", "Gradients by parameter group", groups, digits=6),
        ],
        [graph],
    )  # fmt: skip


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write nested values of JSON rows as text, so that a table can show them."""
    return [
        {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in row.items()}
        for row in rows
    ]


def leaderboard(run: RunFolder) -> Section:
    """Return correlations and the leaderboard."""
    table = run.table("leaderboard").sort_values(["split", "screen", "phenotype", "metric", "value"], ascending=False)
    screen, phenotype = leading_assay(table)
    shown = ["model", "split", "screen", "phenotype", "metric", "value", "low", "high", "n", "groups", "seeds"]
    differences = run.table("differences")
    difference_columns = [
        "model",
        "reference",
        "split",
        "screen",
        "phenotype",
        "metric",
        "value",
        "low",
        "high",
        "q_value",
    ]
    chosen = {"split": "random", "screen": screen, "phenotype": phenotype, "metric": leading_metric(phenotype)}
    leading = differences[
        (differences["role"] == "best_baseline") & differences["metric"].isin(["pearson", "average_precision"])
    ]
    return Section(
        "leaderboard", "Correlations and leaderboard",
        ["Value, interval (bootstrap over queries or genes), rows, clusters and seeds of every model on every split."],
        [*run.figures("correlations"), *run.figures("leaderboard", "leaderboard", "differences")],
        [
            html_table("leaderboard", "Leaderboard", table[shown], filters={**chosen, "model": ""}),
            html_table("differences", "Paired differences to the best baseline", leading[difference_columns],
                       filters={"split": "random", "screen": screen, "model": ""}),
        ],
    )  # fmt: skip


def ablations(run: RunFolder) -> Section:
    """Return ablations, losses, DANGO's pretraining and Weisfeiler-Lehman."""
    board, differences = run.table("leaderboard"), run.table("differences")
    pretraining = family_sentences(board, differences, "dango", "dango_")
    return Section(
        "ablations", "Ablations, losses, pretraining, Weisfeiler-Lehman",
        [
            ("Loss question: does a divergence (Wasserstein, energy distance, Kullback-Leibler) beside the mean squared "
            "error help? At a correlation of r the optimum of the squared error has predictions with a spread of r "
            "times that of the measurements; stretching them to the full spread leaves Pearson unchanged and raises "
            "the squared error."),
            *family_sentences(board, differences, MODEL, "clp_"),
            "What is pretraining for? DANGO learns to reconstruct networks before it learns interactions.",
            *pretraining,
        ],
        run.figures("leaderboard", "ablations", "losses", "pretraining"),
    )  # fmt: skip


def statistics(run: RunFolder) -> Section:
    """Return P-values, ceilings, calibration and subgroups."""
    ceilings = run.table("noise_ceiling")
    return Section(
        "statistics", "P-values, noise ceilings, calibration, subgroups",
        [
            ("A noise ceiling is the best correlation that any prediction can have with one released score: the square "
            "root of its reliability."),
        ],
        [*run.figures("p_values"), *run.figures("ceilings"), *run.figures("leaderboard", "subgroups")],
        [
            html_table("p_values", "P-value diagnostics", run.table("p_values"), filters={"screen": "", "quantity": ""}),
            html_table("noise_ceilings", "Noise ceilings and their assumptions", ceilings, filters={"screen": ""}),
        ],
    )  # fmt: skip


def provenance(run: RunFolder) -> Section:
    """Return where the numbers came from."""
    content = run.provenance
    sources = content["sources"].get("sources", content["sources"])
    rows = [{"source": name, **entry} for name, entry in sources.items()] if isinstance(sources, dict) else sources
    kept = [
        {key: row.get(key) for key in ("source", "name", "sha256", "bytes", "licence", "url") if key in row}
        for row in rows
    ]
    return Section(
        "provenance", "Provenance",
        [f"Written {content['written']} on {content['hardware']['processor']} ({content['hardware']['cores']} cores)."],
        [],
        [
            html_table("sources", "Upstream files", pd.DataFrame(kept)),
            html_table("packages", "Versions", pd.DataFrame(content["packages"].items(), columns=["package", "version"])),
            html_table("rules", "Time and memory of the long jobs", pd.DataFrame(content["rules"]), digits=1),
        ],
        [json.dumps({key: content[key] for key in ("git", "hardware", "seeds", "configuration_sha256")}, indent=2)],
    )  # fmt: skip


def all_sections(run: RunFolder) -> list[Section]:
    """Return every section in the order of the page."""
    return [
        datasets(run), metabolism(run), networks(run), walk_through(run), leaderboard(run), ablations(run),
        statistics(run), provenance(run),
    ]  # fmt: skip


def title_of(run: RunFolder) -> str:
    """Return the run's name for the head of the page."""
    return screen_name(str(run.provenance["configuration"]["run"]))
