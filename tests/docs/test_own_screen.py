"""The page from a spreadsheet to a report, run as a newcomer would: every file and every command, in their order."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.docs.pages import blocks_of, commands_of
from tests.project_copy import copy_project

PAGE = ROOT / "docs" / "own_screen.md"


@pytest.mark.mirror
@pytest.mark.slow
def test_the_page_leads_from_a_table_to_a_report_and_to_answers(tmp_path: Path, mirror: Path) -> None:
    copy_project(ROOT, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PIPELINE_MIRROR": str(mirror)}
    for block in blocks_of(PAGE):
        if block.file:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.content)
        elif block.kind == "bash":
            for command in commands_of(block):
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=1800,
                )
                assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    page = (tmp_path / "results" / "our-lab" / "report.html").read_text(encoding="utf-8")
    assert "Digenic interactions of six biosynthetic genes." in page
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert len(answers) == 15
    assert answers["measured"].all()
    assert set(answers["screen"]) == {"our_lab"}
    assert set(answers["unit"]) == {"fitness relative to the wild type"}
