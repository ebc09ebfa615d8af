"""A run does not die at its end: whatever the screen lacks, tables, figures and page are built and say so."""

from pathlib import Path

import pytest

from pipeline_lib.command_line.workflow import as_json
from pipeline_lib.config.figures import ARTEFACTS, TOPICS
from pipeline_lib.config.screens import screen_scores
from tests.reporting.conftest import invoke
from tests.reporting.tiny_screens import TINY_SCREENS, write_tiny_run


@pytest.mark.parametrize("name", TINY_SCREENS)
def test_the_report_of_a_tiny_own_screen_is_built(name: str, tmp_path: Path, root: Path) -> None:
    config = write_tiny_run(TINY_SCREENS[name], tmp_path, root)
    scores = as_json(screen_scores(config.screens))
    for topic in TOPICS:
        invoke(
            "figures", topic, "--settings", '{"png_dpi": 72}', "--scores", scores,
            *(f"--input={name}={tmp_path / ARTEFACTS[name]}" for name in TOPICS[topic].artefacts),
            "--models", str(tmp_path / "models"), "--folder", str(tmp_path / "figures"),
            "--records", str(tmp_path / "figures" / f"{topic}.json"),
        )  # fmt: skip
    page = tmp_path / "report.html"
    invoke("html", "--settings", '{"png_dpi": 72}', "--run-folder", str(tmp_path), "--output", str(page))
    text = page.read_text(encoding="utf-8")
    assert "mine" in text
