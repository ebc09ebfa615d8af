"""Figures: the same bytes for the same tables, at the width of a journal's columns, with words beside them."""

import re

import matplotlib.image
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pipeline_lib.config.figures import TOPICS
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import read_records
from pipeline_lib.reporting.figures.called_ranking import draw_called_ranking
from pipeline_lib.reporting.figures.datasets import draw_gene_usage
from tests.reporting.conftest import draw


@pytest.mark.parametrize("topic", ["leaderboard", "metabolism"])
def test_the_same_tables_give_the_same_bytes(run_folder, tmp_path, topic):
    draw(topic, run_folder, tmp_path)
    for name in TOPICS[topic].figures:
        for suffix in (".svg", ".png"):
            drawn, first = tmp_path / f"{name}{suffix}", run_folder / "figures" / f"{name}{suffix}"
            assert drawn.read_bytes() == first.read_bytes(), drawn.name


def figures() -> list[tuple[str, str]]:
    return [(topic, name) for topic, drawn in TOPICS.items() for name in drawn.figures]


@pytest.mark.parametrize(("topic", "name"), figures())
def test_every_figure_fits_a_page_and_says_what_it_shows(run_folder, topic, name):
    folder = run_folder / "figures"
    height, width = matplotlib.image.imread(folder / f"{name}.png").shape[:2]
    assert width / 72 <= style.TWO_COLUMNS + 0.15, "no wider than two columns"
    assert height / 72 <= 10.5, "no taller than a page"
    record = next(record for record in read_records(folder / f"{topic}.json") if record.name == name)
    assert record.title
    assert record.caption.rstrip().endswith(".")
    assert record.alternative


def test_a_vector_figure_carries_no_date_and_no_font_of_this_machine(run_folder):
    text = (run_folder / "figures" / "leaderboard.svg").read_text(encoding="utf-8")
    assert not re.search(r"<dc:date>", text)
    assert "font-family" not in text


def test_calls_are_ranked_on_whatever_split_the_run_has():
    board = pd.DataFrame(
        {
            "model": ["clp", "mean"], "split": "gene_disjoint_all", "screen": "ours", "phenotype": "call",
            "metric": "average_precision", "value": [0.3, 0.1], "low": 0.0, "high": 0.5, "n": 90, "groups": 9,
        }
    )  # fmt: skip
    drawn = draw_called_ranking(board)
    plt.close(drawn.figure)
    assert "all genes unseen split, n = 90" in drawn.caption


def test_screens_without_named_queries_have_no_panel_of_queries():
    rows = pd.DataFrame({"screen": ["own", "own"], "genes": [["A", "B"], ["A", "C"]], "query": [None, None]})
    drawn = draw_gene_usage(rows)
    assert [axis.get_title() for axis in drawn.figure.axes] == ["Observations per gene"]
    queried = draw_gene_usage(rows.assign(query=["A", "A"]))
    assert [axis.get_title() for axis in queried.figure.axes] == ["Observations per gene", "Observations per query"]
