"""The reference page of the configuration, made from the typed settings."""

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline_lib.config.loading import RunConfig

_HEAD = """# Configuration

Every key of a run's YAML file. This page is made from the typed settings (`make config-docs`; a test keeps it in
step), and so is the JSON schema `workflow/schemas/config.schema.json` that editors can check a file with.

| file | run |
|---|---|
| `config.yaml` | the yeast run: real screens, yeast-GEM, networks (default of `snakemake --cores all`) |
| `own_screen.yaml` | the base for a screen of your own on the yeast cell: six models, two splits |
| `quickstart.yaml` | a simulated screen of the E. coli core model that ships inside cobra; needs no network |
| `ecoli.yaml` | another organism: your screen of E. coli, the model iJO1366, your table of its genes |
| `metabolism.yaml` | label-split run on observations with at least one metabolic gene: what metabolism is worth |
| `trigenic.yaml` | the full digenic and trigenic tables, for a machine that can download them |
| `every_model.yaml` | every model on every split, trained as long as in the yeast run, into its folder |
| `collins2007.yaml` | the E-MAP alone, every observation: three seeds, ten repeats of the unseen genes |
| `kuzmin2018_calls.yaml` | called trigenic interactions beside the E-MAP: three seeds, five repeats of the queries |
| `kuzmin_tau.yaml` | the real trigenic scores alone: what the other screens are worth to them |
| `dna_repair.yaml` | models of BFG-GI and St Onge 2007 tested on the E-MAP, the other direction of `config.yaml` |
| `essentiality.yaml` | essential genes of the metabolic model, on genes that no model was fitted on: five repeats |
| `dango.yaml` | DANGO as published, as released and without pretraining on the E-MAP, with its paper's steps |
| `full.yaml` | every model, every split, three seeds: a night or a cluster |
| `ci.yaml` | the yeast run with short trainings |
| `sources.yaml` | the catalogue of upstream files: address, sha256, licence, citation |

A file may name another under `base:` and give only what differs; mappings are merged key by key, and a key set to
`null` in a mapping of names (screens, networks, simulation) takes that entry away. An entry that names its `reader`
replaces the one below it whole. The description is not taken over.

## Bring your own screen

```yaml
base: config/own_screen.yaml
run: our-lab
screens:
  our_lab:
    reader: table
    files: {table: data/our_screen.csv}
    columns: {gene1: gene_a, gene2: gene_b, value: epsilon}
```

`python -m pipeline_lib config check our_lab.yaml` reads the table, makes the splits and lists everything that is wrong,
in seconds. Files of your own are inputs by content: a replaced file reruns what depends on it, whatever its time stamp.
"""


def reference_page() -> str:
    """Return the page as markdown: one section a model, one row a key."""
    parts = [_HEAD, *_sections(RunConfig, "Top level", "", seen=set())]
    return "\n".join(parts).rstrip() + "\n"


def _sections(model: type[BaseModel], title: str, prefix: str, seen: set[type[BaseModel]]) -> Iterator[str]:
    seen.add(model)
    yield f"## {title}\n"
    if model.__doc__:
        yield " ".join(model.__doc__.split()) + "\n"
    yield "| key | type | default | what |\n|---|---|---|---|"
    nested: list[tuple[type[BaseModel], str]] = []
    for name, field in model.model_fields.items():
        cells = (
            f"`{prefix}{name}`",
            _cell(_type_name(field.annotation)),
            _default(field),
            _cell(field.description or ""),
        )
        yield f"| {' | '.join(cells)} |"
        keyed = typing.get_origin(field.annotation) is dict
        path = f"{prefix}{name}.<name>." if keyed else f"{prefix}{name}."
        nested += [(child, path) for child in _children(field.annotation) if child not in seen]
    yield ""
    for child, path in nested:
        if child not in seen:
            yield from _sections(child, f"`{path.rstrip('.')}`", path, seen)


def _children(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [child for argument in typing.get_args(annotation) for child in _children(argument)]


_PLAIN = {"str": "text", "int": "integer", "float": "number", "bool": "yes or no", "NoneType": "null"}


def _type_name(annotation: Any) -> str:  # noqa: ANN401
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        name = getattr(annotation, "__name__", str(annotation))
        return _PLAIN.get(name, name)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    names = [_type_name(argument) for argument in arguments]
    if origin is typing.Annotated:
        return names[0]
    if origin is list:
        return f"list of {names[0]}"
    if origin is dict:
        return f"mapping of {names[0]} to {names[1]}"
    return " or ".join(dict.fromkeys(names))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value is PydanticUndefined:
        return "see below"
    return f"`{value}`" if value not in (None, "", [], {}) else "none"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
