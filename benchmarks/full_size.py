"""Run config/trigenic.yaml on tables of the published size and measure every stage: seconds, peak memory, rows.

``python benchmarks/full_size.py`` writes the tables (`full_size_tables`) into a mirror folder, lets Snakemake run the
workflow on them and watches each process of a stage. A stage is one command of the library. What is measured is added
to ``results/benchmarks/full_size.json``, stage by stage and size by size, and drawn: a run that was stopped goes on
where it was, since Snakemake keeps finished artefacts and this file finished measurements.
"""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd
import psutil
import yaml
from full_size_tables import plant, write_2016, write_2018, write_2020
from matplotlib import pyplot as plt
from measure import FOLDER, ROOT, peak_mb, tree_mb, upstream_file, write_benchmark

from pipeline_lib.artefacts.atomic import atomic_path, read_json, write_json
from pipeline_lib.config.loading import RunConfig, read_run_config
from pipeline_lib.genes.gene_tables import essentiality, read_essential_genes, read_gene_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.reporting.style import PALETTE, TWO_COLUMNS, paper_style, plain_logarithm
from pipeline_lib.simulation.layouts import FILE_2018, FILES_2020
from pipeline_lib.simulation.layouts import FILES as FILES_2016

RUN = "full_size"
TABLES = {
    "costanzo2016": list(FILES_2016.values()),
    "kuzmin2018": [FILE_2018],
    "kuzmin2020": list(FILES_2020.values()),
}
OTHER_SCREENS = ("collins2007", "costanzo2016", "kuzmin2018_calls", "bfg_gi", "st_onge2007", "simulated")
"""Small screens of the base configuration, which other runs measure."""
STAGES = ("observations", "summary", "splits", "fits", "evaluation", "report")
RUNNING, FINISHED, FAILED = "running", "finished", "failed"
LOOK_S = 0.5
"""Seconds between two looks at the processes."""


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
        Greatest resident memory (MiB) of its processes together.
    ended
        ``finished``, or why not.
    """

    name: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    ended: str = RUNNING


@dataclass
class Watched:
    """A stage, when it began (seconds of the epoch), and the files that its command names."""

    stage: Stage
    start: float
    files: list[Path]

    def end(self) -> str:
        """Decide how the stage ended: a job that failed has no outputs, or Snakemake removes them."""
        if self.stage.ended in {RUNNING, FINISHED}:
            self.stage.ended = FINISHED if all(path.exists() for path in self.files) else FAILED
        return self.stage.ended


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
    """Write the configuration of the run and its catalogue, without the checksums of the tables that are simulated.

    Where no `models` or no `splits` are given, they are those of config/trigenic.yaml.
    """
    catalogue = yaml.safe_load((ROOT / "config" / "sources.yaml").read_text())
    for name, files in TABLES.items():
        for file in files:
            for key in ("sha256", "bytes"):
                catalogue[f"{name}/{file}"].pop(key, None)
    (folder / "sources.yaml").write_text(yaml.safe_dump(catalogue, allow_unicode=True))
    base = ROOT / "config" / "trigenic.yaml"
    (entry,) = read_run_config(base).grid
    grid = {"models": models or entry.models, "splits": splits or entry.splits}
    content = {
        "base": str(base),
        "run": RUN,
        "catalogue": str((folder / "sources.yaml").resolve()),
        "screens": dict.fromkeys(OTHER_SCREENS),
        "splits": {"names": grid["splits"]},
        "grid": [grid],
    }
    path = folder / "full_size.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def targets(until: str, config: RunConfig) -> list[str]:
    """Return the artefacts of the run that end with the stage `until`."""
    run = f"results/{RUN}"
    (entry,) = config.grid
    return {
        "observations": [f"{run}/tables/{name}.parquet" for name in ("observations", "aggregated")],
        "summary": [f"{run}/tables/{name}.parquet" for name in ("screens_summary", "trigenic_identity")],
        "splits": [f"{run}/splits/{split}.parquet" for split in entry.splits],
        "fits": [f"{run}/models/{model}/{split}/seed0/model.pt" for model in entry.models for split in entry.splits],
        "evaluation": [
            f"{run}/evaluation/{name}.parquet"
            for name in ("leaderboard", "noise_ceiling", "p_values", "calibration", "precision_recall")
        ],
        "report": [f"{run}/report.html", f"{run}/provenance.json"],
    }[until]


def workflow_command(configuration: Path, wanted: list[str], cores: int) -> list[str]:
    """Return the command line of Snakemake."""
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
        *("--workflow-profile", str(ROOT / "workflow" / "profiles" / "default")),
        *("--directory", str(configuration.parent), "--configfile", str(configuration), "--cores", str(cores)),
        *("--retries", "0", "--rerun-incomplete", *wanted),
    ]


def watch(
    command: list[str], folder: Path, environment: dict[str, str], limit_mb: float, ended: Callable[[Stage], None]
) -> int:
    """Run a workflow whose files lie under `folder`, hand over every stage as it ends, and return the exit status.

    A stage that outgrows `limit_mb` (MiB) is ended. One that turns out to have failed is handed over again.
    """
    running: dict[int, Watched] = {}
    over: list[Watched] = []
    with subprocess.Popen(command, env=environment) as workflow:
        while workflow.poll() is None:
            there = {process.pid: process for process in _stages_of(workflow.pid)}
            for pid in running.keys() - there.keys():
                over.append(running.pop(pid))
                over[-1].end()
                ended(over[-1].stage)
            for process in there.values():
                _look(process, running, folder, limit_mb)
            time.sleep(LOOK_S)
    for watched in (*over, *running.values()):
        before = watched.stage.ended
        if watched.end() != before or watched not in over:
            ended(watched.stage)
    return workflow.returncode


def _stages_of(pid: int) -> Iterator[psutil.Process]:
    """Yield the processes of commands of the library; those that such a process started itself are part of it."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    named = {}
    for child in children:
        with suppress(psutil.Error):
            if _name(child.cmdline()):
                named[child.pid] = child
    for child in named.values():
        with suppress(psutil.Error):
            if not any(parent.pid in named for parent in child.parents()):
                yield child


def _look(process: psutil.Process, running: dict[int, Watched], folder: Path, limit_mb: float) -> None:
    with suppress(psutil.Error, FileNotFoundError):
        if process.pid not in running:
            command = process.cmdline()
            running[process.pid] = Watched(Stage(_name(command)), process.create_time(), _files(command, folder))
        watched = running[process.pid]
        stage = watched.stage
        stage.seconds = time.time() - watched.start
        members = [process, *process.children(recursive=True)]
        # Processes that have ended count among their parent's children.
        stage.cpu_seconds = sum(sum(member.cpu_times()[:4]) for member in members)
        status = Path(f"/proc/{process.pid}/status").read_text()
        # The kernel's own high-water mark: what lies between two looks is in it, though of the first process alone.
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0")
        resident = tree_mb(process)
        stage.peak_mb = max(stage.peak_mb, int(peak.split()[1]) / 1024, resident)
        if resident > limit_mb:
            stage.ended = f"ended above {limit_mb:.0f} MiB"
            for member in members:
                member.kill()


def _files(command: list[str], folder: Path) -> list[Path]:
    """Return the files of the run that a command names; its folder of checkpoints is none of its outputs."""
    pairs = itertools.pairwise(command)
    return [folder / word for option, word in pairs if word.startswith("results/") and option != "--checkpoints"]


def _name(command: list[str]) -> str:
    """Return what a command of the library works on, as in ``screens read kuzmin2018``; '' for another process."""
    if not command or "python" not in Path(command[0]).name:
        return ""
    place = next((at for at, word in enumerate(command) if word == "pipeline_lib"), len(command))
    words = list(itertools.takewhile(lambda word: not word.startswith("-"), command[place + 1 :]))
    if len(words) < 2:
        return ""
    given = dict(itertools.pairwise(command))
    subjects = (given[option] for option in ("--name", "--model", "--folds") if option in given)
    return " ".join([*words[:2], *(Path(subject).stem for subject in (*words[2:], *subjects))])


def keep(
    fraction: float, rows: dict[str, int], stages: list[Stage], settings: dict[str, Any], folder: Path = FOLDER
) -> list[dict[str, Any]]:
    """Add the measurements of one size to ``full_size.json`` in `folder` and return those of all sizes."""
    path = folder / f"{RUN}.json"
    sizes = {size["rows"]: size for size in (read_json(path)["sizes"] if path.exists() else [])}
    total = sum(rows.values())
    known = {stage["name"]: stage for stage in sizes.get(total, {"stages": []})["stages"]}
    known |= {stage.name: asdict(stage) for stage in stages}
    sizes[total] = {
        "rows": total,
        "fraction": fraction,
        "tables": rows,
        "settings": settings,
        "stages": list(known.values()),
    }
    largest = sizes[max(sizes)]
    finished = [stage for stage in largest["stages"] if stage["ended"] == FINISHED]
    write_benchmark(
        RUN,
        ours_s=sum(stage["seconds"] for stage in finished),
        work=(
            f"config/trigenic.yaml on simulated tables in the layouts of Costanzo 2016, Kuzmin 2018 and Kuzmin 2020, "
            f"{max(sizes):,} rows in all, without the screens {', '.join(OTHER_SCREENS)} of the base configuration; "
            "ours_s is the wall clock and cpu_s the processor time of the stages that finished, summed; they run side "
            "by side where settings.cores allows. Ours alone. Stages that are not listed were not run at that size"
        ),
        folder=folder,
        rows=max(sizes),
        settings=largest["settings"],
        cpu_s=sum(stage["cpu_seconds"] for stage in finished),
        peak_mb=max((stage["peak_mb"] for stage in finished), default=0.0),
        stages=largest["stages"],
        sizes=[sizes[count] for count in sorted(sizes)],
    )
    return [sizes[count] for count in sorted(sizes)]


def draw(sizes: list[dict[str, Any]], path: Path) -> None:
    """Draw processor time and peak memory against the rows, a line for each of the stages that take longest."""
    finished = [
        {"rows": size["rows"], **stage} for size in sizes for stage in size["stages"] if stage["ended"] == FINISHED
    ]
    shown = sorted(
        (stage for stage in finished if stage["rows"] == sizes[-1]["rows"]), key=lambda stage: -stage["cpu_seconds"]
    )
    with paper_style():
        figure, panels = plt.subplots(1, 2, figsize=(TWO_COLUMNS, TWO_COLUMNS / 2.5))
        for axes, value, label in zip(
            panels, ("cpu_seconds", "peak_mb"), ("Processor time (s)", "Peak memory (MiB)"), strict=True
        ):
            for colour, name in zip(PALETTE, (stage["name"] for stage in shown), strict=False):
                points = [(stage["rows"], stage[value]) for stage in finished if stage["name"] == name]
                axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
            axes.set(xlabel="Rows of the three tables", ylabel=label)
            for axis in (axes.xaxis, axes.yaxis):
                plain_logarithm(axis)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right")
        with atomic_path(path) as place:
            figure.savefig(place)
        plt.close(figure)


@click.command()
@click.option("--fraction", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "results" / "full_size", show_default=True)
@click.option("--until", type=click.Choice(STAGES), default="report", show_default=True)
@click.option("--model", "models", multiple=True, help="Repeatable. Default: those of config/trigenic.yaml.")
@click.option("--split", "splits", multiple=True, help="Repeatable. Default: those of config/trigenic.yaml.")
@click.option("--cores", type=click.IntRange(1), default=2, show_default=True)
@click.option("--limit-mb", type=float, default=12_288, show_default=True, help="Memory at which a stage is ended.")
def main(
    fraction: float,
    folder: Path,
    until: str,
    models: tuple[str, ...],
    splits: tuple[str, ...],
    cores: int,
    limit_mb: float,
) -> None:
    """Write the tables once, run the workflow on them, and keep what every stage took."""
    mirror, counted = folder / "mirror", folder / "rows.json"
    folder.mkdir(parents=True, exist_ok=True)
    stages: list[Stage] = []
    if not counted.exists():
        start, used = time.perf_counter(), time.process_time()
        rows = write_tables(mirror, fraction)
        seconds, cpu = time.perf_counter() - start, time.process_time() - used
        stages.append(Stage("simulate the tables", seconds, cpu, peak_mb(), FINISHED))
        link_upstream(mirror)
        write_json({"fraction": fraction, "rows": rows}, counted)
    written = json.loads(counted.read_text())
    if written["fraction"] != fraction:
        sys.exit(f"error: {folder} holds tables of the fraction {written['fraction']}; give another folder.")
    configuration = write_configuration(folder, list(models), list(splits))
    config = read_run_config(configuration)
    (entry,) = config.grid
    settings = {
        "cores": cores,
        "models": entry.models,
        "splits": entry.splits,
        "training": config.training.model_dump(mode="json"),
    }

    def ended(stage: Stage) -> None:
        stages.append(stage)
        keep(fraction, written["rows"], stages, settings)
        click.echo(f"{stage.name}: {stage.seconds:.1f} s, {stage.peak_mb:.0f} MiB, {stage.ended}", err=True)

    command = workflow_command(configuration, targets(until, config), cores)
    status = watch(command, folder, {**os.environ, "PIPELINE_MIRROR": str(mirror.resolve())}, limit_mb, ended)
    draw(keep(fraction, written["rows"], stages, settings), FOLDER / f"{RUN}.svg")
    if status:
        click.echo(
            f"Snakemake ended with status {status}; what finished is kept, and the same command goes on.", err=True
        )
    sys.exit(status)


if __name__ == "__main__":
    main()
