"""What the project keeps beside its code: citation, changelog, continuous integration, templates, hooks."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline_lib import __version__
from pipeline_lib.config.loading import read_run_config
from tests.conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def steps_of(workflow: Path) -> list[str]:
    """Return the commands of every step of a workflow."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_citation_changelog_and_package_have_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    released = re.findall(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert (citation["version"], str(citation["date-released"])) == released[0]
    assert citation["version"] == __version__
    assert {"cff-version", "message", "title", "authors", "abstract", "license", "type"} <= set(citation)


def test_the_release_notes_are_the_section_of_the_changelog():
    done = subprocess.run(
        [ROOT / ".ci" / "release_notes", f"v{__version__}"], capture_output=True, text=True, check=True
    )
    assert f"## {__version__} (" in (ROOT / "CHANGELOG.md").read_text()
    assert done.stdout.strip()
    assert "## " not in done.stdout
    assert done.stdout.strip() in (ROOT / "CHANGELOG.md").read_text()


def test_a_release_without_notes_is_refused():
    done = subprocess.run([ROOT / ".ci" / "release_notes", "99"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no section '## 99'" in done.stderr


def test_continuous_integration_runs_what_contributors_run():
    steps = [step for path in WORKFLOWS for step in steps_of(path)]
    assert ".ci/run" in steps
    assert "make docs" in steps
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for step in steps:
        words = step.split()
        if words[0] == "make":
            assert words[1] in targets
        elif words[0].startswith(".ci/"):
            assert (ROOT / words[0]).stat().st_mode & 0o100, "executable"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_has_what_its_schema_needs(path: Path):
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) > 0
    assert all(field["attributes"]["label"] for field in form["body"])


def test_hooks_call_the_linters_of_make_lint():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    for hook in hooks:
        assert hook["language"] == "system", "pinned in envs/constraints.txt, not here"
        assert hook["entry"].removesuffix(" --force-exclude") in recipe


def test_pages_count_the_screens_and_the_baselines_of_the_yeast_run():
    words = "zero one two three four five six seven eight nine ten eleven twelve".split()
    words += "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
    run = read_run_config(ROOT / "config" / "config.yaml")
    fitted = {model for entry in run.grid for model in entry.models}
    screens, baselines = len(run.screens), len(fitted & set(run.evaluation.baselines))
    text = "".join((ROOT / name).read_text() for name in ("README.md", "docs/index.md", "docs/getting_started.md"))
    assert set(re.findall(r"(\w+) (?:published|measured) or simulated screens", text)) == {words[screens]}
    assert {word for word in re.findall(r"(\w+) baselines", text) if word in words} == {words[baselines]}
