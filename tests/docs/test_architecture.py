"""ARCHITECTURE.md names files and functions that there are, and every folder of the library."""

import ast
import re

import pytest

from tests.docs.test_code_style import STAGES

NAMED = re.compile(r"`((?:[a-z_0-9]+/)+[a-z_0-9]+\.(?:py|yaml|smk))(?:: ([\w.]+(?:,\s+[\w.]+)*))?`")
"""A file of the page and, in the walk of one number, its functions: ``file.py: function, Class.method``."""


def place(root, name):
    """Return where a file of the page is; it is named from the library, or from the project."""
    return next((path for top in ("pipeline_lib", ".") if (path := root / top / name).exists()), None)


def page(root):
    return (root / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_file_that_the_page_names_is_there(root):
    named = {name for name, _ in NAMED.findall(page(root))}
    assert len(named) > 30
    assert [name for name in sorted(named) if place(root, name) is None] == []


def defined(path):
    """Return the functions, classes and methods of a file, methods as ``Class.method``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
            names |= {f"{node.name}.{part.name}" for part in ast.walk(node) if isinstance(part, ast.FunctionDef)}
    return names


def test_the_walk_of_one_number_names_the_functions_of_every_file(root):
    walk = page(root).split("## The walk of one number")[1].split("\n## ")[0]
    named = [(name, functions.replace(",", " ").split()) for name, functions in NAMED.findall(walk)]
    assert len(named) > 30
    assert [name for name, functions in named if not functions] == []
    assert [
        (name, function)
        for name, functions in named
        for function in functions
        if function not in defined(root / "pipeline_lib" / name)
    ] == []
    steps = re.split(r"^\d+\. ", walk, flags=re.MULTILINE)[1:]
    assert [step for step in steps if not NAMED.search(step)] == []


def test_the_drawing_holds_every_folder_of_the_library_in_the_order_of_imports(root):
    drawing = (root / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1]
    folders = [stage for stage in STAGES if (root / "pipeline_lib" / stage).is_dir() and stage != "artefacts"]
    places = [re.search(rf"(?:^|\s){stage}/(?:\s|$)", drawing, re.MULTILINE) for stage in folders]
    assert [stage for stage, place in zip(folders, places, strict=True) if place is None] == []


def test_every_module_that_a_page_of_the_documentation_names_is_in_the_library(root):
    modules = {path.name for path in (root / "pipeline_lib").rglob("*.py")}
    pages = sorted((root / "docs").rglob("*.md"))
    named = {
        (page.name, module)
        for page in pages
        for module in re.findall(r"\(`([a-z_0-9]+\.py)`", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert [(page, module) for page, module in sorted(named) if module not in modules] == []


def test_every_module_that_a_docstring_refers_to_is_there(root):
    library = root / "pipeline_lib"
    groups = {"screen_readers", "network_readers", "feature_readers", "models"}
    missing = []
    for path in sorted(library.rglob("*.py")):
        for reference in re.findall(r"`pipeline_lib((?:\.[A-Za-z_]\w*)+)`", path.read_text(encoding="utf-8")):
            parts = reference.strip(".").split(".")
            owner = parts if parts[0] in groups or len(parts) == 1 else parts[:-1]
            places = [library.joinpath(*named) for named in (parts, owner)]
            there = any(place.is_dir() or place.with_suffix(".py").exists() for place in places)
            if not there and parts[0] not in groups:
                missing.append((path.name, reference))
    assert missing == []


BEHAVIOURS = {
    "a row with a P-value above 0.5 is rejected by a one-sided screen": "screens/batch.py",
    "an alias of two genes is refused": "genes/names.py",
    "deleting one of two isozymes blocks no reaction": "metabolism/model/gene_rules.py",
    "the plates of an SGA screen lack histidine, arginine and lysine": "metabolism/named_media.py",
    "a rewired network keeps the degree of every gene": "networks/edges.py",
    "all scores of a query lie in one fold": "cell/splits.py",
    "the tau of a triple follows from its fitness and that of its subsets": "models/clp/decomposition.py",
    "a killed fit goes on after its last whole epoch": "training/checkpoint.py",
    "the noise of a screen bounds the correlation of any prediction": "evaluation/ceilings/noise_ceiling.py",
    "an edit of a figure fits no model anew": "command_line/code_hash.py",
}
"""What a newcomer asks for, and the file that ARCHITECTURE.md is to lead to, by its own name or by its folder's."""


@pytest.mark.parametrize("file", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_the_page_leads_to_the_file_of_a_behaviour(root, file):
    assert (root / "pipeline_lib" / file).exists()
    stage, *folders, name = file.split("/")
    drawing = page(root).split("```")[1]
    line = re.search(rf"^{stage}/.*(?:\n +\S.*)*", drawing, re.MULTILINE)[0]
    assert file in page(root) or name in line or (folders and f"{folders[-1]}/" in line)
