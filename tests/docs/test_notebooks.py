"""Every tutorial notebook runs from its first cell to its last, on a small run in the place of the quickstart."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tests.conftest import ROOT
from tests.reporting.synthetic_run import write_run
from tests.training.run_folders import fit, write_core_run, write_split

TUTORIALS = ROOT / "docs" / "tutorials"
RUN = Path("results") / "quickstart"


def execute(notebook: Path) -> dict[str, Any]:
    """Run the code cells as a notebook does, and return the names that they leave."""
    names: dict[str, Any] = {}
    for number, cell in enumerate(json.loads(notebook.read_text())["cells"], start=1):
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), f"{notebook.name}, cell {number}", "exec")
            exec(code, names)  # noqa: S102 - that is what a notebook does
    plt.close("all")
    return names


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that the notebook runs in."""
    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_notebook_has_a_test_here():
    assert {path.stem for path in TUTORIALS.glob("*.ipynb")} == {"quickstart", "next_triples", "own_figure"}


def test_the_quickstart_is_read_aloud(folder: Path):
    write_run(folder / RUN, ROOT)
    write_split(folder / RUN, "query_disjoint", 60)
    names = execute(TUTORIALS / "quickstart.ipynb")
    assert set(names["interactions"]["phenotype"]) == {"interaction"}
    assert names["settings"]["run"] == "quickstart"


def test_a_figure_of_ones_own_is_drawn_and_saved(folder: Path):
    write_run(folder / RUN, ROOT)
    names = execute(TUTORIALS / "own_figure.ipynb")
    assert (names["both"]["fold"] == "test").all()
    assert names["axes"].get_xlim() == names["axes"].get_ylim(), "compared values share one scale"
    assert (folder / "predicted_and_measured.svg").stat().st_size > 1000


@pytest.mark.slow
def test_triples_are_predicted_and_held_against_exact_growth(folder: Path):
    write_core_run(folder / RUN, methods=("fba",))
    fit(folder / RUN, "clp", knockouts=folder / RUN / "metabolism" / "knockouts.fba.parquet")
    names = execute(TUTORIALS / "next_triples.ipynb")
    assert len(names["triples"]) == 14 * 13 * 12 / 6
    assert not names["untested"]["measured"].any()
    assert names["compared"]["exact"].notna().all()
    assert names["counts"]["strong, among 20"] <= min(20, names["counts"]["strong, all"])
