"""Flux balance on the page: which medium fits, what explains an interaction, and nothing where nothing was made."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import EXPLANATIONS, MEDIA_BENCHMARK, no_rows
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.reporting.figures.flux_balance import draw_essential_genes, draw_media, draw_subsystems
from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.sections.data import implausible_sentences
from pipeline_lib.reporting.sections.flux_balance import (
    best_media,
    essential_genes,
    explanations,
    media,
    subsystems,
    summaries,
)
from tests.reporting.flux_balance_tables import flux_balance_tables


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return flux_balance_tables("costanzo2016", ["YAL001C", "YBR072W", "YCL040W", "YDL227C", "YER095W"])


def test_the_best_medium_is_named_with_its_interval(tables: dict[str, pd.DataFrame]) -> None:
    of_essential, of_fitness = best_media(tables["media_benchmark"])
    assert "the highest Matthews correlation is 0.300 (0.100 to 0.500), on sga_dm" in of_essential
    assert "costanzo2016 (100 genes): the highest Pearson correlation" in of_fitness


def test_an_interaction_is_explained_in_one_row(tables: dict[str, pd.DataFrame]) -> None:
    row = summaries(tables["explanations"]).iloc[0]
    assert row["blocked"] == "fumarase"
    assert row["runs short"] == "Arg-tRNA(Arg) (0.00)"
    assert row["rescued by supplement"] == "L-arginine exchange (1.00)"
    without = tables["explanations"][tables["explanations"]["finding"] == "blocked reaction"]
    assert summaries(without).iloc[0]["rescued by reaction"] == "none"


def test_the_page_shows_the_sections(page: str) -> None:
    for heading in ("Media against measurements", "Essential genes", "What flux balance knows, by subsystem"):
        assert heading in page
    assert "L-arginine exchange" in page
    assert "Gibbs energy, kcal/mol" in page


def test_a_run_that_made_nothing_leaves_the_sections_out(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "clp")
    for section in (media, essential_genes, subsystems, explanations):
        assert section(run).absent
    for artefact, schema in (("explanations", EXPLANATIONS), ("media_benchmark", MEDIA_BENCHMARK)):
        write_table(no_rows(schema), tmp_path / ARTEFACTS[artefact], schema)
    assert "same sign in flux balance" in explanations(run).absent
    assert "neither essential genes" in media(run).absent


def test_empty_tables_draw_a_reason(tables: dict[str, pd.DataFrame]) -> None:
    drawers = (
        (draw_media, "media_benchmark"),
        (draw_essential_genes, "essentiality_benchmark"),
        (draw_subsystems, "subsystem_benchmark"),
    )
    for draw, name in drawers:
        assert draw(tables[name].head(0)).empty
        assert not draw(tables[name]).empty


def test_implausible_energies_are_counted() -> None:
    assert implausible_sentences(pd.DataFrame({"implausible": [False]})) == []
    assert "1 reaction has a Gibbs energy" in implausible_sentences(pd.DataFrame({"implausible": [True, False]}))[0]
