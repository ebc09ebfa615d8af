"""A hash of the code that a command runs, so that an edit reruns the rules it concerns and no others.

Snakemake reruns a rule when its parameters change, but does not see edits in the modules that a command imports.
Each rule therefore carries this hash as a parameter. The imports are read from the syntax trees, without running
anything; settings, the registries and error classes are left out, since a rule gets its settings and its model's entry
as parameters of their own. An entry in another package counts with what it imports of that package and of this one.
"""

import ast
import hashlib
import importlib.util
import marshal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType

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
