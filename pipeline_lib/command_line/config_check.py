"""``clp config``: check a run before it starts, write its JSON schema and its reference page.

Own tables are read and split by the same commands as in the run. Published files are held to their checksums when they
are fetched; of them only the place is looked at.
"""

import contextlib
import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from pipeline_lib.artefacts.atomic import write_text
from pipeline_lib.command_line.plan import own_tables, plan_run
from pipeline_lib.command_line.workflow import Workflow, as_json
from pipeline_lib.config.command_options import json_option, print_json
from pipeline_lib.config.loading import RunConfig
from pipeline_lib.config.reference import reference_page
from pipeline_lib.config.section import SIMULATED, ConfigurationError, read_mapping
from pipeline_lib.errors import PipelineError

_MOST_BYTES = 100_000_000
"""Own tables larger than this (about 2 million rows of text) are not read as a whole."""


@dataclass
class Checked:
    """What a check found.

    Attributes
    ----------
    faults
        One sentence for everything that would end the run.
    plan
        The run in a few lines: (what, how much of it).
    notes
        What will be left out, and what could not be checked.
    """

    faults: list[str] = field(default_factory=list)
    plan: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_run(path: Path) -> Checked:
    """Check a run's YAML file and the files of the user that it names."""
    try:
        flow = plan_run(read_mapping(path), str(path), [path])
    except PipelineError as error:
        return Checked(faults=list(error.sentences))
    checked = Checked()
    _check_sources(flow, checked)
    faults = [*_network_faults(flow), *_feature_faults(flow), *_model_faults(flow)]
    checked.faults += [f"{path}: {fault}" for fault in faults]
    _describe(flow, checked)
    if not checked.faults:
        with tempfile.TemporaryDirectory() as folder:
            _check_tables(flow, Path(folder), str(path), checked)
    return checked


def _check_sources(flow: Workflow, checked: Checked) -> None:
    """Count the published files by where they will come from."""
    used, mirror = flow.used_sources, flow.mirror
    # A collection is a folder.
    copies = [name for name in used if mirror and (Path(mirror) / name).exists()]
    archived = [
        name
        for name in set(used) - set(copies)
        if mirror and (Path(mirror) / str(flow.catalogue[name].get("archive"))).is_file()
    ]
    fetched = sorted(set(used) - set(copies) - set(archived))
    for name in fetched:
        entry = flow.catalogue[name]
        if not entry.get("url") and not flow.catalogue.get(entry.get("archive"), {}).get("url"):
            checked.faults.append(f"source '{name}' of {flow.run.catalogue} is in no mirror and has no url.")
    parts = [f"{len(copies) + len(archived)} of the mirror {mirror}"] if copies or archived else []
    parts += [f"{len(fetched)} to be fetched"] if fetched else []
    parts += [f"{len(flow.own_files)} of your own"] if flow.own_files else []
    checked.plan.append(("files", ", ".join(parts) or "none: all is simulated"))


def _here(flow: Workflow, value: str | None) -> str | None:
    """Return the path of a configured file that is on this machine already, None where it is not."""
    if value is None or value.startswith(SIMULATED):
        return None
    if value not in flow.catalogue:
        return value
    copy = Path(flow.mirror) / value
    return str(copy) if flow.mirror and copy.is_file() else None


def _network_faults(flow: Workflow) -> Iterator[str]:
    for name in flow.networks:
        settings = flow.run.networks[name]
        files = {role: _here(flow, value) for role, value in settings.files.items()}
        if not any(map(flow.is_own, settings.files.values())) or None in files.values():
            continue
        from pipeline_lib.networks.edges import read_network

        try:
            read_network({role: Path(str(path)) for role, path in files.items()}, settings)
        except PipelineError as error:
            yield f"network '{name}': {error}"


def _feature_faults(flow: Workflow) -> Iterator[str]:
    """Read every feature table of the user; what its reader computes from the metabolic model has no file."""
    for name, settings in flow.run.features.items():
        if not any(map(flow.is_own, settings.files.values())):
            continue
        files = {role: _here(flow, value) for role, value in settings.files.items()}
        if None in files.values():
            continue
        from pipeline_lib.features.building import read_raw_features

        try:
            read_raw_features({role: Path(str(path)) for role, path in files.items()}, settings)
        except PipelineError as error:
            yield f"feature table '{name}': {error}"


def _model_faults(flow: Workflow) -> Iterator[str]:
    """Read a metabolic model that no checksum vouches for, and put it on the media of the run."""
    settings = flow.run.metabolism
    path = _here(flow, settings.gem)
    plain = settings.medium == "model" and not settings.background and not flow.screen_media
    if path is None or (settings.gem in flow.catalogue and plain):
        return
    from pipeline_lib.metabolism.medium import media_table
    from pipeline_lib.metabolism.model.gem import read_gem, with_background

    try:
        media_table(with_background(read_gem(path), settings.background), settings.medium, flow.screen_media)
    except PipelineError as error:
        yield f"key 'metabolism': {error}"


def _describe(flow: Workflow, checked: Checked) -> None:
    run, jobs = flow.run, flow.jobs
    fits = Counter(split for _, split, _ in jobs)
    networks = flow.networks
    screens = ", ".join(f"{name} ({screen.reader})" for name, screen in run.screens.items())
    checked.plan[:0] = [
        ("results", f"{flow.results}/report.html"),
        ("screens", screens),
        ("networks", f"{len(networks)}: {', '.join(networks)}" if networks else "none"),
        ("models", ", ".join(dict.fromkeys(model for model, _, _ in jobs))),
        ("splits", ", ".join(f"{split} ({n} fits)" for split, n in fits.items())),
        ("fits", f"{len(jobs)}"),
    ]
    unused = [name for name in run.splits.names if name not in fits]
    if unused:
        checked.notes.append(f"splits without a model in the grid: {', '.join(unused)}.")
    if run.reporting.model not in {model for model, _, _ in jobs}:
        checked.notes.append(f"the report is about the model '{run.reporting.model}', which is not in the grid.")
    left_out = [name for name in run.networks if name not in networks]
    if left_out:
        checked.notes.append(f"networks that cell.networks leaves out: {', '.join(left_out)}.")
    for name in own_tables(flow):
        screen = run.screens[name].model_dump()
        for key, follows in (("unit", "axes and tables show its values without one"), ("calls", "nothing is called")):
            if screen.get(key) is None:
                checked.notes.append(f"screen '{name}' states no {key}: {follows}.")


def _check_tables(flow: Workflow, folder: Path, where: str, checked: Checked) -> None:
    """Read the own tables and make the splits in `folder`, as the run will."""
    tables = own_tables(flow)
    others = [name for name in flow.run.screens if name not in tables]
    large = [name for name in tables if Path(flow.run.screens[name].files["table"]).stat().st_size > _MOST_BYTES]
    if others:
        checked.notes.append(f"not read: {', '.join(others)} (published or simulated).")
    if large:
        checked.notes.append(f"not read: {', '.join(large)} (more than {_MOST_BYTES // 1_000_000} MB).")
    readable = [name for name in tables if name not in large]
    genes = folder / "genes.parquet"
    try:
        if not readable or not _write_genes(flow, genes, checked):
            return
    except PipelineError as error:
        checked.faults.append(f"{where}: {error}")
        return
    read = [name for name in readable if _read_table(flow, name, genes, folder, where, checked)]
    if read == list(flow.run.screens):
        _make_splits(flow, read, genes, folder, where, checked)
    elif not checked.faults:
        checked.notes.append("not made: the splits, for which every screen must be read.")


def _write_genes(flow: Workflow, output: Path, checked: Checked) -> bool:
    run = flow.run
    named = {"gem": run.metabolism.gem, "gene-table": run.organism.genes, "essential": run.organism.essential}
    files = {name: _here(flow, value) for name, value in named.items() if value is not None}
    absent = [str(named[name]) for name, path in files.items() if path is None]
    if absent:
        checked.notes.append(f"not read: your tables, before {', '.join(absent)} is fetched.")
        return False
    _run("cell", ["genes", *(f"--{name}={path}" for name, path in files.items()), "--output", str(output)])
    return True


def _read_table(flow: Workflow, name: str, genes: Path, folder: Path, where: str, checked: Checked) -> bool:
    screen = flow.run.screens[name]
    files = [f"--file={role}={path}" for role, path in screen.files.items()]
    outputs = ["--output", str(folder / f"{name}.parquet"), "--rejected", str(folder / f"{name}.rejected.parquet")]
    settings = ["--settings", as_json({name: screen})]
    try:
        messages = _run("screens", ["read", *settings, "--name", name, "--genes", str(genes), *files, *outputs])
    except PipelineError as error:
        checked.faults.append(f"{where}: {error}")
        return False
    checked.plan.append(("read", "; ".join(line.strip() for line in messages.splitlines())))
    return True


def _make_splits(
    flow: Workflow, screens: Sequence[str], genes: Path, folder: Path, where: str, checked: Checked
) -> None:
    from pipeline_lib.artefacts.tables import read_table

    observations = folder / "observations.parquet"
    parts = [f"--screen-table={folder / name}.parquet" for name in screens]
    rest = ["--rejected", str(folder / "rejected.parquet"), "--aggregated", str(folder / "aggregated.parquet")]
    _run("screens", ["combine", "--genes", str(genes), *parts, "--observations", str(observations), *rest])
    total = len(read_table(observations, columns=["observation_id"]))
    for split in flow.run.splits.names:
        output = folder / "split.parquet"
        settings = json.dumps(flow.run.splits.model_dump(mode="json"))
        options = ["--settings", settings, "--name", split, "--observations", str(observations), "--genes", str(genes)]
        try:
            _run("cell", ["split", *options, "--output", str(output), "--leakage", str(folder / "leakage.parquet")])
        except PipelineError as error:
            checked.faults.append(f"{where}: {error}")
            continue
        folds = read_table(output, columns=["fold"])["fold"].value_counts()
        counts = ", ".join(f"{fold} {folds[fold]:,}" for fold in ("train", "validation", "test"))
        checked.plan.append((split, f"{counts}, left out {total - folds.sum():,}"))


def _run(stage: str, arguments: Sequence[str]) -> str:
    """Run one of the pipeline's commands in this process; return what it printed."""
    from pipeline_lib.__main__ import app

    printed, progress = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(progress):
        app.main([stage, *arguments], standalone_mode=False)
    return printed.getvalue()


@click.group()
def app() -> None:
    """Check a configuration; write its JSON schema and reference."""


@app.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def check(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check runs before they start: say everything that is wrong, else the plan in a few lines.

    The exit status is 1 when a run would fail. Tables of your own are read and split as the run will do it.
    """
    found = {path: check_run(path) for path in files}
    faults = [fault for checked in found.values() for fault in checked.faults]
    if as_json:
        print_json([{"file": str(path), **asdict(checked)} for path, checked in found.items()])
    for path, checked in found.items():
        if checked.faults or as_json:
            continue
        click.echo(f"{path}: good.")
        for what, text in checked.plan:
            click.echo(f"  {what:<18} {text}")
        for note in checked.notes:
            click.echo(f"  note: {note}")
    if faults:
        raise ConfigurationError(faults)


@app.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="JSON file to write.")
def schema(output: Path) -> None:
    """Write the JSON schema that editors complete and check run files with."""
    write_text(json.dumps(RunConfig.model_json_schema(), indent=2) + "\n", output)


@app.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Page to write.")
def reference(output: Path) -> None:
    """Write the page that lists every key (config/README.md)."""
    write_text(reference_page(), output)
