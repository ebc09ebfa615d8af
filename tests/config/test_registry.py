"""One name, one owner: what two packages claim, and what a package announces and does not have, is refused."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline_lib.config.registry import Registry
from pipeline_lib.errors import PipelineError
from tests.extension.conftest import write_metadata

GROUP = "pipeline_lib.tests"


@dataclass(frozen=True)
class Item:
    target: str


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Item]:
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("model", GROUP, {"ridge": Item("own:Ridge"), "lasso": Item("own:Lasso")})


def announce(folder: Path, package: str, **points: str) -> None:
    write_metadata(folder, package, {GROUP: points})


def test_a_name_that_nothing_has_is_answered_with_the_nearest(registry: Registry[Item]) -> None:
    with pytest.raises(PipelineError, match=r"no model 'rigde'; did you mean 'ridge'\? There are ridge, lasso"):
        registry.get("rigde")


def test_two_packages_that_claim_one_name_are_both_named(registry: Registry[Item], tmp_path: Path) -> None:
    announce(tmp_path, "clp-one", tree="one.tree:Tree")
    announce(tmp_path, "clp-two", tree="two.tree:Tree")
    assert "tree" in registry.names()
    with pytest.raises(
        PipelineError, match=r"'tree' is claimed by clp-\w+ 0\.1\.0 and by clp-\w+ 0\.1\.0; rename"
    ) as error:
        registry.get("tree")
    assert "clp-one" in str(error.value)
    assert "clp-two" in str(error.value)


def test_a_package_cannot_take_a_name_of_the_pipeline(registry: Registry[Item], tmp_path: Path) -> None:
    announce(tmp_path, "clp-one", ridge="one.ridge:Ridge")
    with pytest.raises(PipelineError, match=r"'ridge' is claimed by pipeline_lib and by clp-one 0\.1\.0"):
        registry.get("ridge")
    assert registry.get("lasso").target == "own:Lasso", "other names are as they were"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import a_module_that_nobody_has\n", "cannot be imported.*a_module_that_nobody_has"),
        ("def Tree(:\n", "cannot be imported.*SyntaxError"),
        ("class Tree: ...\n", "announces the model 'tree' at broken_package:Tree, but no model of that name"),
    ],
)
def test_a_package_without_what_it_announces_is_named(
    registry: Registry[Item], tmp_path: Path, code: str, sentence: str
) -> None:
    (tmp_path / "broken_package.py").write_text(code)
    announce(tmp_path, "clp-broken", tree="broken_package:Tree")
    with pytest.raises(PipelineError, match=f"clp-broken 0.1.0.*{sentence}|clp-broken 0.1.0 {sentence}"):
        registry.get("tree")
    sys.modules.pop("broken_package", None)


def test_a_decorator_registers_without_a_package_and_refuses_a_taken_or_a_bad_name(registry: Registry[Item]) -> None:
    registry.added(Item, "tree")(Item)
    assert registry.get("tree").target == f"{__name__}:Item"
    assert registry.package_of("tree") == f"the module {__name__}"
    registry.added(Item, "tree")(Item)
    with pytest.raises(PipelineError, match=r"'tree' is claimed by .*:Item and by .*:Registry"):
        registry.added(Item, "tree")(Registry)
    with pytest.raises(PipelineError, match="'My Tree' cannot be called so"):
        registry.added(Item, "My Tree")
