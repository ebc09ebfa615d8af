"""Code in a planted ``.pt`` file does not run, whichever command is given it."""

import ast
import os
import shutil

import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from pipeline_lib.__main__ import app
from pipeline_lib.artefacts.schemas import EDGES, GENES
from pipeline_lib.artefacts.tables import save_tensors, write_table
from pipeline_lib.errors import PipelineError
from tests.small_cell import edge_table, gene_table, stoichiometry


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def folder(tmp_path):
    write_table(gene_table(), tmp_path / "genes.parquet", GENES)
    write_table(edge_table(), tmp_path / "edges.parquet", EDGES)
    write_table(pd.DataFrame({"observation_id": [0]}), tmp_path / "other.parquet")
    save_tensors(stoichiometry(), tmp_path / "sound.pt")
    torch.save({**stoichiometry(), "planted": Planted(str(tmp_path / "witness"))}, tmp_path / "planted.pt")
    write_run(tmp_path, "planted_model", model="planted.pt", stoichiometry="sound.pt")
    write_run(tmp_path, "planted_stoichiometry", model="sound.pt", stoichiometry="planted.pt")
    return tmp_path


def write_run(folder, run, **files):
    """Lay the files out as ``predict`` looks for them."""
    places = {
        "genes.parquet": "tables/genes.parquet",
        "edges.parquet": "networks/edges.parquet",
        files["stoichiometry"]: "metabolism/stoichiometry.pt",
        files["model"]: "models/mean/random/seed0/model.pt",
    }
    for source, place in places.items():
        (folder / run / place).parent.mkdir(parents=True)
        shutil.copy(folder / source, folder / run / place)


CELL = ("--genes", "genes.parquet", "--edges", "edges.parquet", "--stoichiometry", "planted.pt")
FIT = (
    *CELL,
    *"--settings {} --model-settings {} --model clp --folds other.parquet --observations other.parquet".split(),
)
PREDICT = ("predict", "--model", "mean", "--genotype", "YAL000C", "--output", "-")
NEXT = tuple(
    """
    reporting next-experiments --settings {} --observations other.parquet --genes genes.parquet --edges
    edges.parquet --output o --csv c
""".split()
)
COMMANDS = {
    "predict, model": (*PREDICT, "--run-folder", "planted_model"),
    "predict, stoichiometry": (*PREDICT, "--run-folder", "planted_stoichiometry"),
    "training fit": ("training", "fit", *FIT, *"--predictions p --history h --metrics m --output o".split()),
    "training closed-form": ("training", "closed-form", *FIT, "--checkpoints", "c", "--output", "o"),
    "training overfit": ("training", "overfit", *FIT, "--predictions", "p", "--history", "h", "--report", "r"),
    "training walk-through": ("training", "walk-through", *FIT, "--output", "o"),
    "cell graph": ("cell", "graph", "--settings", "{}", *CELL, "--output", "o", "--summary", "s"),
    "next-experiments --stoichiometry": (*NEXT, "--stoichiometry", "planted.pt", "--fitted", "sound.pt"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_planted_code_does_not_run(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, COMMANDS[name])
    assert not (folder / "witness").exists()
    assert isinstance(result.exception, PipelineError), result.output
    assert ".pt holds objects other than tensors and plain values" in str(result.exception)


def test_the_planted_file_would_run_where_code_is_trusted(folder):
    torch.load(folder / "planted.pt", weights_only=False)
    assert (folder / "witness").exists()


FORBIDDEN = set(
    """
    eval exec os.system os.popen pickle.load pickle.loads joblib.load pd.read_pickle yaml.unsafe_load yaml.full_load
    shutil.unpack_archive torch.jit.load
""".split()
)


def test_nothing_in_the_library_unpickles_evaluates_or_starts_a_shell(root):
    for path in sorted((root / "pipeline_lib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            where = f"{path.name}:{node.lineno}: {called}"
            assert called not in FORBIDDEN, where
            assert not called.endswith((".extractall", ".unpack_archive")), where
            assert options.get("shell") != "True", where
            assert options.get("allow_pickle") != "True", where
            if called == "torch.load":
                assert options.get("weights_only") == "True", where
