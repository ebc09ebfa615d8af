"""Small tables of a run as CSV with their provenance, to be kept beside the code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_lib.artefacts.atomic import read_json, write_json, write_text
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.figures import ARTEFACTS
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.reporting.safe_csv import to_csv

_DIGITS = 4


def write_reference(run_folder: Path, output: Path) -> None:
    """Write scoreboard, leaderboard, differences, ceilings, P-value diagnostics, screens and provenance of a run.

    Raises
    ------
    PipelineError
        When the run is not finished.
    """
    for name, table in reference_tables(run_folder).items():
        write_text(to_csv(table.round(_DIGITS)), output / f"{name}.csv")
    provenance = read_json(run_folder / "provenance.json")
    kept = ("pipeline", "git", "configuration_sha256", "python", "packages", "hardware", "seeds", "written")
    content = {key: provenance[key] for key in kept}
    content["run"] = provenance["configuration"]["run"]
    content["sources"] = published_sources(provenance["sources"].get("sources", provenance["sources"]))
    write_json(content, output / "provenance.json")


def published_sources(sources: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the sources without the place on this machine that each was taken from."""
    return {name: {key: value for key, value in source.items() if key != "place"} for name, source in sources.items()}


def reference_tables(run_folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables by file name: metrics that models are ranked by alone, so that each stays small."""

    def table(name: str) -> pd.DataFrame:
        return read_table(run_folder / ARTEFACTS[name])

    leaderboard, differences = table("leaderboard"), table("differences")
    ranked = leaderboard["phenotype"].map(leading_metric)
    # Pearson of calls: zero where a model predicts the same for every row.
    correlations = leaderboard["metric"].isin(["pearson", "pearson_within_query"])
    against = differences[
        (differences["role"] == "best_baseline")
        & (differences["metric"] == differences["phenotype"].map(leading_metric))
    ]
    p_values, agreement = table("p_values"), table("p_value_correlations")
    return {
        "scoreboard": table("scoreboard"),
        "leaderboard": leaderboard[(leaderboard["metric"] == ranked) | correlations],
        "differences": against,
        "noise_ceiling": table("noise_ceiling"),
        "p_values": p_values[p_values["quantity"].isin(["pi0", "discoveries"])],
        "p_value_correlations": agreement[agreement["quantity"].isin(["spearman", "enrichment"])],
        "screens": table("screens_summary"),
    }
