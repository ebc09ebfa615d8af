"""Rows that a command prints: a table for people, or JSON for programs.

The list of readers of networks or of feature tables, as a command prints it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from pipeline_lib.config.registry import Layout, Registry

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table.")
"""Adds ``--json``."""

WIDTH = 160
"""Columns of a table that is not printed on a terminal."""


def print_json(content: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Print JSON on the standard output."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows of the same keys; a list is one cell, a number has its thousands set off, None is empty."""
    if as_json:
        print_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    console = Console()
    console.print(table, width=None if console.is_terminal else WIDTH, markup=False)


def _cell(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def print_layouts(readers: Registry[Layout], *, as_json: bool) -> None:
    """Print each reader, the roles of its files, the layout that it understands, and the package that it is from."""
    layouts = {name: readers.get(name) for name in readers.names()}
    rows = [
        {
            "reader": name,
            "files": list(layout.roles) if as_json else " + ".join(layout.roles),
            "what it reads": layout.what,
            "package": readers.package_of(name),
        }
        for name, layout in layouts.items()
    ]
    print_rows(rows, as_json=as_json)
