"""Hashes of the code that a command runs and of the user's own files: an edit reruns what it concerns and no more.

Snakemake reruns a rule when its parameters change, but does not see edits in the modules that a command imports.
Each rule therefore carries this hash as a parameter. The imports are read from the syntax trees, without running
anything; settings, the registries and error classes are left out, since a rule gets its settings and its model's entry
as parameters of their own. An entry in another package counts with what it imports of that package and of this one.

Snakemake reads the workflow at every start, and once more in each cluster job; to parse and compile all modules takes
a second, to read and hash their bytes a fiftieth of that.

Own files are inputs by content, so every start of Snakemake needs their sha256. What an earlier start worked out is
kept with the file's size, times and inode; a changed or replaced file has another time of change (ctime), which no
program can set back.
"""

import ast
import hashlib
import importlib.util
import json
import marshal
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType

from pipeline_lib.errors import PipelineError

PACKAGE_FOLDER = Path(__file__).resolve().parents[1]
PACKAGE = PACKAGE_FOLDER.name
_LEFT_OUT = tuple(
    f"{PACKAGE}.{module}" for module in ("config", "command_line", "errors", "extension", "__main__", "models.registry")
)


@cache
def code_hash(*entries: str) -> str:
    """Return a hash of everything that the entries import, directly or not.

    Parameters
    ----------
    entries
        ``package.module`` or ``package.module:function``; with a function, only what that function and the
        module's top level import.

    Returns
    -------
    str
        Twelve hexadecimal digits.

    Raises
    ------
    ValueError
        When an entry names no module or function.
    """
    digest = hashlib.sha256()
    modules: set[str] = set()
    for entry in sorted(entries):
        module, _, function = entry.partition(":")
        tree = _tree(module)
        if function:
            digest.update(ast.dump(_function(_without_docstrings(tree), function, entry)).encode())
            nodes: list[ast.AST] = [*_top_level(tree), _function(tree, function, entry)]
        else:
            modules.add(module)
            nodes = [tree]
        for node in nodes:
            for imported in set(_imports(node, module)):
                modules |= _closure(imported)
    for module in sorted(modules):
        digest.update(_module_digest(module))
    return digest.hexdigest()[:12]


@cache
def _closure(module: str) -> frozenset[str]:
    """Return the modules that `module` needs, itself included."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += _imports_of(name)
    return frozenset(found)


@cache
def _imports_of(module: str) -> frozenset[str]:
    return frozenset(_imports(_tree(module), module))


@cache
def _module_digest(module: str) -> bytes:
    """Return a digest of a module's name and of its compiled code; docstrings, remarks and blank lines do not count."""
    code = compile(_without_docstrings(_tree(module)), module, "exec", dont_inherit=True)
    # Version 2 of the format writes no references, which would depend on what else the process holds.
    return hashlib.sha256(module.encode() + marshal.dumps(_without_lines(code), 2)).digest()


def _without_lines(code: CodeType) -> CodeType:
    """Return the code without line numbers, all the way down."""
    constants = tuple(_without_lines(item) if isinstance(item, CodeType) else item for item in code.co_consts)
    return code.replace(co_consts=constants, co_linetable=b"", co_firstlineno=1)


@cache
def package_folder(package: str) -> Path | None:
    """Return the folder of another package, or the file of a module that stands alone, without importing it."""
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if found is None:
        return None
    if found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    return Path(found.origin) if found.origin and Path(found.origin).is_file() else None


@cache
def _path(module: str) -> Path | None:
    package, *below = module.split(".")
    folder = PACKAGE_FOLDER if package == PACKAGE else package_folder(package)
    if folder is None or folder.is_file():
        return None if below else folder
    base = folder.joinpath(*below)
    if below and base.with_suffix(".py").is_file():
        return base.with_suffix(".py")
    return base / "__init__.py" if (base / "__init__.py").is_file() else None


@cache
def _tree(module: str) -> ast.Module:
    path = _path(module)
    if path is None:
        raise ValueError(f"no module {module}")
    return ast.parse(path.read_text(encoding="utf-8"))


def _top_level(tree: ast.Module) -> list[ast.stmt]:
    """Return what every command of a module shares: its statements and its private functions."""
    return [node for node in tree.body if not isinstance(node, ast.FunctionDef) or node.name.startswith("_")]


def _function(tree: ast.Module, name: str, entry: str) -> ast.FunctionDef:
    """Return the function ``name``, or ``name_command`` where the plain name would hide something else."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in {name, f"{name}_command"}:
            return node
    raise ValueError(f"no function {entry}")


def _imports(node: ast.AST, module: str) -> Iterator[str]:
    """Yield the modules of this package, and of the package of `module`, that are imported anywhere below `node`."""
    followed = {PACKAGE, module.split(".", maxsplit=1)[0]}
    for child in _statements(node):
        names: list[str] = []
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            source = _absolute(child, module)
            names = [source, *(f"{source}.{alias.name}" for alias in child.names)]
        for name in names:
            # The package itself holds names for users alone, which lead to every stage.
            left_out = name == PACKAGE or name.startswith(_LEFT_OUT)
            if name.split(".")[0] in followed and not left_out and _path(name):
                yield name


def _absolute(statement: ast.ImportFrom, module: str) -> str:
    """Return the module that an import names, counted from the root."""
    if not statement.level:
        return statement.module or ""
    path = _path(module)
    above = statement.level - (path is not None and path.name == "__init__.py")
    parts = module.split(".")
    return ".".join([*parts[: len(parts) - above], *([statement.module] if statement.module else [])])


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield `node` and every statement below it; expressions, most of a tree, hold no imports."""
    yield node
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, block, None) or ():
            if isinstance(child, ast.AST):
                yield from _statements(child)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Drop docstrings, in place: a better sentence must not retrain a model."""
    for node in _statements(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.copy_location(ast.Pass(), first)]
    return tree


CODE_MEMORY = Path(".snakemake") / "code-hashes.json"
"""Below the folder that Snakemake works in."""


def remembered_code_hash(*entries: str) -> str:
    """Return `pipeline_lib.command_line.code_hash.code_hash` of the entries, worked out once an edit."""
    hashes = remembered(package_digest())
    others = {entry.split(".")[0].partition(":")[0] for entry in entries} - {PACKAGE}
    # Under the content of the other packages: an edit of one of them forgets its own hashes alone.
    name = " ".join([*sorted(entries), *(f"{package}={folder_digest(package)}" for package in sorted(others))])
    if name not in hashes:
        hashes[name] = code_hash(*entries)
        remember(package_digest(), hashes)
    return hashes[name]


@cache
def package_digest() -> str:
    """Return a digest of every module's bytes and of the interpreter, whose compiler the hashes rest on."""
    return _digest(PACKAGE_FOLDER)


@cache
def folder_digest(package: str) -> str:
    """Return the same of another package, or of a module that stands alone."""
    folder = package_folder(package)
    return "" if folder is None else _digest(folder)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)} ".encode() + content)
    return digest.hexdigest()


@cache
def remembered(package: str) -> dict[str, str]:
    """Return the hashes by their entries; empty where the memory is missing, damaged or of other code."""
    try:
        content = json.loads(CODE_MEMORY.read_text(encoding="utf-8"))
        hashes = content["hashes"] if content["package"] == package else {}
        return {str(entry): str(value) for entry, value in hashes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def remember(package: str, hashes: dict[str, str]) -> None:
    """Keep the hashes beside Snakemake's own notes; a folder that cannot be written costs a second a start."""
    temporary = CODE_MEMORY.with_name(f"{CODE_MEMORY.name}.{os.getpid()}")
    with suppress(OSError):
        CODE_MEMORY.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps({"package": package, "hashes": hashes}), encoding="utf-8")
        temporary.replace(CODE_MEMORY)


FILE_MEMORY = Path(".snakemake") / "file-hashes.json"
"""Below the folder that Snakemake works in."""

_SETTLED_S = 2.0
"""A file changed less than this many seconds ago may change again within one tick of the file system's clock."""


def remembered_sha256(path: str) -> str:
    """Return the sha256 of a file, read again only when the file has changed; of a folder, that of all its files.

    Raises
    ------
    PipelineError
        When the file cannot be read.
    """
    if Path(path).is_dir():
        files = sorted(file for file in Path(path).rglob("*") if file.is_file())
        parts = (f"{file.relative_to(path)} {remembered_sha256(str(file))}\n" for file in files)
        return hashlib.sha256("".join(parts).encode()).hexdigest()
    key = str(Path(path).absolute())
    try:
        state = _state(key)
        entry = _read().get(key)
        if isinstance(entry, list) and entry[:-1] == state and isinstance(entry[-1], str):
            return entry[-1]
        with Path(key).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if _state(key) == state and time.time() - Path(key).stat().st_ctime > _SETTLED_S:
            _write({**_read(), key: [*state, sha256]})
    except OSError as error:
        raise PipelineError(f"{path} cannot be read ({error.strerror}); give a file that you may read.") from error
    return sha256


def _state(path: str) -> list[int]:
    status = Path(path).stat()
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read() -> dict[str, object]:
    """Return the entries by path; empty where the memory is missing or damaged."""
    try:
        content = json.loads(FILE_MEMORY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(entries: dict[str, object]) -> None:
    """Keep the entries beside Snakemake's own notes; where that folder cannot be written, each start reads again."""
    temporary = FILE_MEMORY.with_name(f"{FILE_MEMORY.name}.{os.getpid()}")
    with suppress(OSError):
        FILE_MEMORY.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps(entries), encoding="utf-8")
        temporary.replace(FILE_MEMORY)
