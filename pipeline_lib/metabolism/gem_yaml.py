"""Read the YAML layout of RAVEN and cobra (``!!omap``) without cobra."""

import re
from typing import Any

import yaml

from pipeline_lib.config.yaml_text import load_yaml
from pipeline_lib.errors import PipelineError

_SCALAR = r'(?:"[^"\\\n]*+"|-?\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)'
_RAVEN = re.compile(
    rf"""
    ---\n!!omap\n
    -\ metaData:\n(?:\ {{4}}\w++:\ {_SCALAR}\n)*+
    (?:-\ (?:metabolites|reactions|genes):\n
        (?:\ {{4}}-\ !!omap\n
           (?:\ {{6}}-\ \w++:(?:\ {_SCALAR}|\ !!omap)?+\n
              (?:\ {{10}}(?:\ {{4}})*+-\ (?:[\w.\-]++:(?:\ {_SCALAR})?+|{_SCALAR})\n)*+
           )*+
        )*+
    )*+
    (?:-\ compartments:\ !!omap\n(?:\ {{4}}-\ \w++:\ {_SCALAR}\n)*+)?+
    """,
    re.VERBOSE,
)
"""Exactly what RAVEN's writeYAMLmodel writes; a file with anything else goes to the general loader."""

_SECTION = re.compile(r"^- (metabolites|reactions|genes):\n((?: .*\n)*+)", re.MULTILINE)
_FIELD = re.compile(r"^(?:    - !!omap|      - (\w+):(?: (.+))?)\n((?: {10}.*\n)*+)", re.MULTILINE)
_PAIR = re.compile(r"- ([^:\n]+): (\S+)\n")
_ITEM = re.compile(r'- "?([^"\n]+)"?\n')
_SECTIONS = ("metabolites", "reactions", "genes")
_IGNORED = {"annotation", "references", "eccodes", "rxnNotes", "smiles", "confidence_score", "notes"}

Entry = dict[str, Any]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's loader with the floats of YAML 1.2: plain PyYAML reads ``1e-05`` as a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def parse_gem_yaml(text: str, where: str) -> dict[str, Any]:
    """Parse a model in YAML.

    The layout that RAVEN writes (which yeast-GEM is published in) is taken apart by regular expressions, in a
    twentieth of libyaml's time; every line of the file has to match that layout, and any other file goes through
    libyaml.

    Parameters
    ----------
    text
        The file's content.
    where
        Its name, for the error.

    Returns
    -------
    dict
        ``id`` (str) and ``metabolites``, ``reactions``, ``genes``: lists of dictionaries from field to value;
        annotations and notes are left out.

    Raises
    ------
    PipelineError
        When the text is not YAML or not a model.
    """
    if _RAVEN.fullmatch(text):
        content = parse_raven(text)
        _require_sections(content, where)
        return content
    return parse_any(text, where)


def parse_raven(text: str) -> dict[str, Any]:
    """Parse a model that matches RAVEN's layout line by line (`parse_gem_yaml` has checked that)."""
    identifier = re.search(r'^    id: "(.*)"$', text[: text.find("\n- ", 20)], re.MULTILINE)
    sections = {name: _raven_entries(body) for name, body in _SECTION.findall(text)}
    return {"id": identifier[1] if identifier else "", **sections}


def _raven_entries(body: str) -> list[Entry]:
    entries: list[Entry] = []
    for key, scalar, block in _FIELD.findall(body):
        if not key:
            entries.append({})
        elif key in _IGNORED:
            continue
        elif key == "metabolites":
            entries[-1][key] = {name: _value(number) for name, number in _PAIR.findall(block)}
        elif block:
            entries[-1][key] = _ITEM.findall(block)
        else:
            entries[-1][key] = _value(scalar) if scalar else None
    return entries


def _value(scalar: str) -> str | float:
    return scalar[1:-1] if scalar.startswith('"') else float(scalar)


def parse_any(text: str, where: str) -> dict[str, Any]:
    """Parse a model in any YAML layout of sections, entries and fields, through libyaml.

    Raises
    ------
    PipelineError
        When the text is not YAML or not a model.
    """
    loaded = load_yaml(text, where, _Loader)
    try:
        content = _plain(loaded)
    except (RecursionError, TypeError) as error:
        raise PipelineError(f"{where} is no metabolic model: a part holds itself or is named by a list.") from error
    _require_sections(content, where)
    named = content["metaData"] if isinstance(content.get("metaData"), dict) else content
    sections = {name: _entries(content.get(name), name, where) for name in _SECTIONS}
    return {"id": str(named.get("id", "")), **sections}


def _require_sections(content: Any, where: str) -> None:  # noqa: ANN401 - whatever the file holds
    missing = [name for name in _SECTIONS if not isinstance(content, dict) or name not in content]
    if missing:
        raise PipelineError(
            f"{where} is no whole metabolic model: section '{missing[0]}' is missing; fetch the file anew."
        )


def _entries(section: Any, name: str, where: str) -> list[Entry]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(section, list) or not all(isinstance(entry, dict) for entry in section):
        raise PipelineError(f"{where}: section '{name}' is not a list of entries with fields.")
    return [{key: value for key, value in entry.items() if key not in _IGNORED} for entry in section]


def _plain(node: Any) -> Any:  # noqa: ANN401
    """Turn ordered maps (lists of pairs, as PyYAML gives them) into dictionaries, all the way down."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        if node and all(isinstance(item, tuple) for item in node):
            return {key: _plain(value) for key, value in node}
        return [_plain(item) for item in node]
    return node
