"""The README's table: the leaderboard's numbers, and the same table beside the reference results."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.config.loading import read_run_config
from pipeline_lib.config.models import DangoSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.results_table import END, START, put_into, results_table

ROOT = Path(__file__).parents[2]


def board(rows):
    columns = ["model", "split", "screen", "phenotype", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


ROWS = board(
    [
        ("clp", "random", "collins2007", "interaction", "pearson", 0.64, 0.6, 0.68),
        ("two_way", "random", "collins2007", "interaction", "pearson", 0.25, 0.2, 0.3),
        ("fba", "random", "collins2007", "interaction", "pearson", 0.0, 0.0, 0.0),
        ("clp", "query_disjoint", "simulated", "interaction", "pearson", 0.1, 0.05, 0.2),
        ("two_way", "query_disjoint", "simulated", "interaction", "pearson", 0.12, 0.1, 0.15),
        ("fba", "query_disjoint", "kuzmin2018_calls", "call", "average_precision", 0.02, 0.01, 0.03),
        ("fba", "query_disjoint", "kuzmin2018_calls", "call", "pearson", 0.0, 0.0, 0.0),
        ("clp", "query_disjoint", "kuzmin2018_calls", "call", "average_precision", 0.04, 0.02, 0.05),
        ("clp", "random", "collins2007", "interaction", "rmse", 99.0, 98.0, 99.5),
    ]
)

CEILINGS = pd.DataFrame(
    [
        ("collins2007", "interaction", "all", 2, "alleles", "repeated", False, 0.79, 0.65, 0.87, 6177),
        ("collins2007", "interaction", "all", 2, "alleles", "screen", False, 0.41, 0.0, 0.72, 6177),
        ("simulated", "interaction", "all", 0, "truth", "screen", False, 0.55, 0.5, 0.6, 9000),
        ("simulated", "interaction", "query_disjoint", 0, "truth", "screen", False, 0.58, 0.5, 0.6, 900),
        ("simulated", "interaction", "all", 0, "reported_sd", "screen", False, 0.83, 0.8, 0.9, 9000),
    ],
    columns=[
        "screen",
        "phenotype",
        "split",
        "order",
        "method",
        "scope",
        "centred",
        "ceiling",
        "low",
        "high",
        "n",
    ],
)

SCOREBOARD = pd.DataFrame(
    {"screen": ["collins2007"], "phenotype": "interaction", "split": "random", "baseline": ["two_way"]}
)


def lines_of(rows=ROWS, ceilings=CEILINGS, headline=SCOREBOARD):
    return results_table(rows, ceilings, headline, DangoSettings()).splitlines()


def test_the_noise_ceiling_is_that_of_the_split_and_a_lower_bound_is_marked_as_one():
    assert lines_of()[2] == "| *noise ceiling* | *≥ 0.790* | *0.580* | - |"
    assert lines_of(ceilings=CEILINGS.iloc[:2])[2] == "| *noise ceiling* | *≥ 0.790* | - | - |"


def test_a_line_a_model_and_bold_where_no_interval_overlaps():
    lines = lines_of()
    assert lines[0] == (
        "| model | collins2007, random | simulated, query unseen | called pairs and triples, query unseen (AP) |"
    )
    assert lines[3].startswith("| clp | **0.640 (0.600 to 0.680)** | 0.100 (0.050 to 0.200) |")
    assert lines[5].startswith("| two_way | 0.250 (0.200 to 0.300) | 0.120 (0.100 to 0.150) | - |")
    assert "99" not in "".join(lines)


def test_a_method_that_predicts_the_same_everywhere_does_not_apply():
    assert lines_of()[-1] == "| fba | n/a | - | n/a |"


def test_a_short_training_of_dango_is_named_and_that_of_its_paper_is_not():
    assert lines_of()[-2].startswith("| dango | ")
    short = results_table(ROWS, CEILINGS, SCOREBOARD, DangoSettings(batch_size=960)).splitlines()
    assert short[-2].startswith("| dango (short training) | ")


def test_the_table_has_eight_lines_at_most_with_the_baselines_that_are_best_in_most_columns():
    names = ["soft_impute", "two_way", "network_profiles", "factorisation", "gene_ridge"]
    headline = pd.concat([SCOREBOARD.assign(baseline=name) for name in [*names, *names[1:3]]])
    lines = lines_of(headline=headline)[2:]
    assert len(lines) == 8
    assert [line.split(" | ")[0].strip("| ") for line in lines][3:6] == ["two_way", "network_profiles", "soft_impute"]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    put_into(page, results_table(ROWS, CEILINGS, SCOREBOARD, DangoSettings()))
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
    folder = ROOT / "docs" / "results"
    if not (folder / "scoreboard.csv").exists():
        pytest.skip(f"{folder / 'scoreboard.csv'} is not there: `make reference` writes it after `make yeast`")
    tables = (pd.read_csv(folder / f"{name}.csv") for name in ("leaderboard", "noise_ceiling", "scoreboard"))
    dango = read_run_config(ROOT / "config" / "config.yaml").models.dango
    assert results_table(*tables, dango) in (ROOT / "README.md").read_text(encoding="utf-8")
