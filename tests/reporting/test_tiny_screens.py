"""A run does not die at its end: whatever the screen lacks, tables, figures and page are built and say so."""

import html
import re
from pathlib import Path

import pytest

from pipeline_lib.command_line.workflow import as_json
from pipeline_lib.config.evaluation import ARTEFACTS, CLP_CHECKS, OF_KNOCKOUTS, TOPICS, pages_of
from pipeline_lib.config.screens import screen_scores
from tests.reporting.conftest import draw, invoke
from tests.reporting.synthetic_run import write_run
from tests.reporting.tiny_screens import TINY_SCREENS, write_tiny_run

NO_CALLS = "mine: nothing is called, for no threshold is stated (screens.mine.calls)"
SENTENCES = {
    "forty_pairs": [NO_CALLS, "no screen of this run has P-values", "its values are of the phenotype 'interaction'"],
    "five_pairs": ["the test fold has 1 genotype, and Pearson needs several that differ"],
    "all_equal": ["Pearson needs several that differ, so no model can be compared"],
    "one_model": ["No baseline was fitted beside clp"],
    "one_baseline": [
        "there is no walk-through and no overfit check",
        "clp was not fitted in this run",
        "this run has no predictions of clp",
    ],
    "calls_of_its_own": [
        "a negative interaction is called where value < -0.1 and released P < 0.05, as its configuration states",
        "in the unit 'S-score'",
    ],
    "a_threshold_that_nothing_passes": ["No test fold holds a call beside other genotypes"],
    "single_deletions": ["fitness has no calls", "no screen of this run measures interactions"],
    "labels": ["a call is a label of the table (1: called)"],
    "raw_interactions": [NO_CALLS],
}
"""What the page must say of a screen."""
OTHER_DATA = (
    "Kuzmin",
    "Collins",
    "Costanzo",
    "hoΔ",
    "Saccharomyces",
    "SGD",
    "yeast",
    "cerevisiae",
    "E-MAP",
    "STRING",
    "DANGO",
)
"""Words that belong to data and models that these runs do not hold."""


OF_THE_CELL = ("metabolism", "networks")
"""Topics that are drawn of the cell alone, which all these runs share."""


@pytest.fixture(scope="module")
def any_run(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Return a small run with the figures of its cell."""
    folder = write_run(tmp_path_factory.mktemp("any"), root)
    for topic in OF_THE_CELL:
        draw(topic, folder, folder / "figures")
    return folder


@pytest.mark.parametrize("name", TINY_SCREENS)
def test_the_report_of_a_tiny_own_screen_is_built_and_is_about_that_screen(
    name: str, tmp_path: Path, any_run: Path, root: Path
) -> None:
    config = write_tiny_run(TINY_SCREENS[name], tmp_path, any_run, root)
    scores = as_json(screen_scores(config.screens))
    fitted = {model for entry in config.grid for model in entry.models}
    without = OF_KNOCKOUTS | (frozenset() if "clp" in fitted else CLP_CHECKS)
    made = {name: tmp_path / path for name, path in ARTEFACTS.items() if name not in without}
    for absent in set(ARTEFACTS) - set(made):
        (tmp_path / ARTEFACTS[absent]).unlink()
    for topic in (topic for topic in TOPICS if topic not in OF_THE_CELL):
        invoke(
            "figures",
            topic,
            "--settings",
            '{"png_dpi": 72}',
            "--scores",
            scores,
            *(f"--input={name}={made[name]}" for name in TOPICS[topic].artefacts if name in made),
            *(f"--p-values-of={screen}" for screen in pages_of(topic, config.screens)),
            "--models",
            str(tmp_path / "models"),
            "--dango-settings",
            as_json(config.models.dango),
            "--folder",
            str(tmp_path / "figures"),
            "--records",
            str(tmp_path / "figures" / f"{topic}.json"),
            "--listed",
            str(tmp_path / "figures" / "listed" / topic),
            "--captions",
            str(tmp_path / "figures" / "captions" / f"{topic}.rst"),
        )
    page = tmp_path / "report.html"
    invoke("html", "--settings", '{"png_dpi": 72}', "--run-folder", str(tmp_path), "--output", str(page))
    words = html.unescape(
        re.sub(r"data:[^\"]*|<style>.*?</style>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
    assert "My own screen." in words
    assert "< -0.08" not in words
    assert "of -0.08" not in words
    assert ("No model of the family clp is in the grid" in words) == ("clp" not in fitted)
    for sentence in SENTENCES.get(name, []):
        assert sentence in words
    for word in OTHER_DATA:
        assert word not in words
