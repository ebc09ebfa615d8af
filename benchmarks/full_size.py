"""Run config/trigenic.yaml on tables of the published size and measure every stage: seconds, peak memory, rows.

``python benchmarks/full_size.py --fraction 1`` writes the tables (`full_size_tables`) into a mirror folder, lets
Snakemake run the workflow on them and watches each process of a stage. A stage is one command of the library. What is
measured is added to ``results/benchmarks/full_size.json``, stage by stage and size by size: a run that was stopped goes
on where it was, since Snakemake keeps finished artefacts and this file finished measurements.
"""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd
import psutil
import yaml
from full_size_tables import plant, write_2016, write_2018, write_2020
from measure import FOLDER, ROOT, peak_mb, upstream_file, write_benchmark

from pipeline_lib.artefacts.atomic import read_json, write_json
from pipeline_lib.genes.gene_tables import essentiality, read_essential_genes, read_gene_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.simulation.layouts import FILE_2018, FILES_2020
from pipeline_lib.simulation.layouts import FILES as FILES_2016

RUN = "full_size"
TABLES = {
    "costanzo2016": list(FILES_2016.values()),
    "kuzmin2018": [FILE_2018],
    "kuzmin2020": list(FILES_2020.values()),
}
SCREENS = ("costanzo2016_pairs", "kuzmin2018", "kuzmin2020")
OTHER_SCREENS = ("collins2007", "costanzo2016", "kuzmin2018_calls", "bfg_gi", "st_onge2007", "simulated")
"""Small screens of the base configuration, which other runs measure."""
STAGES = ("observations", "summary", "splits", "fits", "evaluation", "report")
_LOOK_S = 0.5


@dataclass
class Stage:
    """One command of the library.

    Attributes
    ----------
    name
        The command and what it worked on.
    seconds, cpu_seconds
        Wall clock, and the processor's own time: on a busy machine only the latter is the stage's.
    peak_mb
        Greatest resident memory (MiB).
    ended
        ``finished``, or why not.
    """

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    ended: str = "finished"


def write_tables(folder: Path, fraction: float) -> dict[str, int]:
    """Write the three publications into the mirror `folder` and return the rows of each."""
    known = read_gene_table(upstream_file("essentiality/SGD_features.tab"))
    names = GeneNames.from_table(known.assign(gene_index=range(len(known)), in_gem=False))
    listed = read_essential_genes(upstream_file("essentiality/Cerevisiae_EssentialGenes_List_1.txt"), names)
    known["essential"] = essentiality(known, listed, pd.Series(data=True, index=known.index).to_numpy())
    cell = plant(known, fraction)
    for name in TABLES:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "costanzo2016": sum(write_2016(cell, folder / "costanzo2016", fraction).values()),
        "kuzmin2018": write_2018(cell, folder / "kuzmin2018", fraction),
        "kuzmin2020": sum(write_2020(cell, folder / "kuzmin2020", fraction).values()),
    }


def link_upstream(folder: Path) -> None:
    """Link every other upstream file into the mirror `folder`, so that one mirror holds everything."""
    source = upstream_file("essentiality").parent
    for path in sorted(entry for entry in source.rglob("*") if entry.is_file()):
        place = folder / path.relative_to(source)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path.resolve())


def write_configuration(folder: Path, models: list[str], splits: list[str]) -> Path:
    """Write the configuration of the run and its catalogue, without the checksums of the tables that are simulated."""
    catalogue = yaml.safe_load((ROOT / "config" / "sources.yaml").read_text())
    for name, files in TABLES.items():
        for file in files:
            for key in ("sha256", "bytes"):
                catalogue[f"{name}/{file}"].pop(key, None)
    (folder / "sources.yaml").write_text(yaml.safe_dump(catalogue, allow_unicode=True))
    content = {
        "base": str(ROOT / "config" / "trigenic.yaml"),
        "run": RUN,
        "catalogue": str((folder / "sources.yaml").resolve()),
        "screens": dict.fromkeys(OTHER_SCREENS),
        "splits": {"names": splits},
        "grid": [{"models": models, "splits": splits}],
    }
    path = folder / "full_size.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def targets(until: str, models: list[str], splits: list[str]) -> list[str]:
    """Return the artefacts of the run that end with the stage `until`."""
    run = f"results/{RUN}"
    return {
        "observations": [f"{run}/tables/{name}.parquet" for name in ("observations", "aggregated")],
        "summary": [f"{run}/tables/{name}.parquet" for name in ("screens_summary", "trigenic_identity")],
        "splits": [f"{run}/splits/{split}.parquet" for split in splits],
        "fits": [f"{run}/models/{model}/{split}/seed0/model.pt" for model in models for split in splits],
        "evaluation": [
            f"{run}/evaluation/{name}.parquet"
            for name in ("leaderboard", "noise_ceiling", "p_values", "calibration", "precision_recall")
        ],
        "report": [f"{run}/report.html", f"{run}/provenance.json"],
    }[until]


def run_workflow(configuration: Path, mirror: Path, wanted: list[str], limit_mb: float) -> Iterator[Stage]:
    """Run Snakemake on one core and yield every stage as it ends; one that outgrows `limit_mb` is ended."""
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
        *("--workflow-profile", str(ROOT / "workflow" / "profiles" / "default")),
        *("--directory", str(configuration.parent), "--configfile", str(configuration), "--cores", "1"),
        *("--retries", "0", "--rerun-incomplete", *wanted),
    ]
    started: dict[int, tuple[float, Stage]] = {}
    with subprocess.Popen(command, env={**os.environ, "PIPELINE_MIRROR": str(mirror.resolve())}) as workflow:
        while workflow.poll() is None:
            there = {process.pid: process for process in _stages_of(workflow.pid)}
            for pid in started.keys() - there.keys():
                yield started.pop(pid)[1]
            for process in there.values():
                _look(process, started, limit_mb)
            time.sleep(_LOOK_S)
    yield from (stage for _, stage in started.values())
    if workflow.returncode:
        click.echo(f"Snakemake ended with status {workflow.returncode}; the stages so far are kept.", err=True)


def _stages_of(pid: int) -> Iterator[psutil.Process]:
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in children:
        try:
            if _name(child.cmdline()):
                yield child
        except psutil.Error:
            continue


def _look(process: psutil.Process, started: dict[int, tuple[float, Stage]], limit_mb: float) -> None:
    try:
        if process.pid not in started:
            name = _name(process.cmdline())
            started[process.pid] = (process.create_time(), Stage(name, 0.0, 0.0, 0.0))
        start, stage = started[process.pid]
        stage.seconds = time.time() - start
        used = process.cpu_times()
        stage.cpu_seconds = used.user + used.system + used.children_user + used.children_system
        status = Path(f"/proc/{process.pid}/status").read_text()
        # The kernel's own high-water mark: what lies between two looks is in it.
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0")
        stage.peak_mb = max(stage.peak_mb, int(peak.split()[1]) / 1024)
        if process.memory_info().rss / 2**20 > limit_mb:
            stage.ended = f"ended above {limit_mb:.0f} MiB"
            process.kill()
    except (psutil.Error, FileNotFoundError, ProcessLookupError):
        return


def _name(command: list[str]) -> str:
    """Return what a command of the library works on, as in ``screens read kuzmin2018``; '' for another process."""
    if not command or "python" not in Path(command[0]).name:
        return ""
    place = next((at for at, word in enumerate(command) if word == "pipeline_lib"), 0)
    words = [word for word in command[place + 1 : place + 3] if not word.startswith("-")] if place else []
    if len(words) < 2:
        return ""
    given = dict(itertools.pairwise(command))
    subjects = (given[option] for option in ("--name", "--model", "--folds", "--topic") if option in given)
    return " ".join([*words, *(Path(subject).stem for subject in subjects)])


def keep(fraction: float, rows: dict[str, int], stages: list[Stage], budget: dict[str, Any]) -> None:
    """Add the measurements of one size to ``results/benchmarks/full_size.json``."""
    path = FOLDER / f"{RUN}.json"
    sizes = {size["rows"]: size for size in (read_json(path)["sizes"] if path.exists() else [])}
    total = sum(rows.values())
    known = {stage["name"]: stage for stage in sizes.get(total, {"stages": []})["stages"]}
    known |= {stage.name: asdict(stage) for stage in stages}
    sizes[total] = {"rows": total, "fraction": fraction, "tables": rows, **budget, "stages": list(known.values())}
    largest = sizes[max(sizes)]
    write_benchmark(
        RUN,
        ours_s=sum(stage["seconds"] for stage in largest["stages"]),
        work=(
            f"config/trigenic.yaml on simulated tables in the layouts of Costanzo 2016, Kuzmin 2018 and Kuzmin 2020, "
            f"{max(sizes):,} rows in all; ours_s is the wall clock and cpu_s the "
            "processor time of the stages measured, one process each on one core. "
            "Ours alone. Stages that are not listed were not run at that size."
        ),
        rows=max(sizes),
        cpu_s=sum(stage["cpu_seconds"] for stage in largest["stages"]),
        peak_mb=max((stage["peak_mb"] for stage in largest["stages"]), default=0.0),
        stages=largest["stages"],
        sizes=[sizes[count] for count in sorted(sizes)],
    )


@click.command()
@click.option("--fraction", type=click.FloatRange(0, 1, min_open=True), default=0.01, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "results" / "full_size", show_default=True)
@click.option("--until", type=click.Choice(STAGES), default="splits", show_default=True)
@click.option("--model", "models", multiple=True, default=("mean", "screen_mean", "query_mean", "digenic_sum", "clp"))
@click.option("--split", "splits", multiple=True, default=("random",))
@click.option("--limit-mb", type=float, default=12_288, show_default=True, help="Memory at which a stage is ended.")
def main(
    fraction: float, folder: Path, until: str, models: tuple[str, ...], splits: tuple[str, ...], limit_mb: float
) -> None:
    """Write the tables once, run the workflow on them, and keep what every stage took."""
    mirror, counted = folder / "mirror", folder / "rows.json"
    folder.mkdir(parents=True, exist_ok=True)
    stages: list[Stage] = []
    if not counted.exists():
        start, used = time.perf_counter(), time.process_time()
        rows = write_tables(mirror, fraction)
        seconds, cpu = time.perf_counter() - start, time.process_time() - used
        stages.append(Stage("simulate the tables", seconds, cpu, peak_mb()))
        link_upstream(mirror)
        write_json({"fraction": fraction, "rows": rows}, counted)
    written = json.loads(counted.read_text())
    if written["fraction"] != fraction:
        sys.exit(f"error: {folder} holds tables of the fraction {written['fraction']}; give another folder.")
    configuration = write_configuration(folder, list(models), list(splits))
    budget = {"models": list(models), "splits": list(splits)}
    wanted = targets(until, list(models), list(splits))
    for stage in run_workflow(configuration, mirror, wanted, limit_mb):
        stages.append(stage)
        keep(fraction, written["rows"], stages, budget)
        click.echo(f"{stage.name}: {stage.seconds:.1f} s, {stage.peak_mb:.0f} MiB, {stage.ended}", err=True)


if __name__ == "__main__":
    main()
