"""The reference of the command line, from the commands themselves."""

import re
from collections.abc import Iterator

import click

from pipeline_lib.config.section import PROJECT

PROGRAM = "clp"

_HEAD = f"""# Command line

`{PROGRAM}`, the same as `python -m pipeline_lib`, has one command a stage of the pipeline, in the order in which the
data flow; every rule of the workflow calls one of them. `{PROGRAM} STAGE COMMAND --help` prints what stands here.
"""


def command_line_page(root: click.Command) -> str:
    """Write every command of a tree as Markdown: its help, its usage, and a table of its options.

    Parameters
    ----------
    root
        The root command; groups are walked in the order in which they list their commands.
    """
    parts = [_HEAD]
    for path, command in commands_of(root):
        level = "##" if len(path) == 1 else "###"
        parts += [f"{level} `{' '.join(path)}`", _help(command)]
        if not isinstance(command, click.Group):
            parts += [_usage(path, command), _options(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def commands_of(root: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Walk the commands below `root` with their words, a group before its members."""
    context = click.Context(root)
    for name in root.list_commands(context) if isinstance(root, click.Group) else []:
        command = root.get_command(context, name)  # type: ignore[attr-defined]
        if command is None or command.hidden:
            continue
        yield (name,), command
        yield from (((name, *path), member) for path, member in commands_of(command))


def _help(command: click.Command) -> str:
    return re.sub(r"[ \t]+", " ", _text(command.help or "").replace("\b", "")).strip()


def _usage(path: tuple[str, ...], command: click.Command) -> str:
    pieces = " ".join(command.collect_usage_pieces(click.Context(command)))
    return f"```text\n{PROGRAM} {' '.join(path)} {pieces}\n```"


def _options(command: click.Command) -> str:
    context = click.Context(command)
    rows = []
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        value = "" if parameter.is_flag else f" `{parameter.make_metavar(context)}`"
        rows.append(f"| {names}{value} | {_default(parameter)} | {_cell(parameter.help or '')} |")
    return "\n".join(["| option | default | meaning |", "|---|---|---|", *rows]) if rows else ""


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    shown = option.to_info_dict()["default"]
    if option.is_flag or shown in (None, (), "") or callable(shown):
        return ""
    # A path of this checkout is a path of every checkout.
    return f"`{str(shown).removeprefix(f'{PROJECT}/')}`"


def _cell(text: str) -> str:
    return " ".join(_text(text).split()).replace("|", r"\|")


def _text(text: str) -> str:
    """Return a text in which nothing is read as markup but code."""
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace("*", r"\*").replace("_", r"\_")
        for part in re.split(r"(`+[^`]*`+)", text)
    )
