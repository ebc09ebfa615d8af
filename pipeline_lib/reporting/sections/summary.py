"""The first screen: what data, which model, how good, on which split, and whether it can be trusted."""

from pipeline_lib.evaluation.metrics import leading_metric
from pipeline_lib.evaluation.scoreboard import counts_sentence
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import (
    NO_NETWORK,
    Finding,
    ceiling_finding,
    model_findings,
    network_soundness,
    trust_finding,
)
from pipeline_lib.reporting.html import EmbeddedFigure, Fact
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, screen_name, split_name
from pipeline_lib.reporting.run_folder import RunFolder


def facts(run: RunFolder) -> list[Fact]:
    """Return the first screen's facts: data, model, splits, metric."""
    screen, phenotype = leading_assay(run.leaderboard)
    screens = sorted(run.observations["screen"].unique())
    splits = in_order(run.leaderboard["split"])
    baselines = run.leaderboard["model"].nunique() - (run.model in set(run.leaderboard["model"]))
    return [
        Fact("Data", f"{len(run.observations):,} observations; screens: {', '.join(map(screen_name, screens))}"),
        Fact("Model", f"{run.model}, beside {baselines} others on the same folds"),
        Fact("Leading screen", assay_name(screen, phenotype)),
        Fact("Measured by", METRICS[leading_metric(phenotype)]),
        Fact("Splits", ", ".join(map(split_name, splits))),
    ]


def counts(run: RunFolder) -> tuple[str, EmbeddedFigure | None]:
    """Return the sentence of counts over every comparison, and the drawing of them; None where there is none."""
    drawn = run.figures("leaderboard", "scoreboard")
    return counts_sentence(run.scoreboard), drawn[0] if drawn else None


def headline(run: RunFolder) -> list[Finding]:
    """Return the findings of the first screen: what each comparison of the leading assay says, and what to trust."""
    network = network_soundness(run.json("overfit_report"), run.json("walk_through")) if run.has_clp else NO_NETWORK
    return [
        *model_findings(run.leaderboard, run.differences, run.model),
        ceiling_finding(run.leaderboard, run.table("noise_ceiling"), run.model),
        trust_finding(run.leakage, run.table("rejected"), network),
    ]
