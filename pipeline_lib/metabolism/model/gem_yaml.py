"""Read the YAML layout of RAVEN and cobra (``!!omap``) without cobra."""

import re
from typing import Any, ClassVar

import yaml

from pipeline_lib.config.section import load_yaml
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.model_content import (
    DIRECTION_FIELDS,
    IGNORED,
    SECTIONS,
    TEXT_FIELDS,
    Entry,
    content_of,
    fields_of,
)

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
_NAMED = re.compile(r"^    (\w+): (.*)\n", re.MULTILINE)
_FIELD = re.compile(r"^(?:    - !!omap|      - (\w+):(?: (.+))?)\n((?: {10}.*\n)*+)", re.MULTILINE)
_PAIR = re.compile(r"^ {10}- ([^:\n]+): (\S+)\n", re.MULTILINE)
_ITEM = re.compile(r'^ {10}- "?([^"\n]+)"?\n', re.MULTILINE)

_MAP, _OMAP, _MERGE, _INT, _FLOAT, _BOOL = (
    f"tag:yaml.org,2002:{name}" for name in ("map", "omap", "merge", "int", "float", "bool")
)


class _ShapeError(Exception):
    """A part holds itself, or is named by something else than text."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's loader with the numbers of YAML 1.2, fields in order, and fields listed twice remembered.

    Plain PyYAML follows YAML 1.1: it reads ``1e-05`` as text, ``1_000`` and ``1:30`` as numbers, ``no`` as false, and
    of two equal fields the last.
    """

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in {_INT, _FLOAT, _BOOL}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_document(self, node: yaml.Node) -> Any:  # noqa: ANN401 - whatever the file holds
        return self._plain(node, set())

    def _plain(self, node: yaml.Node, holders: set[int], *, text: bool = False) -> Any:  # noqa: ANN401
        """Return the content of a node; scalars as they are written where `text` is wanted."""
        if isinstance(node, yaml.ScalarNode):
            if node.tag == _OMAP and not node.value:
                return {}
            written = text and node.tag in {_INT, _FLOAT, _BOOL}
            return node.value if written else self.construct_object(node)
        if id(node) in holders:
            raise _ShapeError
        within = holders | {id(node)}
        if node.tag in {_MAP, _OMAP}:
            return self._fields(node, within)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, within, text=text) for item in node.value]
        return self.construct_object(node, deep=True)

    def _fields(self, node: yaml.Node, within: set[int]) -> Entry:
        if isinstance(node, yaml.SequenceNode):
            if not all(isinstance(item, yaml.MappingNode) and len(item.value) == 1 for item in node.value):
                raise yaml.constructor.ConstructorError("an ordered map", node.start_mark, "needs one field an item")
            return fields_of([self._field(key, value, within) for item in node.value for key, value in item.value])
        if any(key.tag == _MERGE for key, _ in node.value):
            self.flatten_mapping(node)
            return dict(self._field(key, value, within) for key, value in node.value)
        return fields_of([self._field(key, value, within) for key, value in node.value])

    def _field(self, key: yaml.Node, value: yaml.Node, holders: set[int]) -> tuple[str, Any]:
        if not isinstance(key, yaml.ScalarNode):
            raise _ShapeError
        return key.value, self._plain(value, holders, text=key.value in TEXT_FIELDS)


_Loader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    _FLOAT,
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+.0123456789"),
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
        See `model_content.content_of`.

    Raises
    ------
    PipelineError
        When the text is not YAML or not a model.
    """
    content = parse_raven(text) if _RAVEN.fullmatch(text) else None
    return parse_any(text, where) if content is None else content


def parse_raven(text: str) -> dict[str, Any] | None:
    """Parse a model that matches RAVEN's layout line by line (`parse_gem_yaml` has checked that).

    Returns
    -------
    dict or None
        See `model_content.content_of`; None where a section is missing, a field or section
        stands there twice, or a value has another shape than RAVEN gives it: `parse_any` states what is wrong.
    """
    sections: dict[str, Any] = {}
    for name, body in _SECTION.findall(text):
        entries = _raven_entries(body)
        if entries is None or name in sections:
            return None
        sections[name] = entries
    named = dict(_NAMED.findall(text[: text.find("\n- ", 20) + 1]))
    if len(sections) < len(SECTIONS) or not named.keys().isdisjoint(DIRECTION_FIELDS):
        return None
    return {"id": named.get("id", "").strip('"'), "direction": "max", **sections}


def _raven_entries(body: str) -> list[Entry] | None:
    entries: list[Entry] = []
    entry: Entry = {}
    for key, scalar, block in _FIELD.findall(body):
        if not key:
            entry = {}
            entries.append(entry)
        elif key in IGNORED:
            continue
        elif key in entry or (scalar == "!!omap") != (key == "metabolites"):
            return None
        elif key == "metabolites":
            part = {name: _value(number) for name, number in _PAIR.findall(block)}
            if len(part) != block.count("\n"):
                return None
            entry[key] = part
        elif block:
            items = _ITEM.findall(block)
            if scalar or len(items) != block.count("\n"):
                return None
            entry[key] = items
        elif not scalar:
            entry[key] = None
        else:
            entry[key] = scalar.strip('"') if key in TEXT_FIELDS else _value(scalar)
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
    try:
        loaded = load_yaml(text, where, _Loader)
    except _ShapeError as error:
        raise PipelineError(f"{where} is no metabolic model: a part holds itself or is named by a list.") from error
    return content_of(loaded, where)
