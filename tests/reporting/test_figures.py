"""Figures: the same bytes for the same tables, at the width of a journal's columns, with words beside them."""

import html
import re
from pathlib import Path
from types import SimpleNamespace

import jinja2
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from docutils.core import publish_parts
from matplotlib.patches import Rectangle

from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.config.evaluation import ARTEFACTS, P_VALUE_PAGE, TOPICS
from pipeline_lib.evaluation.p_values.nulls import criterion_of
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import read_records
from pipeline_lib.reporting.figures.calls import draw_called_ranking, draw_discoveries
from pipeline_lib.reporting.figures.correlations import draw_correlation
from pipeline_lib.reporting.figures.datasets import draw_energy_coverage, draw_gene_usage, draw_incidence, draw_scores
from pipeline_lib.reporting.figures.leaderboard import draw_family
from pipeline_lib.reporting.figures.training import draw_training_curves
from pipeline_lib.reporting.run_folder import Job, find_jobs
from tests.reporting.conftest import PAGES, draw


@pytest.mark.parametrize("topic", ["leaderboard", "metabolism"])
def test_the_same_tables_give_the_same_bytes(run_folder, tmp_path, topic):
    draw(topic, run_folder, tmp_path)
    for name in TOPICS[topic].figures:
        for suffix in (".svg", ".png"):
            drawn, first = tmp_path / f"{name}{suffix}", run_folder / "figures" / f"{name}{suffix}"
            assert drawn.read_bytes() == first.read_bytes(), drawn.name


def figures() -> list[tuple[str, str]]:
    pages = [("p_values", f"{P_VALUE_PAGE}{screen}") for screen in PAGES]
    return [(topic, name) for topic, drawn in TOPICS.items() for name in drawn.figures] + pages


@pytest.mark.parametrize(("topic", "name"), figures())
def test_every_figure_fits_a_page_and_has_a_caption(run_folder, topic, name):
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


@pytest.mark.parametrize("topic", ["p_values", "leaderboard"])
def test_snakemake_lists_the_figures_that_show_something_each_with_its_title_and_caption(run_folder, topic):
    folder = run_folder / "figures"
    records = read_records(folder / f"{topic}.json")
    listed = {path.stem for path in (folder / "listed" / topic).glob("*.svg")}
    assert listed == {record.name for record in records if not record.empty}
    template = jinja2.Template((folder / "captions" / f"{topic}.rst").read_text(encoding="utf-8"))
    for record in records:
        if record.name not in listed:
            continue
        figure = SimpleNamespace(wildcards=SimpleNamespace(figure=record.name))
        parts = publish_parts(template.render(snakemake=figure), writer_name="html")
        shown = html.unescape(re.sub(r"<[^>]*>", "", parts["body"]))
        assert " ".join(shown.split()) == " ".join(f"{record.title}. {record.caption}".split())


def test_a_figure_without_content_is_not_listed(run_folder):
    records = read_records(run_folder / "figures" / "datasets.json")
    empty = {record.name for record in records if record.empty}
    assert empty == {"reproducibility"}
    listed = {path.stem for path in (run_folder / "figures" / "listed" / "datasets").iterdir()}
    assert listed == {record.name for record in records} - empty


@pytest.fixture
def tables(run_folder):
    """Return a function that reads an artefact of the synthetic run."""
    return lambda name: read_table(run_folder / ARTEFACTS[name])


def test_nothing_has_a_bar_on_a_logarithmic_axis(tables):
    drawn = [
        draw_incidence(tables("subsystems"), tables("subsystem_links")),
        draw_energy_coverage(tables("subsystems"), tables("energies")),
        draw_discoveries(discoveries()),
    ]
    for item in drawn:
        for axes in item.figure.axes:
            if "log" in axes.get_xscale() + axes.get_yscale():
                assert not [patch for patch in axes.patches if isinstance(patch, Rectangle)], item.name
        plt.close(item.figure)


def discoveries() -> pd.DataFrame:
    """Return counts of discoveries by two rules."""
    rules = {"value < -0.08 and P < 0.05": 12, "q < 0.05 Benjamini-Hochberg": 300}
    shared = {"screen": "ours", "phenotype": "interaction", "order": 2, "quantity": "discoveries", "n": 1000}
    rows = [{**shared, "detail": rule, "value": n, "low": n - 5, "high": n + 5} for rule, n in rules.items()]
    return pd.DataFrame(rows)


def test_a_discovery_is_counted_by_a_threshold_a_p_value_or_a_false_discovery_rate():
    found = {detail: criterion_of(detail) for detail in discoveries()["detail"]}
    assert list(found.values()) == ["threshold", "false_discovery_rate"]
    assert criterion_of("true value < -0.08") == "threshold"
    assert criterion_of("P < 0.05 as released") == criterion_of("P < 0.05 two-sided") == "p_value"


def test_values_beyond_the_range_make_no_pile_at_its_edge():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=10_000), np.full(9, -500.0), np.full(9, 500.0)])
    rows = pd.DataFrame({"screen": "ours", "phenotype": "interaction", "order": 2, "value": values})
    drawn = draw_scores(rows, {})
    (outline,) = drawn.figure.axes[0].patches
    counted = outline.get_path().vertices[:, 1]
    plt.close(drawn.figure)
    assert counted.max() > 300
    edges = [count for count in (*counted[1:3], *counted[-3:-1]) if count > 1]
    assert all(count < 9 for count in edges)


def test_predictions_and_measurements_share_one_range(run_folder, tables):
    drawn = draw_correlation(tables("observations"), find_jobs(run_folder / "models"), "clp", {})
    panels = [axes for axes in drawn.figure.axes if axes.axison]
    assert panels
    for axes in panels:
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.get_ylabel().removeprefix("predicted ") == axes.get_xlabel().removeprefix("measured ")
    plt.close(drawn.figure)


def history_job(folder: Path, model: str, rows: list[tuple[int, str, str, float]]) -> Job:
    """Return a fit with this history."""
    folder = folder / model / "random" / "seed0"
    table = pd.DataFrame(rows, columns=["epoch", "fold", "metric", "value"])
    write_table(table, folder / "history.parquet", HISTORY)
    return Job(model, "random", 0, folder)


def test_training_curves_show_what_chose_the_epoch_from_the_network_before_its_first_step(tmp_path):
    """Beside it stand the scores of single phenotypes and the norms of gradients, which are not drawn."""
    scores = {"pearson": 0.1, "pearson_fitness": 0.9, "average_precision_call": 0.8, "deciding_score": 0.5}
    rows = [
        (epoch, "validation", f"a+b/0/{name}", value + epoch / 100)
        for epoch in range(4)
        for name, value in scores.items()
    ]
    rows += [
        (epoch, fold, "a+b/0/mse", 1.0 / (1 + epoch))
        for epoch in range(4)
        for fold in ("train", "validation")
        if (epoch, fold) != (0, "train")
    ]
    rows += [(epoch, "train", "a+b/0/spread_gradient_norm", 9.0) for epoch in range(1, 4)]
    other = [(epoch, "validation", name, 0.2) for epoch in range(1, 5) for name in ("pearson", "log_cosh")]
    drawn = draw_training_curves([history_job(tmp_path, "clp", rows), history_job(tmp_path, "dango", other)])
    above, _, below, pearson = drawn.figure.axes
    assert [line.get_xdata().tolist() for line in above.lines] == [[1, 2, 3], [0, 1, 2, 3]]
    (score,) = below.lines
    np.testing.assert_allclose(score.get_ydata(), [0.5, 0.51, 0.52, 0.53])
    (line,) = pearson.lines
    assert line.get_ydata().tolist() == [0.2] * 4
    assert (below.get_xticks() == np.round(below.get_xticks())).all(), "there are no half epochs"
    assert "epoch 0 is the network before its first step" in drawn.caption
    assert "Score of DANGO: Pearson correlation." in drawn.caption
    plt.close(drawn.figure)


def test_the_ablations_of_a_large_run_fit_a_page():
    rows = [
        (f"clp_{part}" if part else "clp", split, f"screen{screen}")
        for part in range(14)
        for split in ("random", "query_disjoint")
        for screen in range(9)
    ]
    board = pd.DataFrame(rows, columns=["model", "split", "screen"]).assign(
        phenotype="interaction", metric="pearson", value=0.3, low=0.2, high=0.4, n=90, groups=9
    )
    drawn = draw_family(board, "ablations", "Ablations of clp", "All of them.", lambda _: True)
    plt.close(drawn.figure)
    assert drawn.figure.get_size_inches()[1] <= 10.2


def test_calls_are_ranked_on_whatever_split_the_run_has():
    board = pd.DataFrame(
        {
            "model": ["clp", "mean"],
            "split": "gene_disjoint_all",
            "screen": "ours",
            "phenotype": "call",
            "metric": "average_precision",
            "value": [0.3, 0.1],
            "low": 0.0,
            "high": 0.5,
            "n": 90,
            "groups": 9,
        }
    )
    drawn = draw_called_ranking(board)
    plt.close(drawn.figure)
    assert "all genes unseen split, n = 90" in drawn.caption


def test_screens_without_named_queries_have_no_panel_of_queries():
    rows = pd.DataFrame({"screen": ["own", "own"], "genes": [["A", "B"], ["A", "C"]], "query": [None, None]})
    drawn = draw_gene_usage(rows)
    assert [axis.get_title() for axis in drawn.figure.axes] == ["Observations per gene"]
    queried = draw_gene_usage(rows.assign(query=["A", "A"]))
    assert [axis.get_title() for axis in queried.figure.axes] == ["Observations per gene", "Observations per query"]
