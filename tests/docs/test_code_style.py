"""What the code keeps to: plain words, imports in one direction, modules of a size, no switches of the formatter."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests import shape
from tests.conftest import ROOT

LIBRARY = ROOT / "pipeline_lib"
STAGES = """
    errors config artefacts sources genes metabolism simulation screens networks features cell models training
    evaluation reporting extension library command_line
""".split()
"""The folders (and modules) of the library in the order of the flow; each imports only earlier ones."""

DIALECT = re.compile(
    r"\b(told|strangers?|said|says|speaks?|spoken|asks|alike|promis(?:e|es|ed|ing)|by heart|budgets?"
    r"|(?:further|several|pooled|single|all) draws|draws? of (?:a|the|one|this|its) (?:split|unseen genes|queries))\b",
    re.IGNORECASE,
)
"""Words that are not the field's own: a table states, a model predicts, a split is repeated, a score is compared."""
DIALECT_OF_NAMES = {
    *("told", "shown", "stranger", "strangers", "said", "says", "speaks", "spoken", "alike"),
    *("promise", "promises", "promised", "budget", "budgets"),
}
"""Parts of names that say nothing of what they name to a biologist or a statistician."""
WHOLE_NAMES = {"around", "kind_and_draw"}

TEXTS = {".html", ".j2", ".js", ".css", ".md", ".rst", ".smk", ".yaml", ""}
"""Endings of files that are read line by line; Snakefile has none."""

SWITCH = "fmt: " + "skip"


def modules() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def where(path: Path, place: ast.AST | int) -> str:
    return f"{path.relative_to(ROOT)}:{place if isinstance(place, int) else getattr(place, 'lineno', 1)}"


def named(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield every name that a module gives: of modules' parts, arguments, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr


def words_of(name: str) -> set[str]:
    """Split a name at underscores and capitals."""
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def without_code(text: str) -> str:
    return re.sub(r"`+[^`]*`+", "", text)


def sentences(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    """Yield docstrings, help texts and messages: every text of several words, without what is quoted as code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) > 2:
            yield node, without_code(node.value)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments of a Python file, and every line of another one, with its number."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], without_code(token.string)
    else:
        yield from ((number, without_code(line)) for number, line in enumerate(text.splitlines(), 1))


def test_names_are_those_of_the_field() -> None:
    odd = [
        f"{where(path, node)}: {name}"
        for path in modules()
        for node, name in named(ast.parse(path.read_text(encoding="utf-8")))
        if name in WHOLE_NAMES or words_of(name) & DIALECT_OF_NAMES
    ]
    assert not odd, "\n".join(odd)


def test_names_of_tests_and_benchmarks_are_plain() -> None:
    """Names of tests read as sentences, and are held to the words of sentences."""
    odd = [
        f"{where(path, node)}: {name}"
        for path in python_files("tests", "benchmarks", "docs", "workflow")
        for node, name in named(ast.parse(path.read_text(encoding="utf-8")))
        if DIALECT.search(name.replace("_", " "))
    ]
    assert not odd, "\n".join(odd)


def test_docstrings_help_texts_and_messages_are_plain() -> None:
    odd = [
        f"{where(path, node)}: '{found[0]}' in: {' '.join(text[max(found.start() - 60, 0) : found.end() + 60].split())}"
        for path in (*modules(), *python_files("benchmarks"))
        for node, text in sentences(ast.parse(path.read_text(encoding="utf-8")))
        for found in [DIALECT.search(text)]
        if found
    ]
    assert not odd, "\n".join(odd)


def test_comments_configurations_rules_and_page_templates_are_plain() -> None:
    folders = ("pipeline_lib", "benchmarks", "workflow", "config")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    odd = [
        f"{where(path, number)}: '{found[0]}' in: {text.strip()[:120]}"
        for path in paths
        if path.suffix in TEXTS | {".py"}
        for number, text in comments(path)
        for found in [DIALECT.search(text)]
        if found
    ]
    assert len(paths) > 300
    assert not odd, "\n".join(odd)


@pytest.mark.parametrize("word", ["told", "promises", "Speaks", "further draws", "draws of the split"])
def test_the_rule_sees_the_old_dialect_in_a_docstring_but_not_in_code(word: str) -> None:
    seen = ast.parse(f'"""What a table has {word} of genes."""')
    quoted = ast.parse(f'"""What ``{word}`` has of genes."""')
    assert [bool(DIALECT.search(text)) for tree in (seen, quoted) for _, text in sentences(tree)] == [True, False]


TERMS = """
    genotype fitness digenic_interaction trigenic_interaction raw_trigenic query_strain array_strain control_cross
    called_interaction interaction_profile auxotroph flux_balance_analysis gene_rule isozymes minimal_lethal_set
    cold_start closed_form gain cross-fitted profile_predictor ablation rewired evidence seed split leakage baseline
    noise_ceiling cluster_bootstrap q-value π₀ qq_plot calibration scoreboard verdict least_detectable_difference
""".split()
"""Terms of the report and of the documentation that a reader from another field may not know."""


def test_the_glossary_explains_the_terms_of_the_report() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    explained = re.findall(r"^(\S.*)\n:   \S", text, re.MULTILINE)
    assert len(explained) == len(re.findall(r"^:   ", text, re.MULTILINE))
    missing = [term for term in TERMS if not any(one.lower().startswith(term.replace("_", " ")) for one in explained)]
    assert not missing


def imports(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Yield what each import of a file takes from the library, in functions too, by its path below the library."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            package, _, rest = name.partition(".")
            if package == LIBRARY.name and not rest.startswith("__"):
                yield node, rest.replace(".", "/")


def test_stages_import_only_earlier_ones() -> None:
    order = {name: place for place, name in enumerate(STAGES)}
    top = {"__init__", "__main__"}
    upward = [
        f"{where(path, node)}: {stage} imports {imported}"
        for path in modules()
        for stage in [path.relative_to(LIBRARY).with_suffix("").parts[0]]
        for node, name in imports(path)
        for imported in [name.partition("/")[0]]
        if stage not in top and order[imported] > order[stage]
    ]
    assert not upward, "\n".join(upward)


def test_no_file_imports_one_that_imports_it() -> None:
    """Neither when it is loaded nor when a function runs, however long the way round."""
    graph = {
        path: {
            imported
            for _, name in imports(path)
            for imported in (LIBRARY / f"{name}.py", (LIBRARY / name).parent.with_suffix(".py"))
            if imported.exists() and imported != path
        }
        for path in modules()
    }
    assert sum(map(len, graph.values())) > 1000
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(str(path.relative_to(ROOT)) for path in reversed(error.args[1])))


def test_every_folder_has_its_place_in_the_order() -> None:
    folders = {path.relative_to(LIBRARY).with_suffix("").parts[0] for path in modules()}
    assert folders - {"__init__", "__main__"} == set(STAGES)


def test_no_table_is_hidden_from_the_formatter() -> None:
    held = [
        str(path.relative_to(ROOT))
        for path in python_files("pipeline_lib", "tests", "benchmarks", "docs", "workflow")
        if SWITCH in path.read_text(encoding="utf-8")
    ]
    assert not held


def test_modules_grow_no_longer() -> None:
    """The goal of 60 to 250 lines is not met (ARCHITECTURE.md); what is lowered below 119 is lowered here."""
    found = shape.modules(LIBRARY)
    assert [f"{one.path.relative_to(ROOT)}: {one.lines} lines" for one in found if one.lines > 450] == []
    assert sum(one.lines > shape.GOAL for one in found) <= 119
    assert len(modules()) <= 240
