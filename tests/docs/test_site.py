"""The documentation site: its generated pages hold what they are made from, and it builds without a warning."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline_lib.__main__ import STAGES, app
from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.config.model_registry import names as names_of_models
from pipeline_lib.evaluation.p_values.predicted import headline
from pipeline_lib.evaluation.tables.schemas import SCOREBOARD
from site_pages.command_line import command_line_page, commands_of
from site_pages.drawing import Interval, interval_drawing
from site_pages.links import linked_files, mend_links
from site_pages.notebooks import notebook_page
from site_pages.numbers import NOT_FITTED, Numbers
from site_pages.tables import schemas_of, tables_page
from tests.conftest import ROOT

RESULTS = ROOT / "docs" / "results"


def test_the_command_line_page_lists_every_command_and_option():
    page = command_line_page(app)
    paths = dict(commands_of(app))
    assert {path[0] for path in paths} == set(STAGES)
    for path, command in paths.items():
        assert f"`{' '.join(path)}`" in page
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert all(f"`{option}`" in page for option in options), path
    assert str(ROOT) not in page, "a default of this machine"


def test_the_tables_page_lists_every_column_with_its_type_and_values():
    page = tables_page(ROOT / "pipeline_lib", ARTEFACTS)
    names = {schema.name for _, schema, _ in schemas_of(ROOT / "pipeline_lib")}
    assert {"observations", "scoreboard", "edges"} <= names
    for name in names:
        assert f"\n## {name}\n" in page
    for column in (*OBSERVATIONS.columns, *SCOREBOARD.columns):
        assert f"| `{column}` |" in page
    assert "| `order` | int64 | `1`, `2`, `3` |" in page
    assert "| `p_value` | float64 | 0 to 1; may be missing |" in page
    assert "`tables/observations.parquet`" in page


def test_a_notebook_that_was_not_executed_has_no_page(tmp_path: Path):
    path = tmp_path / "new.ipynb"
    path.write_text('{"cells": [{"cell_type": "code", "source": ["1 + 1"], "execution_count": null, "outputs": []}]}')
    with pytest.raises(ValueError, match="cell 1 has not been executed"):
        notebook_page(path)


def test_links_lead_to_the_place_that_a_file_has_in_the_site(tmp_path: Path):
    (tmp_path / "Dockerfile").touch()
    text = "[recipe](../../Dockerfile), [keys](../../config/README.md#grid), [other](https://example.org/a)"
    source, page = "docs/how_to/container.md", "how_to/container.md"
    assert linked_files(text, source, tmp_path) == {"Dockerfile"}
    places = {"Dockerfile": "files/Dockerfile", "config/README.md": "reference/configuration.md"}
    assert mend_links(text, source, page, places) == (
        "[recipe](../files/Dockerfile), [keys](../reference/configuration.md#grid), [other](https://example.org/a)"
    )


def test_numbers_of_a_page_are_those_of_the_tables():
    row = pd.read_csv(RESULTS / "leaderboard.csv").query(
        "model == 'clp' and screen == 'collins2007' and split == 'random' and metric == 'pearson'"
    )
    value, low, high = row.iloc[0][["value", "low", "high"]]
    numbers = Numbers(RESULTS)
    asked = 'Pearson {{ score("clp", "collins2007", "interaction", "random") }} at {{ commit }}'
    filled = numbers.fill(asked)
    assert filled.startswith(f"Pearson {value:.3f} ({low:.3f} to {high:.3f}) at ")
    assert re.fullmatch("[0-9a-f]{7}", filled[-7:])
    fitted = set(pd.read_csv(RESULTS / "leaderboard.csv")["model"])
    absent = next(name for name in names_of_models() if name not in fitted)
    assert numbers.score(absent, "collins2007", "interaction", "random") == NOT_FITTED
    assert numbers.significant("kuzmin_tau", "interaction", 3).endswith(" percent of 44,503")
    with pytest.raises(ValueError, match="no model 'clpp'"):
        numbers.score("clpp", "collins2007", "interaction", "random")
    with pytest.raises(ValueError, match="no screen 'colins2007'"):
        numbers.score("clp", "colins2007", "interaction", "random")


def test_a_drawing_has_zero_and_the_estimates_where_they_belong():
    drawing = interval_drawing([Interval("a & b", 0.25, 0.0, 0.5), Interval("none", float("nan"), 0, 0)], "Pearson")
    assert "a &amp; b" in drawing
    assert "0.250 (0.000 to 0.500)" in drawing
    assert 'class="zero" style="left:0.0%"' in drawing
    assert 'class="point" style="left:50.0%"' in drawing
    assert 'class="whisker" style="left:0.0%;width:100.0%"' in drawing
    assert "none" not in drawing


def test_the_answers_of_the_project_are_still_those_of_the_tables():
    """The words of docs/seed_questions.md were written for these facts: where one changes, so must the words."""
    numbers = Numbers(RESULTS)
    tau = numbers.score("clp", "kuzmin_tau", "interaction", "query_disjoint")
    low, high = map(float, re.findall(r"\((-?[\d.]+) to (-?[\d.]+)\)", tau)[0])
    assert low < 0 < high, "'for real triples no'"
    p = headline(pd.read_csv(RESULTS / "p_value_correlations.csv")).query("model == 'clp' and screen != 'simulated'")
    unseen = p[p["split"].isin(["query_disjoint", "cross_screen"])]
    # As every verdict on P-values: both measures above chance, by the whole interval and a P-value below 0.05.
    chance = unseen["quantity"].map({"spearman": 0, "enrichment": 1})
    above = (unseen["low"] > chance) & (unseen["p_value"] < 0.05)
    both = above.groupby([unseen[name] for name in ("order", "screen", "source", "split")]).all()
    assert not both.loc[3].any(), "'for real triples no'"
    assert both.loc[2].any(), "'for pairs in part'"
    assert not both.loc[2].all(), "'for pairs in part'"
    board = pd.read_csv(RESULTS / "scoreboard.csv")
    flux = board.query("screen == 'simulated' and phenotype == 'interaction' and split == 'query_disjoint'")
    assert (flux["verdict"] == "win").all(), "'only where the screen is metabolic'"


def test_a_number_that_is_typed_in_the_answers_names_its_commit():
    """Every other is inserted from the tables of the run: a typed one would go stale with the next."""
    text = (ROOT / "docs" / "seed_questions.md").read_text(encoding="utf-8")
    of_fits = [
        section
        for section in text.split("\n## ")
        if re.search(r"(?<![\d.])0\.\d{3}(?!\d)", re.sub("{{.*?}}", "", section, flags=re.DOTALL))
    ]
    assert len(of_fits) == 1
    plain = [" ".join(section.split()) for section in of_fits]
    assert all("commit `7bc0646`" in section and "yeast run of this page" in section for section in plain)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the built site."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e '.[docs]', or make docs")
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed: pip install -e '.[docs]', or make docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    # No proxy and no address: nothing of the build may need the network.
    environment |= {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def nav_pages(part: object) -> list[str]:
    """Return every page that the navigation names."""
    if isinstance(part, str):
        return [part]
    parts = part.values() if isinstance(part, dict) else part
    return [page for inner in parts for page in nav_pages(inner)]


def test_the_site_has_every_page_of_its_navigation_and_fetches_nothing(site: Path):
    text = (ROOT / "mkdocs.yml").read_text()
    pages = nav_pages(yaml.safe_load(text)["nav"])
    assert len(pages) == len(set(pages)) > 25
    for page in pages:
        html = (site / page).with_suffix(".html").read_text()
        fetched = re.findall(
            r"<(?:script|img|iframe)[^>]*\ssrc=\"(https?://[^\"]+)|<link[^>]*href=\"(https?:[^\"]+)", html
        )
        assert not fetched, f"{page} fetches {fetched}"
        assert "{{" not in html, page


def test_the_site_shows_api_cards_and_executed_notebooks(site: Path):
    library = (site / "reference/library.html").read_text()
    assert "knockout_growth" in library
    assert "Raises" in library
    assert "kuzmin2018" in (site / "reference/model_card.html").read_text()
    assert "10.1126/science.aaf1420" in (site / "reference/data_cards.html").read_text()
    assert "data:image/png;base64," in (site / "tutorials/own_figure_notebook.html").read_text()
