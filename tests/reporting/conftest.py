"""One synthetic run with figures and page, made once."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline_lib.config.evaluation import ARTEFACTS, TOPICS
from pipeline_lib.reporting.cli import app
from tests.reporting.synthetic_run import SHORT_DANGO, write_run

PAGES = ("collins2007",)
"""Screens with a page of P-values."""


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def draw(topic: str, run: Path, folder: Path) -> None:
    invoke(
        "figures",
        topic,
        "--settings",
        '{"png_dpi": 72}',
        *(f"--input={name}={run / ARTEFACTS[name]}" for name in TOPICS[topic].artefacts),
        *(f"--p-values-of={screen}" for screen in PAGES if topic == "p_values"),
        "--models",
        str(run / "models"),
        "--dango-settings",
        SHORT_DANGO.model_dump_json(),
        "--folder",
        str(folder),
        "--records",
        str(folder / f"{topic}.json"),
        "--listed",
        str(folder / "listed" / topic),
        "--captions",
        str(folder / "captions" / f"{topic}.rst"),
    )


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Return a synthetic run with every figure and its page."""
    folder = write_run(tmp_path_factory.mktemp("run"), root)
    for topic in TOPICS:
        draw(topic, folder, folder / "figures")
    invoke(
        "html", "--settings", '{"png_dpi": 72}', "--run-folder", str(folder), "--output", str(folder / "report.html")
    )
    return folder


@pytest.fixture(scope="session")
def page(run_folder: Path) -> str:
    return (run_folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def gallery(run_folder: Path) -> str:
    records = [f"--records={run_folder / 'figures' / f'{topic}.json'}" for topic in TOPICS]
    invoke("gallery", "--run", "synthetic", *records, "--output", str(run_folder / "figures" / "gallery.html"))
    return (run_folder / "figures" / "gallery.html").read_text(encoding="utf-8")
