"""The profiles name rules that exist and ask a cluster for what a configuration needs."""

import pytest
import yaml

from pipeline_lib.config.evaluation import TOPICS
from tests.workflow.conftest import rules_of

QUICKSTART = ("--configfile", "config/quickstart.yaml")


@pytest.fixture(scope="module")
def slurm(root):
    return yaml.safe_load((root / "workflow/profiles/slurm/profile.yaml").read_text())


@pytest.fixture
def rules(snakemake, root):
    listed = snakemake("--list-rules", *QUICKSTART, cwd=root)
    assert listed.returncode == 0, listed.stderr
    return {line.split()[0] for line in listed.stdout.splitlines() if line.strip()}


def test_the_slurm_profile_names_rules_that_exist(slurm, rules):
    named = {*slurm["groups"], *slurm["set-resources"]}
    # A run without networks has no rule that reads one; the rule is defined all the same.
    assert named <= rules


def test_every_figure_is_drawn_in_the_group_of_the_report(slurm):
    assert {f"figures_{topic}" for topic in TOPICS} == {rule for rule in slurm["groups"] if rule.startswith("figures_")}
    assert {slurm["groups"][f"figures_{topic}"] for topic in TOPICS} == {"report"}


def test_every_fit_is_a_job_of_its_own(slurm):
    assert not {"fit", "fit_on_gpu"} & set(slurm["groups"])
    # A task of an array deletes the outputs of the array's first task when that has finished (executor 2.8.0).
    assert "slurm-array-jobs" not in slurm


def test_no_run_of_ours_has_more_jobs_than_the_profile_submits(slurm, snakemake, checkout):
    done = snakemake("-n", "--cores", "2", "--configfile", "config/full.yaml", cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert sum(rules_of(done.stdout).values()) < slurm["jobs"]


@pytest.mark.parametrize(("device", "on_gpu"), [("auto", 2), ("cuda", 2), ("cpu", 0)])
def test_only_fits_of_networks_ask_for_a_gpu_and_only_where_one_is_wanted(snakemake, checkout, device, on_gpu):
    (checkout / "mine.yaml").write_text(f"base: config/quickstart.yaml\ntraining: {{device: {device}}}\n")
    done = snakemake("-n", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stderr
    rules = rules_of(done.stdout)
    assert rules.get("fit_on_gpu", 0) == on_gpu
    assert rules["fit"] == 16 - on_gpu
    assert done.stdout.count("gpu=1") == on_gpu


def test_several_gpus_a_fit_are_asked_for_and_started_by_torchrun(snakemake, checkout):
    (checkout / "mine.yaml").write_text("base: config/quickstart.yaml\ntraining: {device: cuda, processes: 4}\n")
    done = snakemake("-n", "-p", "--cores", "8", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("gpu=4") == 2
    assert done.stdout.count("torch.distributed.run --standalone --nproc-per-node 4 -m pipeline_lib training fit") == 2
    assert done.stdout.count("python -m pipeline_lib training fit") == 14, "tabular models are fitted by one process"
