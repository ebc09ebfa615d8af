"""A run on a real Slurm, struck in every way that a night has, ends with the numbers of an undisturbed run."""

import json
import re
import subprocess
import sys
from math import comb
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.cluster.conftest import PROFILE
from tests.cluster.workflow_run import CONFIG, LONGEST, RESULTS
from tests.equal_results import content

pytestmark = pytest.mark.cluster

TABLES = [
    "tables/genes.parquet",
    "tables/observations.parquet",
    "metabolism/reactions.parquet",
    "splits/random.parquet",
    "evaluation/leaderboard.parquet",
    "evaluation/differences.parquet",
]
FILES_OF_A_FIT = ["predictions.parquet", "history.parquet", "metrics.json", "model.pt"]
FITS = [
    (model, seed)
    for entry in yaml.safe_load(CONFIG.read_text())["grid"]
    for model in entry["models"]
    for seed in entry.get("seeds", [0])
]


def unequal(folder: Path, other: Path, names: list[str]) -> list[str]:
    """Return the artefacts that are missing or hold other values."""
    return [name for name in names if not (folder / name).exists() or content(folder / name) != content(other / name)]


def jobs_of(struck, rule):
    return [job for job in struck.jobs if job.get("Comment", "").startswith(f"rule_{rule}_wildcards")]


def job_of(struck, blow):
    return next(job for job in struck.jobs if job["JobId"] == blow.job)


def test_the_run_ends_with_a_report(struck):
    assert struck.returncode == 0, struck.log
    assert (struck.checkout.results / "report.html").stat().st_size > 100_000
    assert len(struck.blows) == 6


def test_every_fault_leaves_the_numbers_of_an_undisturbed_run(struck, undisturbed, faults):
    lost = {}
    for model, seed in FITS:
        fit = f"models/{model}/random/seed{seed}"
        lost[model, seed] = unequal(struck.checkout.results / fit, undisturbed.results / fit, FILES_OF_A_FIT)
    tables = unequal(struck.checkout.results, undisturbed.results, TABLES)
    for blow in struck.blows:
        missing = lost["clp", blow.seed] + tables
        survived = struck.returncode == 0 and not missing
        faults.append(
            {"fault": blow.fault, "survived": survived, "data_lost": len(missing), "seconds": round(blow.seconds, 1)}
        )
    assert not tables
    assert not any(lost.values()), lost


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_struck_fit_goes_on_from_its_checkpoint_in_the_same_log(struck, seed):
    lines = struck.checkout.fit_log(seed).splitlines()
    epochs = [int(found[1]) for line in lines if (found := re.match(r"epoch (\d+) of", line))]
    resumed = [int(found[1]) for line in lines if (found := re.match(r"resumed after epoch (\d+) of", line))]
    assert resumed, lines
    assert resumed[-1] >= 2
    assert epochs[0] == 1, "the first attempt's lines are still there"
    # An epoch whose checkpoint was not yet written when the blow came is done again, and none is left out.
    assert set(epochs) == set(range(1, max(epochs) + 1))
    assert len(epochs) - len(set(epochs)) <= len(resumed)


def test_fits_of_networks_ask_for_a_gpu_and_others_do_not(struck):
    trained = jobs_of(struck, "fit_on_gpu")
    assert trained
    for job in trained:
        assert job["TresPerJob"] == "gres:gpu:1"
        assert job["Partition"] == "gpu"
    for job in jobs_of(struck, "fit"):
        assert "TresPerJob" not in job
        assert job["Partition"] == "cpu"


def test_every_fit_is_a_job_of_its_own(struck):
    fits = [job_of(struck, blow) for blow in struck.blows if blow.job]
    assert len({job["JobId"] for job in fits}) == 4, "one job a seed"
    assert not any("ArrayJobId" in job for job in struck.jobs)


def test_a_retry_requests_more_memory_and_time(struck):
    blow = next(blow for blow in struck.blows if blow.fault.startswith("scancel"))
    first = job_of(struck, blow)
    assert (first["TimeLimit"], first["MinMemoryNode"]) == ("01:00:00", "6000M")
    retries = {(job["TimeLimit"], job["MinMemoryNode"]) for job in jobs_of(struck, "fit_on_gpu")}
    assert ("02:00:00", "12000M") in retries


def test_short_rules_go_out_together(struck):
    comments = [job.get("Comment", "") for job in struck.jobs]
    for group, member in (
        ("prepare", "genes"),
        ("observations", "split"),
        ("evaluation", "p_values"),
        ("report", "report"),
    ):
        assert any(comment.startswith(f"rule_{group}_") for comment in comments), comments
        assert not any(comment in {f"rule_{member}", f"rule_{member}_wildcards_random"} for comment in comments)


def test_a_scan_of_every_triple_in_jobs_finds_what_one_process_finds(struck, slurm):
    checkout, settings = struck.checkout, yaml.safe_load(CONFIG.read_text())["scan"]
    with checkout.start(*PROFILE, "genome_scan") as process:
        assert process.wait(LONGEST) == 0, checkout.log()
    comments = {job.get("Comment") for job in slurm.jobs()}
    shards = [f"{number}-of-{settings['shards']}" for number in range(1, settings["shards"] + 1)]
    assert {f"rule_scan_shard_wildcards_{shard}" for shard in shards} <= comments

    kept = f"--kept={settings['kept']}"
    for command in (
        f"scan --run-folder {RESULTS} --model clp {kept} --output alone/1-of-1.parquet --summary alone/1-of-1.json",
        f"merge-scan --folder alone --shards 1 {kept} --output alone/strongest.parquet --summary alone/summary.json",
    ):
        line = [sys.executable, "-m", "pipeline_lib", "training", *command.split()]
        subprocess.run(line, cwd=checkout.folder, env=checkout.environment, check=True, timeout=LONGEST)
    scanned, alone = checkout.results / "scan", checkout.folder / "alone"
    assert not unequal(scanned, alone, ["strongest.parquet"])
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (scanned, alone)]
    genes = pq.read_metadata(checkout.results / "tables/genes.parquet").num_rows
    assert {summary["genotypes"] for summary in summaries} == {comb(genes, 3)}
    # Sums over shards are taken in another order.
    assert summaries[0]["mean"] == pytest.approx(summaries[1]["mean"])
