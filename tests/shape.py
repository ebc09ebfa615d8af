"""Count the modules of the library and their lines: ``python -m tests.shape``.

ARCHITECTURE.md states what it printed and when; `tests.docs.test_code_style` lets neither count grow.
"""

import ast
import io
import sys
import tokenize
from pathlib import Path
from statistics import median
from typing import NamedTuple

GOAL = 250
"""Lines that a module is to have at most."""

_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


class Module(NamedTuple):
    """A file and its lines: all, and those of code, without docstrings, comments and blank lines."""

    path: Path
    lines: int
    code: int


def modules(library: Path) -> list[Module]:
    """Return the modules of a package that hold more than a docstring, the longest first."""
    found = [_counted(path) for path in library.rglob("*.py")]
    return sorted((module for module in found if module.code), key=lambda module: -module.lines)


def _counted(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        # Docstrings, those of attributes and constants among them.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            code.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return Module(path, len(text.splitlines()), len(code))


def main() -> None:
    """Print the counts."""
    library = Path("pipeline_lib")
    found = modules(library)
    print(f"{len(list(library.rglob('*.py')))} files, {len(found)} of them more than a docstring")  # noqa: T201
    for name, lines in (("all", [one.lines for one in found]), ("code", [one.code for one in found])):
        above = sum(count > GOAL for count in lines)
        print(f"{name:4} lines: {sum(lines):,}, median {median(lines):g}, above {GOAL}: {above}, most {max(lines)}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
