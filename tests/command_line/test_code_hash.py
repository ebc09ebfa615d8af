"""An edit reruns the rules whose code it touches, and no others."""

import pytest

from pipeline_lib.command_line import code_hash as module
from pipeline_lib.command_line.code_hash import code_hash


def forget():
    """Forget every file that was read: the tests edit them within one process."""
    for cached in (
        module._path,
        module._tree,
        module._closure,
        module._imports_of,
        module._module_digest,
        module.code_hash,
        module.package_folder,
    ):
        cached.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package: two commands of one stage, one of which imports a helper of another stage."""
    folder = tmp_path / "pipeline_lib"
    for name, text in {
        "stage/cli.py": (
            'def first():\n    """Say."""\n    from pipeline_lib.other.work import work\n    work()\n'
            "def second():\n    from pipeline_lib.stage.alone import alone\n    alone()\n"
        ),
        "stage/alone.py": "def alone():\n    return 1\n",
        "other/work.py": "from pipeline_lib.other.deep import deep\ndef work():\n    return deep()\n",
        "other/deep.py": "def deep():\n    return 2\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).parent.joinpath("__init__.py").touch()
    monkeypatch.setattr(module, "PACKAGE_FOLDER", folder)

    def both():
        forget()
        return code_hash("pipeline_lib.stage.cli:first"), code_hash("pipeline_lib.stage.cli:second")

    yield folder, both
    forget()


def test_an_edit_deep_in_an_import_changes_the_command_that_needs_it_alone(package):
    folder, both = package
    before = both()
    (folder / "other/deep.py").write_text("def deep():\n    return 3\n")
    after = both()
    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize(
    "text", ["# a remark\ndef deep():\n    return 2\n", 'def deep():\n    """Say."""\n    return 2\n']
)
def test_a_remark_or_a_docstring_reruns_nothing(package, text):
    folder, both = package
    before = both()
    (folder / "other/deep.py").write_text(text)
    assert both() == before


@pytest.mark.usefixtures("package")
def test_an_entry_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no function"):
        code_hash("pipeline_lib.stage.cli:third")


def test_editing_the_report_retrains_nothing():
    needed = set()
    for name in module._imports(module._tree("pipeline_lib.training.fit"), "pipeline_lib.training.fit"):
        needed |= module._closure(name)
    assert any(name.startswith("pipeline_lib.cell") for name in needed)
    assert not [name for name in needed if name.startswith(("pipeline_lib.reporting", "pipeline_lib.evaluation"))]


def test_another_package_counts_with_its_own_modules_and_with_those_of_this_one(tmp_path, monkeypatch):
    folder = tmp_path / "clp_other"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "model.py").write_text(
        "import numpy\nfrom . import helper\nfrom pipeline_lib.models.interface import Prediction\n"
    )
    (folder / "helper.py").write_text("from .deeper import A\n")
    (folder / "deeper.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    forget()
    needed = module._closure("clp_other.model")
    assert {"clp_other.helper", "clp_other.deeper", "pipeline_lib.models.interface"} <= needed
    assert not [name for name in needed if name.startswith("numpy")]
    before = code_hash("clp_other.model")
    (folder / "deeper.py").write_text("A = 2\n")
    forget()
    assert code_hash("clp_other.model") != before
