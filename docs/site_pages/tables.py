"""The reference of the tables of a run, from the schemas that check them."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema

_HEAD = """# Tables of a run

Every table under `results/<run>/` is checked against a contract when it is written and when it is read. The columns
below are always there, in this order; others may follow. All tables are Apache Parquet: `pandas.read_parquet` and
`polars.read_parquet` read them. What the values of a column mean stands in the sentence below its table; what each file
is for is listed in the [folder of a run](run_folder.md).
"""


def tables_page(package: Path, files: Mapping[str, str]) -> str:
    """Write the columns of every table as Markdown.

    Parameters
    ----------
    package
        Folder of the library; every ``schemas.py`` below it is read.
    files
        Path of an artefact below ``results/<run>/`` by the name of its schema in lower case.
    """
    parts = [_HEAD]
    for name, schema, text in schemas_of(package):
        path = files.get(name.lower())
        parts += [
            f"## {schema.name}",
            f"`{path}`" if path else "",
            _columns(schema.columns),
            text.replace("``", "`").replace("<", "&lt;"),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def schemas_of(package: Path) -> Iterator[tuple[str, TableSchema, str]]:
    """Walk the table schemas of a package: the constant's name, the schema, and the text that stands below it."""
    for path in sorted(package.rglob("schemas.py")):
        dotted = ".".join((package.name, *path.relative_to(package).with_suffix("").parts))
        module = importlib.import_module(dotted)
        texts = _attribute_texts(path)
        for name, value in vars(module).items():
            if isinstance(value, TableSchema) and name in texts:
                yield name, value, texts[name]


def _attribute_texts(path: Path) -> dict[str, str]:
    """Return every constant that a module assigns, with the string that follows it (empty: none does)."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = {}
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            text = following.value if isinstance(following, ast.Expr) else None
            found[statement.targets[0].id] = str(text.value) if isinstance(text, ast.Constant) else ""
    return found


def _columns(columns: Mapping[str, pa.Column]) -> str:
    rows = [f"| `{name}` | {_type(column)} | {_values(column)} |" for name, column in columns.items()]
    return "\n".join(["| column | type | values |", "|---|---|---|", *rows])


def _type(column: pa.Column) -> str:
    name = str(column.dtype) if column.dtype is not None else ""
    return {"str": "text", "object": "list of text"}.get(name, name)


def _values(column: pa.Column) -> str:
    facts = [_check(check) for check in column.checks]
    facts += ["each once"] if column.unique else []
    facts += ["may be missing"] if column.nullable else []
    return "; ".join(facts)


def _check(check: pa.Check) -> str:
    given = check.statistics or {}
    match check.name:
        case "isin":
            values = sorted(given["allowed_values"], key=str)
            return ", ".join(f"`{value}`" if value != "" else "empty" for value in values)
        case "greater_than_or_equal_to":
            return f"at least {given['min_value']}"
        case "in_range":
            return f"{given['min_value']} to {given['max_value']}"
        case "not_equal_to":
            return f"not {given['value']}"
        case _:
            return str(check.name)
