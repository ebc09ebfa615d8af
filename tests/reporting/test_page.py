"""The page: self-contained, complete, and deaf to hostile names."""

import re

import pytest

from pipeline_lib.config.figures import TOPICS
from tests.reporting.synthetic_run import FORMULA, HOSTILE_GENE, HOSTILE_SCREEN

NOTHING_TO_DRAW = {"reproducibility", "loss_models", "discoveries"}
"""Figures that the synthetic run has no rows for."""


@pytest.mark.parametrize(
    "words",
    ["noise ceiling", "pretraining", "Wasserstein", "P-value", "walk-through", "provenance", "Limitations", "doi.org"],
)
def test_the_page_speaks_of(page, words):
    assert words.lower() in page.lower()


def test_it_loads_nothing_from_elsewhere(page):
    assert not re.findall(r"""(?:src|<link[^>]*href|@import|url\()\s*=?\s*["']?(?:https?:)?//""", page)


def test_it_is_small_enough_to_send(page):
    assert len(page.encode()) < 15e6


def test_every_figure_is_in_it_with_both_downloads_or_says_why_there_is_none(page):
    for topic in TOPICS.values():
        for name in topic.figures:
            missing = f'<p class="missing" id="figure-{name}">' in page
            assert missing == (name in NOTHING_TO_DRAW)
            assert (f'download="{name}.svg"' in page) != missing
            assert (f'download="{name}.png"' in page) != missing


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


def test_the_gallery_shows_files_beside_it(gallery):
    for topic in TOPICS.values():
        for name in topic.figures:
            assert (f'src="{name}.png"' in gallery) != (name in NOTHING_TO_DRAW)
    assert "No screen measured anything twice." in gallery


def test_the_count_of_every_comparison_and_its_drawing_come_first(page):
    sentence = re.search(r'<p class="counts">(.*?)</p>', page, re.DOTALL)[1]
    # Two screens and one set of calls, on the random split and on the repeats of unseen queries together.
    assert (
        "Over all 6 comparisons of screen, phenotype and split, clp is better than the best baseline in 6" in sentence
    )
    assert page.index('class="counts"') < page.index('id="figure-scoreboard"') < page.index('<ul class="findings">')
    assert page.count('id="figure-scoreboard"') == 1
