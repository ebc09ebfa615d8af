"""The page: self-contained, small, short, and deaf to hostile names."""

import html
import re

import pytest

from pipeline_lib.config.evaluation import TOPICS
from pipeline_lib.reporting.drawing import read_records
from pipeline_lib.reporting.run_folder import RunFolder
from tests.reporting.synthetic_run import FORMULA, HOSTILE_GENE, HOSTILE_SCREEN

NOTHING_TO_DRAW = {"reproducibility", "loss_models", "discoveries"}
"""Figures that the synthetic run has no rows for."""
TABS = ("Your data", "Accuracy", "P-values", "Metabolism", "Predictions", "Model", "Methods")
MOST_WORDS = 6000


@pytest.mark.parametrize(
    "words",
    ["noise ceiling", "pretraining", "Wasserstein", "P-value", "walk-through", "provenance", "Limitations", "doi.org"],
)
def test_the_page_holds(page, words):
    assert words.lower() in page.lower()


def test_it_loads_nothing_from_elsewhere(page):
    assert not re.findall(r"""(?:src|srcset|<link[^>]*href|@import|url\()\s*=?\s*["']?(?:https?:)?//""", page)


def test_it_is_small_enough_to_send(page):
    assert len(page.encode()) < 10e6


def test_a_reader_gets_through_it(page):
    """What is folded does not count, and tables show their first rows."""
    text = re.sub(r"<(script|style|title|option)\b.*?</\1>", " ", page, flags=re.DOTALL)
    while (shorter := re.sub(r"<details\b(?:(?!<details\b).)*?</details>", " ", text, flags=re.DOTALL)) != text:
        text = shorter
    assert "Predicted interactions and measured P-values" not in text
    words = html.unescape(re.sub(r"<[^>]*>", " ", text)).split()
    assert 1000 < len(words) < MOST_WORDS


def test_the_first_screen_holds_title_verdict_drawing_and_five_facts_alone(page):
    first = page[page.index('<header id="summary">') : page.index("</header>")]
    parts = re.findall(r"<(h1|p class=\"verdict\"|figure class=\"grid\"|dl class=\"facts\")", first)
    assert parts == ["h1", 'p class="verdict"', 'figure class="grid"', 'dl class="facts"']
    assert first.count("<dt>") == 5
    # Two screens and one set of calls, on the random split and on the repeats of unseen queries together.
    verdict = re.search(r'<p class="verdict">(.*?)</p>', first)[1]
    assert "Over all 6 comparisons of screen, phenotype and split, clp is better than the best baseline in 6" in verdict
    assert first.count('<svg role="img"') == 6
    assert "<p>" not in first


def test_a_short_training_of_dango_is_named_in_tables_and_figures(page, run_folder):
    words = "Short training: 100% of the pretraining and 10% of the joint steps of DANGO's paper."
    assert html.unescape(page).count(words) >= 3, "leaderboard's figure, differences' figure and the section itself"
    records = {record.name: record.caption for record in read_records(run_folder / "figures" / "leaderboard.json")}
    assert words in records["leaderboard"]
    assert words in records["pretraining"]
    assert words not in records["ablations"]
    tables = RunFolder(run_folder, "clp")
    assert set(tables.named(tables.leaderboard)["model"]) & {"dango", "dango (short training)"} == {
        "dango (short training)"
    }


def test_the_tabs_are_anchors_to_sections(page):
    nav = page[page.index("<nav") : page.index("</nav>")]
    named = re.findall(r'<a href="#([^"]+)"[^>]*>([^<]+)</a>', nav)
    assert tuple(title for _, title in named) == TABS
    for key, _ in named:
        assert page.count(f'<section class="tab" id="{key}"') == 1


def test_no_address_is_given_twice(page):
    given = re.findall(r'\bid="([^"]+)"', page)
    assert len(given) == len(set(given))


def test_every_figure_is_in_it_once_beside_its_files_and_empty_ones_are_not(page):
    for topic in TOPICS.values():
        for name in topic.figures:
            shown = int(name not in NOTHING_TO_DRAW)
            assert page.count(f'id="figure-{name}"') == shown
            assert page.count(f'href="figures/{name}.svg"') == shown
            assert page.count(f'href="figures/{name}.png"') == shown
    # One picture as it is drawn and one in a single column.
    assert page.count("data:image/webp") == 2 * page.count('class="drawing"')


@pytest.mark.parametrize("name", [HOSTILE_GENE, HOSTILE_SCREEN])
def test_hostile_names_are_text(page, gallery, name):
    for text in (page, gallery):
        assert name not in text
    assert name.split(">", maxsplit=1)[0].replace("<", "&lt;") in page


def test_genes_lead_to_the_genome_database(page):
    assert 'href="https://www.yeastgenome.org/locus/YKL190W"' in page
    assert "ACT1 (YFL039C)" in page


def test_a_formula_for_a_name_is_shown_as_it_is(page):
    assert FORMULA.replace('"', "&#34;") in page


def test_what_it_claims_follows_the_intervals(page):
    # clp: 0.20 to 0.15 below a baseline of 0.15 whose differences were written as value - 0.15.
    sentences = re.findall(r"clp (beats|falls short of|shows no significant difference from) gene_ridge", page)
    assert sentences
    assert set(sentences) == {"beats"}


def test_the_gallery_shows_files_beside_it_and_no_empty_figure(gallery):
    for topic in TOPICS.values():
        for name in topic.figures:
            assert (f'src="{name}.png"' in gallery) != (name in NOTHING_TO_DRAW)
    assert "No screen measured anything twice." not in gallery
