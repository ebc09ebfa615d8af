"""Where a run is started, where its files lie and what they are called changes no number and needs no edit."""

import json
import os
import shutil
import subprocess

import pytest
import yaml

from tests.workflow.conftest import rules_of

LAB = {
    "base": "config/quickstart.yaml",
    "run": "lab",
    "screens": {
        "our_lab": {
            "reader": "table",
            "files": {"table": "lab.csv"},
            "columns": {"gene1": "gene_a", "gene2": "gene_b", "value": "epsilon"},
        }
    },
}
ROWS = "gene_a,gene_b,epsilon\nb0008,b0114,-0.1\nb0008,b0115,0.2\nb0114,b0115,0.3\n"
ELSEWHERE = {"PYTHONPATH": ""}
"""Nothing but the workflow's own place tells Python where the library is."""


def lab(folder, **changes):
    """Write the configuration of an own screen and return its name."""
    (folder / "lab.yaml").write_text(yaml.safe_dump({**LAB, **changes}))
    return "lab.yaml"


def screen(name="our_lab", **changes):
    return {name: {**LAB["screens"]["our_lab"], **changes}}


@pytest.fixture
def away(tmp_path_factory):
    """Return an empty folder outside the checkout."""
    return tmp_path_factory.mktemp("another folder")


def test_the_default_profile_holds_in_the_projects_folder(snakemake, checkout):
    done = snakemake("-n", "--cores", "2", "--quiet", "--configfile", "config/quickstart.yaml", cwd=checkout)
    assert "Using workflow specific profile profiles/default" in done.stderr
    assert (checkout / "profiles/default/profile.yaml").read_bytes() == (
        checkout / "workflow/profiles/default/profile.yaml"
    ).read_bytes()


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_a_snakefile_of_another_folder_brings_its_configuration_and_its_profile(snakemake, checkout, away, snakefile):
    path = os.path.relpath(checkout / snakefile, away)
    done = snakemake("-n", "--cores", "2", "-s", path, cwd=away, **ELSEWHERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Using workflow specific profile" in done.stderr
    assert "output: results/yeast/tables/genes.parquet" in done.stdout
    assert (away / ".snakemake").is_dir()


def test_results_go_to_the_working_folder_and_the_library_comes_from_the_workflow(snakemake, checkout, away):
    (away / "pipeline_lib").mkdir()
    (away / "pipeline_lib" / "__init__.py").write_text("raise SystemExit('the library of another folder')\n")
    quick = ("--cores", "1", "--configfile", "config/quickstart.yaml", "--directory", str(away))
    done = snakemake("results/quickstart/tables/genes.parquet", *quick, cwd=checkout, **ELSEWHERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (away / "results/quickstart/tables/genes.parquet").is_file()
    assert not (checkout / "results").exists()


@pytest.mark.parametrize(
    ("given", "message"), [("x", ""), ("my run", "for instance 'my-run'"), ("7", "for instance 'run-7'")]
)
def test_a_run_is_renamed_on_the_command_line(snakemake, checkout, given, message):
    done = snakemake("-n", "--cores", "2", "--config", f"run={given}", cwd=checkout)
    output = done.stdout + done.stderr
    assert "Traceback" not in output
    if message:
        assert done.returncode != 0
        assert f"begin with a letter and use letters, digits, _ and - only, at most 64 of them, {message}" in output
        assert "pattern" not in output
    else:
        assert done.returncode == 0, output
        assert rules_of(done.stdout)["read_screen"] == 9, "the rest is the default configuration"
        assert f"results/{given}/report.html" in output


@pytest.mark.parametrize("prefix", [None, "of another/study"])
def test_a_workflow_imports_this_one_as_a_module(snakemake, checkout, away, prefix):
    (away / "lab.csv").write_text(ROWS)
    config = {**LAB, "base": str(checkout / "config/quickstart.yaml"), "run": "mod"}
    (away / "Snakefile").write_text(
        f'module clp:\n    snakefile: "{checkout}/workflow/Snakefile"\n    config: {config!r}\n'
        + (f'    prefix: "{prefix}"\n' if prefix else "")
        + "use rule * from clp as clp_*\n"
    )
    results = f"{prefix}/results/mod" if prefix else "results/mod"
    done = snakemake("-n", "-p", "--cores", "1", cwd=away, **ELSEWHERE)
    assert done.returncode == 0, done.stdout + done.stderr
    options = [word for line in done.stdout.splitlines() if "-m pipeline_lib" in line for word in line.split("--")]
    named = [option for option in options if "results/mod" in option]
    assert len(named) > 100
    assert all(results in option for option in named), "what parameters name lies where outputs lie"
    if prefix:
        made = (f"{results}/tables/observations.parquet", f"{results}/sources.lock.json")
        done = snakemake(*made, "--cores", "2", cwd=away, **ELSEWHERE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert list(json.loads((away / results / "sources.lock.json").read_text())) == ["lab.csv"]


def deploy(folder, checkout, snakefile):
    """Write what snakedeploy writes: config/ beside a Snakefile that declares the workflow as a module."""
    shutil.copytree(checkout / "config", folder / "config")
    shutil.copy(checkout / "config/quickstart.yaml", folder / "config/config.yaml")
    (folder / "workflow").mkdir()
    (folder / "workflow/Snakefile").write_text(
        'configfile: "config/config.yaml"\n\n'
        f"module clp:\n    snakefile: {snakefile}\n    config: config\n\n"
        "use rule * from clp\n"
    )


def test_a_deployed_copy_needs_a_configuration_and_a_snakefile_alone(snakemake, checkout, away):
    """The module is a checkout on this machine."""
    deploy(away, checkout, repr(f"{checkout}/workflow/Snakefile"))
    done = snakemake("-n", "--cores", "1", cwd=away, **ELSEWHERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "output: results/quickstart/report.html" in done.stdout


FROM_REPOSITORY = {
    "gitfile": 'gitfile("{checkout}", path="workflow/Snakefile", tag="v0")',
    "github": 'github("owner/clp", path="workflow/Snakefile", tag="v0")',
}


@pytest.fixture
def installed(tmp_path_factory, checkout):
    """Return a folder that holds the library and no workflow, as an environment does."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(checkout / "pipeline_lib", folder / "pipeline_lib")
    return folder


@pytest.fixture
def published(tmp_path_factory, checkout, installed):
    """Make the checkout a repository, tagged v0, and return the environment in which its host hands it out."""
    for command in ("init", "add --all", "commit --quiet --message v0", "tag v0"):
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", str(checkout), *identity, *command.split()], check=True, capture_output=True)
    home = tmp_path_factory.mktemp("home")
    hosted = f'[url "file://{checkout}"]\n\tinsteadOf = https://github.com/owner/clp\n'
    (home / "gitconfig").write_text(hosted)
    caches = {"XDG_CACHE_HOME": str(home / "cache"), "GIT_CONFIG_GLOBAL": str(home / "gitconfig")}
    return {**caches, "GITHUB_TOKEN": "", "PYTHONPATH": str(installed)}


@pytest.mark.parametrize("host", FROM_REPOSITORY)
def test_a_workflow_of_a_repository_is_planned_with_the_installed_library(snakemake, checkout, away, published, host):
    deploy(away, checkout, FROM_REPOSITORY[host].format(checkout=checkout))
    done = snakemake("-n", "--cores", "1", cwd=away, **published)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "output: results/quickstart/report.html" in done.stdout


def test_jobs_of_a_workflow_of_a_repository_find_the_installed_library(snakemake, checkout, away, published):
    deploy(away, checkout, FROM_REPOSITORY["github"])
    done = snakemake("results/quickstart/tables/genes.parquet", "--cores", "1", cwd=away, **published)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (away / "results/quickstart/tables/genes.parquet").is_file()


def test_a_workflow_of_a_repository_refuses_a_library_of_another_version(
    snakemake, checkout, away, published, installed
):
    (installed / "pipeline_lib/__init__.py").write_text('__version__ = "0"\n')
    deploy(away, checkout, FROM_REPOSITORY["gitfile"].format(checkout=checkout))
    done = snakemake("-n", "--cores", "1", cwd=away, **published)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert "install that of the repository, at the same tag" in done.stdout + done.stderr


def test_tables_may_be_called_anything(snakemake, checkout):
    names = ["my {screen} 1.csv", 'it\'s "mine" é [1].csv', "{{a}}.csv", "100% $HOME;x.csv"]
    screens = {"simulated": None}
    for number, name in enumerate(names):
        (checkout / name).write_text(ROWS)
        screens |= screen(f"lab{number}", files={"table": name})
    configured = lab(checkout, screens=screens, simulation={"ecoli-core": None})
    target = "results/lab/tables/observations.parquet"
    done = snakemake(target, "results/lab/sources.lock.json", "--cores", "2", "--configfile", configured, cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(json.loads((checkout / "results/lab/sources.lock.json").read_text())) == sorted(names)


def test_the_folder_of_the_project_may_have_any_name_without_braces(snakemake, checkout, away):
    quick = ("--cores", "1", "--configfile", "config/quickstart.yaml")
    odd, braces = away / "it's é [1]", away / "{mine}"
    checkout.rename(odd)
    done = snakemake("results/quickstart/tables/genes.parquet", *quick, cwd=odd, **ELSEWHERE)
    assert done.returncode == 0, done.stdout + done.stderr
    odd.rename(braces)
    done = snakemake("-n", *quick, cwd=braces, **ELSEWHERE)
    assert "has braces in its name, which Snakemake takes for wildcards; rename it" in done.stdout + done.stderr


def test_paths_count_from_the_file_that_names_them_or_from_home(snakemake, checkout, away):
    """The table lies beside the base that names it, the network in the home folder; the run is started elsewhere."""
    study = away / "study"
    study.mkdir()
    (study / "lab.csv").write_text(ROWS)
    (away / "edges.csv").write_text("source,target\nb0008,b0114\n")
    network = {"reader": "table", "files": {"table": "~/edges.csv"}, "evidence": ["physical"]}
    lab(study, networks={"ours": network})
    (study / "mine.yaml").write_text("base: lab.yaml\nrun: mine\n")
    done = snakemake("-n", "-p", "--cores", "2", "--configfile", str(study / "mine.yaml"), cwd=checkout, HOME=str(away))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"--file=table={study / 'lab.csv'}" in done.stdout
    assert f"--file=table={away / 'edges.csv'}" in done.stdout


def test_a_file_that_is_nowhere_is_one_sentence_with_the_places(snakemake, checkout, away):
    lab(away)
    done = snakemake("-n", "--cores", "2", "--configfile", str(away / "lab.yaml"), cwd=checkout)
    assert done.returncode != 0
    assert f"'lab.csv' is neither a source of config/sources.yaml nor a file (looked in {away}, {checkout})" in (
        done.stdout + done.stderr
    )
    assert "Traceback" not in done.stdout + done.stderr
