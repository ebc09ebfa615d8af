"""``python -m pipeline_lib sources``: fetch upstream files, lock them, fill a mirror."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipeline_lib.artefacts.atomic import write_json
from pipeline_lib.config.command_options import json_option, print_rows
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, read_catalogue
from pipeline_lib.sources.download import Patience
from pipeline_lib.sources.fetch import DEFAULT_ARCHIVES, DEFAULT_RECORDED, Fetcher, RecordedSums, collect_records
from pipeline_lib.sources.upstream_file import default_mirror

_catalogue_option = click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    default=DEFAULT_CATALOGUE,
    show_default=True,
    help="The catalogue of upstream files.",
)
_mirror_option = click.option(
    "--mirror",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of copies, tried before the network. Default: PIPELINE_MIRROR, else ../shared/data where it exists.",
)


def _network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every command that downloads has in common."""
    options = (
        click.option(
            "--recorded",
            type=click.Path(path_type=Path),
            default=DEFAULT_RECORDED,
            show_default=True,
            help="Checksums recorded on first use, of sources whose checksum the catalogue does not know.",
        ),
        click.option("--attempts", type=click.IntRange(1, 20), default=4, show_default=True, help="Tries an address."),
        click.option(
            "--stall",
            type=click.FloatRange(0.1, 600),
            default=30.0,
            show_default=True,
            help="Seconds without progress after which a try ends.",
        ),
        click.option(
            "--wait",
            type=click.FloatRange(0, 60),
            default=1.0,
            show_default=True,
            help="Seconds before the second try; doubled for each further one.",
        ),
    )
    for option in options:
        command = option(command)
    return command


@click.group()
def app() -> None:
    """Fetch upstream files, verify them, fill a mirror.

    A source's name is its path in a mirror, for instance yeast-gem/yeast-GEM.yml.
    """


@app.command("fetch")
@click.argument("name")
@_catalogue_option
@_mirror_option
@_network_options
@click.option(
    "--archives",
    type=click.Path(path_type=Path),
    default=DEFAULT_ARCHIVES,
    show_default=True,
    help="Folder that keeps fetched archives for all their members.",
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Where the file goes.")
@click.option("--record", type=click.Path(path_type=Path), required=True, help="Where its record (JSON) goes.")
def fetch_command(
    name: str,
    catalogue: Path,
    mirror: Path | None,
    recorded: Path,
    archives: Path,
    attempts: int,
    stall: float,
    wait: float,
    output: Path,
    record: Path,
) -> None:
    """Fetch the source NAME: mirror first, then https; verified before it takes its place."""
    fetcher = Fetcher(
        catalogue=read_catalogue(catalogue),
        mirror=mirror or default_mirror(),
        recorded=RecordedSums(recorded),
        archives=archives,
        patience=Patience(attempts=attempts, wait=wait, stall=stall),
    )
    fetcher.fetch(name, output).write(record)


@app.command("fetch-collection")
@click.argument("name")
@_catalogue_option
@_mirror_option
@_network_options
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The folder that gets the files.")
@click.option("--record", type=click.Path(path_type=Path), required=True, help="Where their records (JSON) go.")
def fetch_collection_command(
    name: str,
    catalogue: Path,
    mirror: Path | None,
    recorded: Path,
    attempts: int,
    stall: float,
    wait: float,
    output: Path,
    record: Path,
) -> None:
    """Fetch every file of the collection NAME into a folder; files that are there and right are kept."""
    known = read_catalogue(catalogue)
    if name not in known.collections:
        raise PipelineError(
            f"the catalogue has no collection '{name}'; there are {', '.join(known.collections) or 'none'}."
        )
    fetcher = Fetcher(
        catalogue=known,
        mirror=mirror or default_mirror(),
        recorded=RecordedSums(recorded),
        patience=Patience(attempts=attempts, wait=wait, stall=stall),
    )
    files = {file: output / file.removeprefix(f"{name}/") for file in known.files_of(name)}
    records = [asdict(fetcher.ensure(file, target)) for file, target in files.items()]
    _remove_others(output, set(files.values()))
    write_json(records, record)


def _remove_others(folder: Path, wanted: set[Path]) -> None:
    """Delete what an earlier version of a collection left in its folder: a reader takes every file there."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path not in wanted:
            path.unlink()


@app.command("lock")
@click.option(
    "--record", "records", type=click.Path(path_type=Path), multiple=True, help="Record of one source; repeat it."
)
@click.option("--own", type=click.Path(path_type=Path), multiple=True, help="A file of your own; repeat it.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The lock file (JSON).")
def lock_command(records: tuple[Path, ...], own: tuple[Path, ...], output: Path) -> None:
    """Collect the records of fetched sources, and the checksums of files of your own, into one lock file."""
    write_json(collect_records(records, own), output)


@app.command("list")
@_catalogue_option
@_mirror_option
@json_option
def list_command(catalogue: Path, mirror: Path | None, *, as_json: bool) -> None:
    """List every source: size, whether its checksum is known, whether the mirror has it, licence."""
    folder = mirror or default_mirror()
    rows = []
    for name, source in sorted(read_catalogue(catalogue).sources.items()):
        copies = () if folder is None else (folder / name, folder / (source.archive or name))
        rows.append(
            {
                "source": name,
                "bytes": source.bytes,
                "sha256": "known" if source.sha256 else "first use",
                "mirror": any(copy.exists() for copy in copies),
                "licence": source.licence,
            }
        )
    print_rows(rows, as_json=as_json)


@app.command("mirror")
@click.argument("names", nargs=-1)
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="The mirror folder to fill.")
@_catalogue_option
@_network_options
def mirror_command(
    names: tuple[str, ...],
    folder: Path,
    catalogue: Path,
    recorded: Path,
    attempts: int,
    stall: float,
    wait: float,
) -> None:
    """Fill a mirror folder with NAMES (default: every source), on a machine that has a network.

    Files that are there and right are kept. An archive is mirrored whole; its members come out of it on use.
    """
    known = read_catalogue(catalogue)
    fetcher = Fetcher(
        catalogue=known,
        recorded=RecordedSums(recorded),
        patience=Patience(attempts=attempts, wait=wait, stall=stall),
    )
    files = [file for name in names or tuple(known.sources) for file in known.files_of(name)]
    wanted = sorted({known[file].archive or file for file in files})
    failures = []
    for name in wanted:
        try:
            record = fetcher.ensure(name, folder / name)
        except PipelineError as error:
            failures.append(str(error))
            click.echo(f"failed: {name}", err=True)
        else:
            click.echo(f"{name}  {record.bytes:,} bytes  sha256 {record.sha256}")
    if failures:
        raise PipelineError(f"{len(failures)} of {len(wanted)} sources could not be mirrored; the first: {failures[0]}")
