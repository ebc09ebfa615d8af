"""``clp config``: check a configuration, write its JSON schema and its reference page."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipeline_lib.artefacts.atomic import write_text
from pipeline_lib.config.faults import ConfigurationError
from pipeline_lib.config.printed_rows import json_option, print_json
from pipeline_lib.config.reference import reference_page
from pipeline_lib.config.run import RunConfig


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
    from pipeline_lib.command_line.config_check import check_run

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
