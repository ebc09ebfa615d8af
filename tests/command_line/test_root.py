"""The command line explains itself, and a mistake is one line with status 1 or 2."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pipeline_lib.__main__ import STAGES, app


def run(*arguments, **keywords):
    return subprocess.run(
        [sys.executable, "-m", "pipeline_lib", *arguments], capture_output=True, text=True, check=False, **keywords
    )


def test_help_lists_every_stage():
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for stage in STAGES:
        assert stage in result.output


@pytest.mark.parametrize("stage", list(STAGES))
def test_every_stage_explains_its_commands_and_options(stage):
    result = CliRunner().invoke(app, [stage, "--help"])
    assert result.exit_code == 0, result.output
    commands = app.get_command(None, stage)
    for name in getattr(commands, "commands", {}):
        shown = CliRunner().invoke(app, [stage, name, "--help"])
        assert shown.exit_code == 0, shown.output
        described = [line for line in shown.output.splitlines()[2:] if line.strip()]
        assert described, f"{stage} {name} says nothing of itself"
        options = [p for p in commands.commands[name].params if isinstance(p, click.Option)]
        assert all(option.help for option in options), f"{stage} {name}: an option has no help"


def test_an_unknown_stage_is_refused():
    result = run("metabolsm")
    assert result.returncode == 2
    assert "No such command" in result.stderr


def test_a_mistake_of_the_user_is_one_line_and_no_traceback(tmp_path):
    result = run("config", "check", str(tmp_path / "none.yaml"))
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_root_help_imports_nothing_heavy(root):
    heavy = "{'torch', 'cobra', 'pandas'}"
    code = f"import sys; import pipeline_lib.__main__; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert shown.stdout.strip() == "[]"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_where_the_log_is_on_the_full_disk_the_reason_goes_to_the_terminal(tmp_path):
    command = [sys.executable, "-m", "pipeline_lib", "config", "check", str(tmp_path / "none.yaml")]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout.startswith("error: ")
    assert "does not exist" in result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_one_line_whatever_was_written():
    command = [sys.executable, "-m", "pipeline_lib", "models", "list"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
