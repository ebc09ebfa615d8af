"""One vocabulary of options: a word means one kind of thing in every command; a printed table is to be had as JSON."""

import json
from collections import defaultdict
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from pipeline_lib.__main__ import STAGES, app


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from commands(below, (*path, name))


def kind(option: click.Option) -> str:
    """Return what an option takes: nothing, a path (or several, or one by name), a number, or else."""
    if option.is_flag:
        return "flag"
    if option.metavar and "=" in option.metavar:
        return option.metavar
    types = option.type.types if isinstance(option.type, click.Tuple) else [option.type]
    return "path" if all(isinstance(one, click.Path) for one in types) else "other"


def test_an_option_takes_one_kind_of_thing_in_every_command() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for _, command in commands(app):
        for option in command.params:
            if isinstance(option, click.Option):
                kinds[option.opts[0]].add(kind(option))
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}
    # A plain name is a name for people; a file of it has a name of its own.
    assert {kinds[name].pop() for name in ("--screen", "--split", "--model", "--phenotype")} == {"other"}


def test_genes_are_the_gene_table_wherever_they_are_asked_for() -> None:
    named = {
        path: option.help
        for path, command in commands(app)
        for option in command.params
        if isinstance(option, click.Option) and "--genes" in option.opts
    }
    assert len(named) > 20
    assert ("predict",) not in named
    assert all("gene" in (text or "").lower() and "genotype" not in (text or "").lower() for text in named.values())


@pytest.mark.parametrize(
    "command", ["sources list", "models list", "screens readers", "networks readers", "features readers"]
)
def test_every_list_is_to_be_had_as_json(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert len(rows) >= 5
    assert len({tuple(row) for row in rows}) == 1, "every row has the same keys"


def test_a_model_is_shown_with_what_it_changes_and_where_its_source_is() -> None:
    result = CliRunner().invoke(app, ["models", "show", "clp_undirected", "--json"])
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    settings = {row["key"]: row for row in shown["settings"]}
    assert shown["changes"] == {"hypergraph": "undirected"}
    assert (settings["hypergraph"]["default"], settings["hypergraph"]["value"]) == ("off", "undirected")
    assert all(row["what"] for row in shown["settings"])
    assert "pipeline_lib/models/clp/model.py:" in shown["source"]
    text = CliRunner().invoke(app, ["models", "show", "clp_no_flux"]).stdout
    assert "knockouts" not in text.split("settings of")[0]
    assert "which this model sets to False" in text


def test_a_model_that_nobody_has_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(app, ["models", "show", "clpp"])
    assert "did you mean 'clp'?" in str(result.exception)


def test_the_console_command_is_the_module(root) -> None:
    import tomllib

    from pipeline_lib.__main__ import main

    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"clp": f"{main.__module__}:{main.__name__}"}
    assert "results" in STAGES
