"""The example package as if pip had installed it: its folder and its metadata on the path."""

import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_lib.command_line import code_hash
from pipeline_lib.config.features import FEATURE_READERS, NETWORK_READERS
from pipeline_lib.config.model_registry import MODELS
from pipeline_lib.config.screen_readers import SCREEN_READERS

EXAMPLE = Path(__file__).with_name("example")
REGISTRIES = (MODELS, SCREEN_READERS, NETWORK_READERS, FEATURE_READERS)

collect_ignore = ["example"]
"""The package's own tests run as its author runs them (test_example_package.py)."""


def write_metadata(site: Path, name: str, groups: dict[str, dict[str, str]]) -> None:
    """Write what pip writes of a package beside its modules: name, version and entry points."""
    folder = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = [line for group, points in groups.items() for line in (f"[{group}]", *map(" = ".join, points.items()))]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")


def forget() -> None:
    """Forget what was read of installed packages and of code."""
    for registry in REGISTRIES:
        registry.__dict__.pop("_claims", None)
    for module in [name for name in sys.modules if name.split(".")[0] == "clp_barcode"]:
        del sys.modules[module]
    for item in vars(code_hash).values():
        getattr(item, "cache_clear", lambda: None)()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder of installed packages that holds the example."""
    folder = tmp_path / "site"
    shutil.copytree(EXAMPLE / "clp_barcode", folder / "clp_barcode", ignore=shutil.ignore_patterns("__pycache__"))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    write_metadata(folder, project["name"], project["entry-points"])
    return folder


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put the example on this process's path for one test."""
    for registry in REGISTRIES:
        monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.syspath_prepend(site)
    forget()
    yield site
    monkeypatch.undo()
    forget()
