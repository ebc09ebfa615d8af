"""Model card and data cards: what they state is what provenance, scoreboard and catalogue hold."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.cards import FILES_DISPLAYED, data_cards, model_card
from pipeline_lib.reporting.cli import app
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, Catalogue, read_catalogue
from tests.conftest import ROOT
from tests.reporting.synthetic_run import HOSTILE_SCREEN, write_run

COLLINS, STRING = "collins2007/gi2007.rda", "string-v12-physical/4932.protein.physical.links.v12.0.txt.gz"


def provenance(**sources: dict[str, object]) -> dict[str, object]:
    """Return the provenance of a small run that read these sources."""
    return {
        "run": "small",
        "pipeline": "1.2.3",
        "git": {"commit": "ab" * 20, "modified": False},
        "configuration_sha256": "cd" * 32,
        "python": "3.11.7",
        "packages": {"torch": "2.13.0"},
        "hardware": {"processor": "x", "cores": 2, "memory_gib": 8, "gpus": [], "system": "Linux"},
        "seeds": {"models": [0, 1]},
        "written": "2026-11-28T09:26:41+00:00",
        "sources": sources,
    }


def comparison(verdict: str, value_low: float, **changes: object) -> dict[str, object]:
    """Return one row of a scoreboard."""
    row = {
        "screen": "collins2007",
        "phenotype": "interaction",
        "split": "random",
        "model": "clp",
        "baseline": "mean",
        "difference": 0.1,
        "low": 0.05,
        "high": 0.2,
        "q": 0.01,
        "verdict": verdict,
        "metric": "pearson",
        "value": 0.6,
        "value_low": value_low,
        "value_high": 0.7,
        "baseline_value": 0.5,
        "ceiling": 0.79,
        "ceiling_bound": "lower bound",
    }
    return {**row, **changes}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(DEFAULT_CATALOGUE)


def upstream(catalogue: Catalogue, name: str) -> dict[str, object]:
    """Return the record of a source, as a lock file has it."""
    source = catalogue[name].model_dump(mode="json")
    return {
        "url": source["url"],
        "sha256": "ef" * 32,
        "bytes": 1234567,
        "licence": source["licence"],
        "citation": source["citation"],
        "what": source["what"],
    }


def test_the_model_card_states_every_comparison_and_what_is_against_the_model():
    rows = [
        comparison("win", 0.5),
        comparison("loss", 0.4, split="query_disjoint", baseline="gene_ridge", difference=-0.2, low=-0.3, high=-0.1),
        comparison("level", -0.1, screen="kuzmin_tau"),
        comparison("undetermined", float("nan"), screen="st_onge2007", q=float("nan"), low=float("nan")),
    ]
    card = model_card(provenance(), pd.DataFrame(rows), "clp")
    assert "Of 4 comparisons with the best baseline: better in 1, no significant difference in 1, worse in 1" in card
    assert "| collins2007 | interaction | random | Pearson | 0.600 (0.500 to 0.700) | mean 0.500 |" in card
    assert "Worse than gene\\_ridge on collins2007, interaction, unseen queries: -0.200 (-0.300 to -0.100)." in card
    assert "holds 0, so that nothing is shown to be predicted: kuzmin\\_tau (random)." in card
    assert "Too few queries or genes for an interval: st\\_onge2007 (random)." in card
    assert "0.790 (lower bound)" in card
    assert "`" + "ab" * 20 + "`" in card
    assert "no GPU" in card


def test_a_card_of_an_unknown_model_is_refused():
    with pytest.raises(PipelineError, match="clpp"):
        model_card(provenance(), pd.DataFrame([comparison("win", 0.5)]), "clpp")


def test_a_data_card_states_citation_licence_checksum_and_whether_interactions_are_inside(catalogue: Catalogue):
    read = {
        name: upstream(catalogue, name) for name in (COLLINS, "go/go_slim_mapping.tab") if name in catalogue.sources
    }
    screens = pd.DataFrame(
        [("collins2007", "interaction", "observations", 186500.0), ("collins2007", "interaction", "genes", 743.0)],
        columns=["screen", "phenotype", "quantity", "value"],
    )
    page = data_cards(provenance(**read), screens, catalogue)
    assert "[doi:10.1038/nature05649](https://doi.org/10.1038/nature05649)" in page
    assert "- Licence: Artistic-2.0" in page
    assert f"| `{COLLINS}` | 1,234,567 | `{'ef' * 32}` |" in page
    assert "| collins2007 | interaction | 186,500 | - | 743 |" in page


def test_tables_that_may_hold_published_interactions_say_so(catalogue: Catalogue):
    flagged = [name for name, source in catalogue.sources.items() if source.holds_genetic == "unknown" and source.url]
    page = data_cards(provenance(**{flagged[0]: upstream(catalogue, flagged[0])}), no_screens(), catalogue)
    assert "- Holds published genetic interactions: unknown" in page


def test_own_files_are_no_part_of_the_cards_and_collections_are_cut(catalogue: Catalogue):
    many = [name for name in catalogue.sources if name.startswith("yeastphenome/")]
    read = {name: upstream(catalogue, name) for name in many} | {"own/secret.csv": {"sha256": "00", "bytes": 1}}
    page = data_cards(provenance(**read), no_screens(), catalogue)
    assert "secret" not in page
    assert page.count("| `yeastphenome/") == FILES_DISPLAYED
    assert f"{len(many) - FILES_DISPLAYED} further files" in page


def no_screens() -> pd.DataFrame:
    return pd.DataFrame(columns=["screen", "phenotype", "quantity", "value"])


def test_the_command_writes_both_cards_of_a_run(tmp_path: Path):
    run = write_run(tmp_path / "run", ROOT)
    done = CliRunner().invoke(app, ["cards", "--run-folder", str(run), "--output", str(tmp_path / "cards")])
    assert done.exit_code == 0, (done.output, done.exception)
    card = (tmp_path / "cards" / "model_card.md").read_text()
    name = json.loads((run / "provenance.json").read_text())["configuration"]["run"]
    assert f"run `{name}`" in card
    assert HOSTILE_SCREEN not in card + (tmp_path / "cards" / "data_cards.md").read_text()
