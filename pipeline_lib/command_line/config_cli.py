"""``python -m pipeline_lib config``: check a configuration, write its JSON schema and its reference page."""

import json
from pathlib import Path

import click

from pipeline_lib.artefacts.atomic import write_text
from pipeline_lib.config.loading import read_run_config
from pipeline_lib.config.reference import reference_page
from pipeline_lib.config.run import RunConfig


@click.group()
def app() -> None:
    """Check a configuration; write its JSON schema and reference."""


@app.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check run configurations and say what is wrong with the first bad one."""
    for path in files:
        config = read_run_config(path)
        click.echo(f"{path}: run '{config.run}', {len(config.screens)} screens, {len(config.networks)} networks: good.")


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
