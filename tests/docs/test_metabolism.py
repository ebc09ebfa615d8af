"""The page and the notebook of the library run as a user would run them, and show what they give."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.docs.pages import blocks_of

NOTEBOOK = ROOT / "docs" / "metabolism.ipynb"
PAGE = ROOT / "docs" / "metabolism.md"


def run_script(content: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script without a main guard in a folder of its own."""
    script = folder / "script.py"
    script.write_text(content)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def shown(value: Any) -> str:
    return value.to_string() if hasattr(value, "to_string") else repr(value)


def test_the_notebook_has_ten_cells_that_give_what_it_shows() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert len(cells) == 10
    names: dict[str, Any] = {}
    compared = 0
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        *before, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(before, []), "cell", "exec"), names)  # noqa: S102 - that is what a notebook does
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
        stored = "".join(cell["outputs"][0]["data"]["text/plain"])
        assert shown(value) == stored
        compared += 1
    assert compared == 9


def test_the_notebook_runs_as_a_script(tmp_path: Path) -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    done = run_script(code, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_python_of_the_page_runs(tmp_path: Path) -> None:
    blocks = [block.content for block in blocks_of(PAGE) if block.kind == "python"]
    assert blocks
    done = run_script("\n".join(blocks), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "all.parquet").exists()
