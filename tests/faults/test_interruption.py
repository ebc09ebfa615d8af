"""Killed at random moments of every rule, three ways, the run ends with what an uninterrupted one makes.

One run is started again and again, as a user would, with no other command in between. Each time a rule appears that
was not struck yet, everything is stopped at a random moment of its job: by SIGTERM to all processes (a shutdown), by
SIGKILL to all processes, or by a power loss (SIGKILL, and every file that was not flushed is spoilt).
"""

import random
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.equal_results import artefacts, content
from tests.faults.comparison import torn
from tests.faults.power_loss import lose_what_was_not_flushed
from tests.faults.small_run import PATIENCE, RUN, Job, WatchedSnakemake, prepare

if TYPE_CHECKING:
    from tests.reliability import Fault

pytestmark = pytest.mark.faults

WAYS = ("SIGTERM to all", "SIGKILL of all", "power loss")
LEAST = 20
LONGEST = 15.0
"""Seconds: where a busy machine made the jobs slow, strikes shall not all come late."""
MOST_FIGURES = 3
"""The rules that draw figures differ by their topic alone."""
STAGES = {
    "sources": {"fetch", "lock_sources"},
    "metabolism": {"metabolism", "knockouts"},
    "simulation": {"simulate_ecoli_core"},
    "screens": {"read_screen", "observations", "screens_summary"},
    "networks": {"read_network", "networks"},
    "cell": {"genes", "cell_graph", "split"},
    "training": {"closed_form", "fit", "overfit", "walk_through"},
    "evaluation": {"leaderboard", "noise_ceiling", "scoreboard", "p_values", "calibration", "precision_recall"},
    "reporting": {"figures", "gallery", "next_experiments", "provenance", "report"},
}


def target_of(job: Job) -> str:
    """Return what is to be struck once: a rule, but each fit of its own."""
    if job.rule == "fit":
        return job.log.rsplit("/", 1)[-1]
    return job.rule


def strike(run: WatchedSnakemake, way: str, chance: random.Random) -> tuple[bool, int]:
    """Stop everything; return whether it ended as it should, and how many files the disk lost."""
    if way == "SIGTERM to all":
        run.signal_all(signal.SIGTERM)
        try:
            run.wait(120)
            until = time.monotonic() + 30 * PATIENCE
            while run.members() and time.monotonic() < until:
                time.sleep(0.05)
            ended = not run.members()
        except subprocess.TimeoutExpired:
            ended = False
        run.kill()
        return ended, 0
    run.kill()
    return True, len(lose_what_was_not_flushed(run.folder, chance)) if way == "power loss" else 0


def wait_for_new_target(run: WatchedSnakemake, struck: set[str], durations: dict[str, float]) -> Job | None:
    """Return the first job whose target was not struck yet; None when the run ends before."""
    figures = sum(name.startswith("figures_") for name in struck)
    seen: set[str] = set()
    while run.process.poll() is None:
        for number, job in list(run.jobs.items()):
            if number in seen:
                continue
            seen.add(number)
            spared = job.rule == "default" or (job.rule.startswith("figures_") and figures >= MOST_FIGURES)
            if not spared and target_of(job) not in struck and job.name in durations:
                return job
        time.sleep(0.01)
    return None


def test_the_results_are_those_of_an_uninterrupted_run(root, tmp_path, uninterrupted, faults):
    chance = random.Random(9)  # noqa: S311 - moments that come again
    ended = [job for job in uninterrupted.jobs.values() if job.end is not None]
    durations = {job.name: min(job.end - job.start, LONGEST) for job in ended}
    folder = prepare(root, tmp_path / "checkout")
    results = folder / "results" / RUN
    struck: set[str] = set()
    finished: dict[str, int] = {}
    strikes: list[tuple[str, list[str], Fault]] = []
    ways = list(WAYS)

    while True:
        start = time.perf_counter()
        run = WatchedSnakemake(folder, cores=1)
        target = wait_for_new_target(run, struck, durations)
        if target is None:
            break
        struck.add(target_of(target))
        time.sleep(max(0.0, target.start + chance.uniform(0, durations[target.name]) - time.monotonic()))
        at_work = [job.rule for job in run.running()]
        if not ways:
            ways = chance.sample(WAYS, len(WAYS))
        way = ways.pop()
        ended, lost_by_the_disk = strike(run, way, chance)
        for job in run.jobs.values():
            if job.end is not None:
                finished[job.name] = finished.get(job.name, 0) + 1
        half = [name for name, path in artefacts(results).items() if torn(path)]
        strikes.append(
            (
                way,
                at_work,
                {
                    "fault": f"{way} during {', '.join(at_work) or 'the time between jobs'}",
                    "survived": ended and not half,
                    "data_lost": len(half),
                    "seconds": round(time.perf_counter() - start, 2),
                    "note": f"{lost_by_the_disk} files lost by the disk" if way == "power loss" else "",
                },
            )
        )

    assert run.wait(1200) == 0, run.text[-3000:]
    ours, theirs = artefacts(results), artefacts(uninterrupted.folder / "results" / RUN)
    differing = sorted(
        set(ours) ^ set(theirs)
        | {name for name in set(ours) & set(theirs) if content(ours[name]) != content(theirs[name])}
    )
    repeated = sum(count - 1 for count in finished.values())
    left = [str(path.relative_to(folder)) for path in results.rglob(".*") if path.is_file() and ".part-" in path.name]
    struck_rules = {rule for _, at_work, _ in strikes for rule in at_work}
    faults += [fault for _, _, fault in strikes]
    faults.append(
        {
            "fault": f"the run as a whole: {len(strikes)} interruptions, {len(theirs)} artefacts compared",
            "survived": not differing and not left,
            "data_lost": len(differing),
            "seconds": 0.0,
            "note": f"{repeated} finished jobs ran again",
        }
    )
    for stage, rules in STAGES.items():
        assert {name for name in struck_rules if name in rules or name.split("_")[0] in rules}, f"{stage}: never struck"
    assert len(strikes) >= LEAST
    assert [fault["fault"] for fault in faults if not fault["survived"]] == []
    assert differing == []
    assert left == [], "temporary files of killed jobs are swept"
    again = WatchedSnakemake(folder, ("--dry-run",))
    assert again.wait() == 0
    assert "Nothing to be done" in again.text, again.text[-2000:]


def test_the_comparison_sees_a_difference(tmp_path: Path):
    """A comparison that finds everything equal would make the test above worthless."""
    (tmp_path / "a.json").write_text('{"pearson": 0.5, "fit_seconds": 3}')
    (tmp_path / "b.json").write_text('{"pearson": 0.5, "fit_seconds": 4}')
    (tmp_path / "c.json").write_text('{"pearson": 0.6, "fit_seconds": 3}')
    (tmp_path / "d.json").write_text('{"pearson"')
    assert content(tmp_path / "a.json") == content(tmp_path / "b.json") != content(tmp_path / "c.json")
    assert torn(tmp_path / "d.json")
