"""The README's table: the leaderboard's numbers, and the same table beside the reference results."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.results_table import END, START, put_into, results_table

ROOT = Path(__file__).parents[2]


def board(rows):
    columns = ["model", "split", "screen", "phenotype", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


ROWS = board(
    [
        ("clp", "random", "collins2007", "interaction", "pearson", 0.64, 0.6, 0.68),
        ("mean", "random", "collins2007", "interaction", "pearson", 0.0, float("nan"), float("nan")),
        ("mean", "query_disjoint", "simulated", "interaction", "pearson", 0.1, 0.05, 0.15),
        ("clp", "random", "collins2007", "interaction", "rmse", 99.0, 98.0, 99.5),
    ]
)


CEILINGS = pd.DataFrame(
    [
        ("collins2007", "interaction", 2, "alleles", "repeated", False, 0.79),
        ("collins2007", "interaction", 2, "alleles", "screen", False, 0.41),
        ("simulated", "interaction", 0, "truth", "screen", False, 0.55),
        ("simulated", "interaction", 0, "reported_sd", "screen", False, 0.83),
    ],
    columns=["screen", "phenotype", "order", "method", "scope", "centred", "ceiling"],
)


def test_the_noise_ceiling_stands_above_the_models_the_truth_before_every_estimate():
    assert results_table(ROWS, CEILINGS).splitlines()[2] == "| *noise ceiling* | *0.790* | *0.550* |"
    assert results_table(ROWS, CEILINGS.iloc[:2]).splitlines()[2] == "| *noise ceiling* | *0.790* | - |"


def test_a_line_a_model_the_best_first_and_bold():
    lines = results_table(ROWS, CEILINGS).splitlines()
    assert lines[0] == "| model | collins2007, random | simulated, query unseen |"
    assert lines[3] == "| clp | **0.640 (0.600 to 0.680)** | - |"
    assert lines[4] == "| mean | 0.000 | **0.100 (0.050 to 0.150)** |"
    assert "99" not in results_table(ROWS, CEILINGS)


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    put_into(page, results_table(ROWS, CEILINGS))
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith(f"before\n{START}\n\n| model |")
    assert text.endswith(f"{END}\nafter\n")


def test_a_page_without_a_place_is_refused(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="has no place for the table"):
        put_into(page, "table")


def test_the_readme_shows_the_table_of_the_reference_results():
    path = ROOT / "docs" / "results" / "leaderboard.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there: `make reference` writes it after `make yeast`")
    reference, ceilings = pd.read_csv(path), pd.read_csv(path.with_name("noise_ceiling.csv"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert results_table(reference, ceilings) in readme
