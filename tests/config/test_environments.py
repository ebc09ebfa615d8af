"""The conda environment, the pip lock and pyproject speak of the same versions."""

import re
import tomllib

import pytest
import yaml

CONDA_NAMES = {"pytorch": "torch", "pytorch_geometric": "torch-geometric"}


@pytest.fixture(scope="module")
def lock(root):
    lines = (root / "envs/constraints.txt").read_text().splitlines()
    return {name.lower(): version for name, version in (line.split("==") for line in lines if "==" in line)}


@pytest.fixture(scope="module")
def conda(root):
    content = yaml.safe_load((root / "envs/base.yaml").read_text())
    pinned = dict(item.split(" =") for item in content["dependencies"])
    return {CONDA_NAMES.get(name, name).lower(): version for name, version in pinned.items()}


@pytest.fixture(scope="module")
def declared(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {re.split(r"[\[<>=!~ ;]", entry)[0].lower() for entry in project["dependencies"]}


def test_conda_pins_what_pip_locks(conda, lock):
    for name, version in conda.items():
        if name != "python":
            assert version == lock[name], name


def test_conda_holds_every_dependency(conda, declared):
    assert declared <= set(conda)


def test_the_lock_holds_every_dependency(lock, declared):
    assert declared <= set(lock)


def test_the_lock_names_no_build_of_torch(lock):
    assert "+" not in lock["torch"], "a CPU build here, CUDA elsewhere"
