"""``clp models``: what can be trained, and a description of each model."""

import inspect
from typing import Any

import click
from pydantic import BaseModel

from pipeline_lib.config.command_options import json_option, print_json, print_rows
from pipeline_lib.config.model_registry import EXTENSIONS, MODELS, Entry, entry_of, family_of, section_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.registry import load


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


_FEATURES = {
    "none": "no feature tables",
    "used": "the feature tables of cell.features (by default those without genetic interactions)",
    "all": "every feature table that is configured",
}


def describe(name: str) -> dict[str, Any]:
    """Return the facts of a model.

    Parameters
    ----------
    name
        A name of the registry.

    Returns
    -------
    dict
        model, description, family, package, changes (settings unlike its class), reads, section
        (below ``models`` of a run's configuration), target (``module:class``), source (path and line), documentation
        (first line of the class), settings (list of key, default, value, what).

    Raises
    ------
    PipelineError
        When there is no model of that name.
    """
    entry = entry_of(name)
    found = load(entry.target)
    return {
        "model": name,
        "description": entry.description,
        "family": family_of(name),
        "package": MODELS.package_of(name),
        "changes": dict(entry.overrides),
        "reads": _reads(entry),
        "section": section_of(name),
        "target": entry.target,
        "source": f"{inspect.getsourcefile(found)}:{inspect.getsourcelines(found)[1]}",
        "documentation": (inspect.getdoc(found) or "").partition("\n")[0],
        "settings": _settings(name, entry),
    }


def _reads(entry: Entry) -> str:
    reads_growth = entry.knockouts and entry.overrides.get("flux", True)
    growth = f"; growth of knockouts by {entry.knockouts}" if reads_growth else ""
    return f"the training fold, gene networks and the metabolic model; {_FEATURES[entry.features]}{growth}"


def _settings(name: str, entry: Entry) -> list[dict[str, Any]]:
    family = family_of(name)
    kind = entry.settings if family == EXTENSIONS else ModelSettings.model_fields[section_of(name)].annotation
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return []
    rows = []
    for key, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True)
        rows.append(
            {
                "key": key,
                "default": default if not field.is_required() else "required",
                "value": entry.overrides.get(key, default),
                "what": " ".join((field.description or "").split()),
            }
        )
    return rows
