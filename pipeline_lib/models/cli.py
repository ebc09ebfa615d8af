"""``clp models``: what can be trained."""

import click

from pipeline_lib.config.printed_rows import json_option, print_json, print_rows


@click.group()
def app() -> None:
    """List the models, those of installed packages too; show what one reads and its settings."""


@app.command("list")
@json_option
def list_models(*, as_json: bool) -> None:
    """List every model: its name, its family, what it is, and the package that it is from."""
    from pipeline_lib.config.model_registry import MODELS, entry_of, family_of, names

    rows = [
        {
            "model": name,
            "family": family_of(name),
            "what it is": entry_of(name).description,
            "package": MODELS.package_of(name),
        }
        for name in names()
    ]
    print_rows(rows, as_json=as_json)


@app.command("show")
@click.argument("name")
@json_option
def show(name: str, *, as_json: bool) -> None:
    """Show the model NAME: what it is, what it reads, its settings with their defaults, and its source."""
    from pipeline_lib.models.description import describe

    described = describe(name)
    if as_json:
        print_json(described)
        return
    settings = described.pop("settings")
    for key, value in described.items():
        text = ", ".join(f"{name} = {part}" for name, part in value.items()) if isinstance(value, dict) else value
        click.echo(f"{key.replace('_', ' '):<12} {text or 'none'}")
    click.echo(f"\nsettings of models.{described['section']}:" if settings else "\nit has no settings.")
    for row in settings:
        changed = "" if row["value"] == row["default"] else f", which this model sets to {row['value']}"
        click.echo(f"  {row['key']} (default {row['default']}{changed})")
        click.echo(click.wrap_text(row["what"], width=100, initial_indent="      ", subsequent_indent="      "))
