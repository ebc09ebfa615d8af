"""A package of somebody else adds a model and readers; its names, settings and code count as the pipeline's own do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipeline_lib.__main__ import app
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.command_line.plan import plan_run
from pipeline_lib.command_line.workflow import Workflow
from pipeline_lib.config.loading import RunConfig, load_run
from pipeline_lib.errors import PipelineError
from tests.conftest import ROOT
from tests.docs.pages import blocks_of
from tests.extension.conftest import EXAMPLE, forget
from tests.training.run_folders import fit, write_small_run

PAGE = ROOT / "docs" / "how_to" / "extend.md"


def content(**changes: object) -> dict[str, object]:
    return {
        "run": "test",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {
            "ours": {"reader": "barcode_ratios", "files": {"counts": "counts.tsv"}, "options": {"generations": 5}}
        },
        "models": {"extensions": {"gene_effects": {"penalty": 1.5}}},
        "grid": [{"models": ["mean", "gene_effects"], "splits": ["random"]}],
        **changes,
    }


def output(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_the_tests_of_the_package_pass_as_its_author_runs_them(site: Path) -> None:
    place = os.pathsep.join([str(site), str(EXAMPLE.parents[2])])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(EXAMPLE / "tests")],
        env={**os.environ, "PYTHONPATH": place},
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


@pytest.mark.usefixtures("installed")
def test_its_names_stand_in_the_lists_and_in_the_schema() -> None:
    listed = {row["model"]: row for row in json.loads(output("models", "list", "--json"))}
    assert listed["gene_effects"]["package"] == "clp-barcode 0.1.0"
    assert listed["clp"]["package"] == "pipeline_lib"
    for stage, reader in (("screens", "barcode_ratios"), ("networks", "gene_modules"), ("features", "doubling_times")):
        assert reader in {row["reader"] for row in json.loads(output(stage, "readers", "--json"))}
    shown = json.loads(output("models", "show", "gene_effects", "--json"))
    assert shown["section"] == "extensions.gene_effects"
    assert [(row["key"], row["default"]) for row in shown["settings"]] == [("penalty", 2.0)]
    schema = RunConfig.model_json_schema()["$defs"]
    assert "gene_effects" in schema["GridEntry"]["properties"]["models"]["items"]["enum"]
    assert "barcode_ratios" in schema["ScreenSettings"]["properties"]["reader"]["enum"]
    assert "penalty" in schema["ModelSettings"]["properties"]["extensions"]["properties"]["gene_effects"]["properties"]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"models": {"extensions": {"gene_effects": {"penality": 1}}}},
            "key 'models.extensions': gene_effects: unknown key 'penality'; did you mean 'penalty'?",
        ),
        (
            {"models": {"extensions": {"gene_effects": {"penalty": -1}}}},
            "gene_effects: 'penalty': Input should be greater than or equal to 0",
        ),
        (
            {"models": {"extensions": {"gene_efects": {}}}},
            "there is no model 'gene_efects'; did you mean 'gene_effects'?",
        ),
        ({"models": {"extensions": {"clp": {}}}}, "its settings are in models.clp"),
        (
            {"screens": {"ours": {"reader": "barcode_ratio", "files": {"counts": "c"}}}},
            "there is no screen reader 'barcode_ratio'; did you mean 'barcode_ratios'?",
        ),
        (
            {"screens": {"ours": {"reader": "barcode_ratios", "files": {"count": "c"}}}},
            "reader 'barcode_ratios' has no file 'count'; it reads counts",
        ),
        (
            {"screens": {"ours": {"reader": "emap", "files": {"scores": "c"}, "options": {"x": 1}}}},
            "reader 'emap' has no options",
        ),
    ],
)
def test_a_mistake_in_its_settings_is_one_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(PipelineError) as error:
        load_run(content(**changes), "test")
    assert sentence in "\n".join(error.value.sentences)


def test_settings_that_a_model_needs_are_missed_before_the_run(installed: Path, monkeypatch, tmp_path) -> None:
    source = installed / "clp_barcode" / "gene_effects.py"
    source.write_text(source.read_text().replace("Field(default=2.0, ge=0)", "Field(ge=0)"))
    (tmp_path / "counts.tsv").write_text("strain_a\tstrain_b\tlog2_ratio\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError, match="the model 'gene_effects' needs settings: 'penalty': Field required"):
        plan_run(content(models={}), "test")
    assert plan_run(content(), "test").models_without_gpu


def test_its_model_is_fitted_and_read_back_as_any_other(installed: Path, tmp_path: Path) -> None:
    run = tmp_path / "results" / "small"
    write_small_run(run)
    fit(run, "gene_effects")
    predictions = read_table(run / "models/gene_effects/random/seed0/predictions.parquet")
    assert predictions["prediction"].std() > 0
    from pipeline_lib import Run

    again = Run(run).model("gene_effects").predict(["YAL001C+YAL002C"], screen="one", phenotype="interaction")
    assert again["prediction"].notna().all()
    assert installed.is_dir()


def test_its_settings_and_an_edit_of_its_code_refit_its_model_alone(installed: Path, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)

    def flow() -> Workflow:
        return Workflow(RunConfig.model_validate(content()))

    assert json.loads(flow().model_settings("gene_effects")) == {"extensions": {"gene_effects": {"penalty": 1.5}}}
    assert flow().run.screens["ours"].scores.unit == "log2 ratio"
    before = [flow().model_code("gene_effects"), flow().model_code("mean"), flow().screen_code("ours")]
    source = installed / "clp_barcode" / "gene_effects.py"
    source.write_text(source.read_text().replace("mean = value.mean()", "mean = float(np.median(value))"))
    forget()
    after = [flow().model_code("gene_effects"), flow().model_code("mean"), flow().screen_code("ours")]
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_the_workflow_plans_jobs_of_its_model_and_its_reader(site: Path, tmp_path: Path) -> None:
    """An entry of the grid is all that a run needs of an installed package."""
    (tmp_path / "counts.tsv").write_text("strain_a\tstrain_b\tlog2_ratio\nb0008\tb0114\t-0.5\n")
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(content()))
    done = subprocess.run(
        [
            sys.executable,
            *"-m snakemake -n -p --cores 1 --configfile ours.yaml -s".split(),
            ROOT / "workflow/Snakefile",
        ],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fits = [line for line in done.stdout.splitlines() if "pipeline_lib training fit" in line]
    (own,) = [line for line in fits if "--model gene_effects" in line]
    assert '"penalty":1.5' in own.replace(" ", "")
    assert "output: results/test/tables/screens/ours.parquet" in done.stdout


def test_the_page_shows_the_files_of_the_package() -> None:
    shown = {block.file.removeprefix("clp-barcode/"): block.content for block in blocks_of(PAGE) if block.file}
    files = {
        path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8")
        for path in EXAMPLE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "__init__.py"
    }
    assert shown == files
