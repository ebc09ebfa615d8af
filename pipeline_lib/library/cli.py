"""``clp results``: what a finished run found."""

from pathlib import Path

import click

from pipeline_lib.config.printed_rows import json_option, print_json, print_rows

_run_option = click.option(
    "--run-folder",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the run: results/<run>.",
)


@click.group()
def app() -> None:
    """Show what a finished run found: verdict, tables, fitted models."""


@app.command("verdict")
@_run_option
@json_option
def verdict_command(run_folder: Path, *, as_json: bool) -> None:
    """Print the verdict, the three best predictions and where the report is."""
    from pipeline_lib.library.run import Run
    from pipeline_lib.library.verdict import verdict_of

    verdict = verdict_of(Run(run_folder))
    if as_json:
        print_json(verdict.as_json())
        return
    for line in verdict.lines():
        click.echo(line)


@app.command("models")
@_run_option
@json_option
def models_command(run_folder: Path, *, as_json: bool) -> None:
    """List the fitted models of a run: model, split, seed, seconds."""
    from pipeline_lib.library.run import Run

    rows = Run(run_folder).models.to_dict("records")
    print_rows([{str(key): value for key, value in row.items()} for row in rows], as_json=as_json)


@app.command("table")
@click.argument("name")
@_run_option
@click.option("--first", "rows", type=click.IntRange(1), help="Print the first rows alone. Default: all.")
@json_option
def table_command(name: str, run_folder: Path, rows: int | None, *, as_json: bool) -> None:
    """Print the table NAME of a run (leaderboard, scoreboard, differences, ...): csv, or JSON."""
    import json

    from pipeline_lib.library.run import Run

    table = Run(run_folder).table(name)
    if rows is not None:
        table = table.head(rows)
    if as_json:
        print_json(json.loads(table.to_json(orient="records")))
        return
    click.echo(table.to_csv(index=False), nl=False)
