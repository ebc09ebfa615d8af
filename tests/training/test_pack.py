"""A pack holds what a GPU is measured on, and benchmarks/gpu.py measures with the five libraries that it states."""

import importlib
import json
import os
import subprocess
import sys

import pytest
import torch

from pipeline_lib.errors import PipelineError
from pipeline_lib.training import pack as packing
from pipeline_lib.training.cli import app
from pipeline_lib.training.pack import Pack, read_pack, write_pack
from tests.conftest import ROOT
from tests.training.run_folders import fit, invoke, write_small_run

STATED = ("torch", "torch-geometric", "numpy", "pandas", "pyarrow")
BARE = """
import importlib.machinery, importlib.metadata, re, runpy, sys

def normal(name):
    return re.split(r"[^\\w.-]", name)[0].lower().replace("_", "-")

needed, open_ends = set(), list(STATED)
while open_ends:
    name = normal(open_ends.pop())
    if name not in needed:
        try:
            found = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        needed.add(name)
        open_ends += [requirement for requirement in found if "extra ==" not in requirement]
missing = {
    module
    for module, packages in importlib.metadata.packages_distributions().items()
    if not needed & set(map(normal, packages)) and module != "pipeline_lib"
}

class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in missing:
            return importlib.machinery.PathFinder.find_spec(name, path, target)

assert {"scipy", "pydantic", "rich", "snakemake", "cobra"} <= missing
sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, Bare()]
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script on a machine that has nothing but the stated libraries and what these need."""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_small_run(folder / "small")
    fit(folder / "small", "clp")
    invoke(app, "pack", run_folder=folder / "small", rows=100, output=folder / "pack.pt")
    return folder


@pytest.fixture(scope="module")
def measured(small):
    """Return the line that benchmarks/gpu.py prints, and the file that it writes."""
    script = [ROOT / "benchmarks" / "gpu.py", "--pack", small / "pack.pt", "--output", small, "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-c", f"STATED = {STATED}{BARE}", *map(str, script)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line), json.loads((small / "gpu.json").read_text())


def test_a_pack_holds_the_columns_of_three_kinds_of_genotypes(small):
    pack = read_pack(small / "pack.pt")
    assert isinstance(pack, Pack)
    assert {name: part.shape[0] for name, part in pack.networks.items()} == {"physical": 2, "regulation": 2}
    assert (pack.triples["genes"] >= 0).all()
    for columns in (pack.train, pack.held_out, pack.triples):
        assert columns["genes"].dtype == torch.long
        assert 0 < len(columns["target"]) <= 100
        value, _ = pack.network.eval().decode(pack.network.encode(), columns)
        assert value.isfinite().all()


def test_a_pack_keeps_every_number_of_the_network(small, tmp_path):
    pack = read_pack(small / "pack.pt")
    write_pack(pack, tmp_path / "again.pt")
    again = read_pack(tmp_path / "again.pt")
    with torch.no_grad():
        first, second = (part.network.eval().decode(part.network.encode(), part.held_out)[0] for part in (pack, again))
    assert torch.equal(first, second)


def test_a_file_that_names_foreign_code_is_not_loaded(tmp_path):
    torch.save({"network": os.getcwd}, tmp_path / "planted.pt")
    with pytest.raises(PipelineError, match="no part of a network"):
        read_pack(tmp_path / "planted.pt")


def test_a_damaged_or_missing_pack_is_one_sentence(tmp_path):
    (tmp_path / "cut.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(PipelineError, match="damaged or no pack"):
        read_pack(tmp_path / "cut.pt")
    with pytest.raises(PipelineError, match="training pack"):
        read_pack(tmp_path / "none.pt")


def test_a_pack_that_is_too_large_is_not_left_behind(small, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST_MB", 0.01)
    with pytest.raises(PipelineError, match="--rows"):
        write_pack(read_pack(small / "pack.pt"), tmp_path / "large.pt")
    assert list(tmp_path.iterdir()) == []


def test_without_a_gpu_the_line_states_that_a_cpu_was_measured(measured):
    line, written = measured
    assert line == written
    assert (line["device"], line["card"], line["times_the_cpu"], line["gpu_peak_mb"]) == ("cpu", "none", None, None)
    assert "no GPU" in line["measured_on"]
    assert line["compile"]["state"].startswith("not measured")


def test_the_line_has_the_fields_of_the_contract_and_its_rates_are_those_of_its_times(measured):
    line, _ = measured
    assert {"name", "ours_s", "peer_s", "ratio", "work", "hardware", "versions", "per_s", "peak_mb"} <= set(line)
    assert line["per_s"] == pytest.approx(1 / line["ours_s"])
    assert line["copied_per_s"] == pytest.approx(1 / line["peer_s"])
    assert line["ratio"] == pytest.approx(line["peer_s"] / line["ours_s"])
    assert line["triples_per_s"] > 0


def test_the_share_of_the_bandwidth_is_that_of_the_bytes_of_every_sparse_product(measured, small):
    line, _ = measured
    network = read_pack(small / "pack.pt").network
    stacked = network.encoder.convolutions[0].stacked
    (forward,) = [
        part for part in line["sparse_passes"] if part["matrix"].endswith("stacked") and part["direction"] == "forward"
    ]
    rows, columns = stacked.shape
    width = 8
    entries = len(stacked.forward_values)
    assert forward["bytes"] == 4 * (2 * entries + rows + 1 + width * (rows + columns))
    moved, spent = (sum(part[name] for part in line["sparse_passes"]) for name in ("bytes", "seconds"))
    assert line["share_of_bandwidth"] == pytest.approx(moved / spent / line["bandwidth_bytes_per_s"])


def test_the_cache_is_emptied_ahead_of_every_product_that_is_timed(measured, monkeypatch):
    """Operands of a few MB would otherwise come from the cache, which is no bandwidth of the memory."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark, done = importlib.import_module("gpu"), []
    passes = (lambda: done.append("product"), lambda: done.append("emptied"))
    assert benchmark.cold_seconds(*passes, torch.device("cpu"), 3) >= 0
    assert done == ["emptied", "product"] * 3
    assert 0 <= measured[0]["cache_bytes"] < benchmark.FULL.copied_bytes


def test_bfloat16_is_held_against_the_spread_of_seeds(measured):
    line, _ = measured
    for metric in ("mse", "pearson"):
        found = line["precision"][metric]
        assert len(found["float32"]) == len(found["bfloat16"]) == 3
        assert found["equal_within_noise"] == (abs(found["mean_difference"]) <= found["range_of_float32_over_seeds"])
