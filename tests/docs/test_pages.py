"""Every YAML is a configuration that the check accepts; every command is one that the command line knows."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipeline_lib.__main__ import app
from tests.conftest import ROOT
from tests.docs.pages import Block, blocks_of, commands_of
from tests.project_copy import copy_project

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "config/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
YAML = [(page, block) for page in PAGES for block in blocks_of(page) if block.kind == "yaml"]
COMMANDS = [
    (page, command)
    for page in PAGES
    for block in blocks_of(page)
    if block.kind == "bash"
    for command in commands_of(block)
]
CLUSTER_ONLY = ("srun ", "sbatch ", "apptainer ", "docker ")
"""What needs a cluster or a container engine; the commands within are shown by tests/cluster."""


def _name(value: object) -> str:
    return f"{value.name}" if isinstance(value, Path) else ""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with every file that the pages show."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_project(ROOT, folder)
    for name in ("Makefile", "pyproject.toml"):
        (folder / name).write_text((ROOT / name).read_text())
    for page in PAGES:
        write_files(page, folder)
    return folder


def write_files(page: Path, folder: Path) -> None:
    """Write the files that a page shows."""
    for block in blocks_of(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.content)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the copy, as a user of that checkout would."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def _tables(block: Block) -> list[str]:
    content = yaml.safe_load(block.content)
    screens = content.get("screens") or {}
    return [path for screen in screens.values() if screen for path in screen.get("files", {}).values()]


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize(("page", "block"), YAML, ids=_name)
def test_a_yaml_of_a_page_passes_the_check(page, block, checkout):
    write_files(page, checkout)
    path = checkout / (block.file or f"{page.stem}.yaml")
    path.write_text(block.content)
    for table in _tables(block):
        assert (checkout / table).exists(), f"{page.name}: the page shows no file {table}"
    done = run([sys.executable, "-m", "pipeline_lib", "config", "check", str(path)], checkout)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=_name)
def test_a_command_of_a_page_is_one_that_runs(page, command, checkout):
    """Snakemake and make without doing the work; commands of the library as far as their options."""
    write_files(page, checkout)
    words = shlex.split(command)
    if command.startswith(CLUSTER_ONLY):
        pytest.skip("needs a cluster or a container engine")
    if words[0] == "make":
        done = run(["make", "-n", *words[1:]], checkout)
    elif words[0].endswith("snakemake"):
        # What needs a Slurm is planned with the local executor.
        words = [word if word != "workflow/profiles/slurm" else "workflow/profiles/default" for word in words]
        # Snakemake's report is of files that are there.
        if "--report-after-run" in words:
            at = words.index("--report")
            words = [word for word in words[:at] + words[at + 2 :] if word != "--report-after-run"]
        done = run(
            [sys.executable, "-m", "snakemake", *words[1:], "-n", *([] if "--cores" in words else ["--cores", "1"])],
            checkout,
        )
    elif "pipeline_lib" in words:
        arguments = words[words.index("pipeline_lib") + 1 :]
        assert_options_exist(arguments)
        return
    elif Path(words[0]).name == "clp":
        assert_options_exist(words[1:])
        return
    elif words[0] == "python" and words[1].startswith("benchmarks/"):
        done = run([sys.executable, str(ROOT / words[1]), "--help"], checkout)
        assert {word for word in words[2:] if word.startswith("--")} <= set(done.stdout.replace(",", " ").split())
    else:
        assert words[0] in {"git", "cd", "python3", ".venv/bin/pip", "pip", "export"}, (
            f"{page.name}: '{command}' is run by no test"
        )
        return
    assert done.returncode == 0, done.stdout + done.stderr


def assert_options_exist(arguments: list[str]) -> None:
    """Assert that every command word and option is one that ``--help`` lists."""
    words = []
    for word in arguments:
        if word.startswith("-"):
            break
        words.append(word)
    known = ""
    for depth in range(len(words), -1, -1):
        done = CliRunner().invoke(app, [*words[:depth], "--help"])
        if done.exit_code == 0:
            known = done.output
            break
    for option in (word.partition("=")[0] for word in arguments if word.startswith("--")):
        assert option in known, f"{option} is no option of {' '.join(words)}"
