"""``python -m pipeline_lib models``: what can be trained."""

import click
from rich.console import Console
from rich.table import Table

from pipeline_lib.models.registry import FAMILIES


@click.group()
def app() -> None:
    """List the models and their settings."""


@app.command("list")
def list_models() -> None:
    """List every model: its name, its family and what it is."""
    table = Table("model", "family", "what it is")
    for family, entries in FAMILIES.items():
        for name, entry in entries.items():
            table.add_row(name, family, entry.description)
    Console(width=None if Console().is_terminal else 160).print(table)
