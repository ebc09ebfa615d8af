"""Every page that is made when the site is built, by its path in the site."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pipeline_lib.__main__ import app
from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.reporting.cards import data_cards, model_card
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, read_catalogue
from site_pages.command_line import command_line_page
from site_pages.tables import tables_page

COPIED_PAGES = {
    "config/README.md": "reference/configuration.md",
    "results/README.md": "reference/run_folder.md",
    "CHANGELOG.md": "release_notes.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages of the checkout that stand outside of ``docs``, and their paths in the site."""


def generated_pages(checkout: Path) -> dict[str, Callable[[], str]]:
    """Return what writes each generated page, by its path in the site."""
    results = checkout / "docs" / "results"
    return {
        "reference/command_line.md": lambda: command_line_page(app),
        "reference/tables.md": lambda: tables_page(checkout / "pipeline_lib", ARTEFACTS),
        "reference/model_card.md": lambda: model_card(
            read_json(results / "provenance.json"), pd.read_csv(results / "scoreboard.csv"), "clp"
        ),
        "reference/data_cards.md": lambda: data_cards(
            read_json(results / "provenance.json"),
            pd.read_csv(results / "screens.csv"),
            read_catalogue(DEFAULT_CATALOGUE),
        ),
    }
