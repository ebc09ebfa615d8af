"""Tables of the published size, a thousandth of them, and what is measured of a workflow that runs on them."""

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner
from scipy.stats import norm

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.reading import ReadCounts, combine_observations, read_screen
from pipeline_lib.screens.summarising import recompute_tau
from pipeline_lib.simulation.layouts import FILE_2018, FILES_2020, made_up_orfs
from pipeline_lib.simulation.layouts import FILES as FILES_2016

FRACTION = 0.001
READERS = {
    "costanzo2016_pairwise": FILES_2016,
    "kuzmin2018": {"table": FILE_2018},
    "kuzmin2020": FILES_2020,
}


def beside_the_benchmarks(name: str) -> ModuleType:
    """Return a module that lies beside the benchmarks, in no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """Return the module of the simulator."""
    return beside_the_benchmarks("full_size_tables")


@pytest.fixture(scope="module")
def full_size() -> ModuleType:
    """Return the benchmark."""
    return beside_the_benchmarks("full_size")


@pytest.fixture(scope="module")
def written(tables: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Return the planted cell, the files of a thousandth of all rows, and what the readers make of them."""
    folder = tmp_path_factory.mktemp("tables")
    orfs = made_up_orfs(6_400)
    genes = pd.DataFrame({"gene": orfs, "name": orfs, "essential": np.arange(len(orfs)) % 6 == 0})
    cell = tables.plant(genes, FRACTION)
    rows = {
        "costanzo2016_pairwise": tables.write_2016(cell, folder, FRACTION),
        "kuzmin2018": tables.write_2018(cell, folder, FRACTION),
        "kuzmin2020": tables.write_2020(cell, folder, FRACTION),
    }
    names = GeneNames(orfs.tolist(), orfs.tolist(), [()] * len(orfs), in_gem=np.zeros(len(orfs), dtype=bool))
    counts, parts = {}, []
    for reader, listed in READERS.items():
        files = {role: folder / name for role, name in listed.items()}
        settings = ScreenSettings(reader=reader, files={role: str(path) for role, path in files.items()})
        parts.append(folder / f"{reader}.parquet")
        counts[reader] = read_screen(reader, settings, files, names, parts[-1], folder / "rejected.parquet")
    observations = folder / "observations.parquet"
    combine_observations(parts, names, observations)
    return SimpleNamespace(cell=cell, folder=folder, rows=rows, counts=counts, observations=observations)


def test_a_thousandth_of_the_published_rows_is_written_and_every_row_is_read(written: SimpleNamespace) -> None:
    assert written.rows["costanzo2016_pairwise"] == {"ExE": 819, "ExN_NxE": 5_796, "NxN": 12_699, "DAmP": 1_392}
    assert written.rows["kuzmin2018"] == 410 + 91
    assert written.rows["kuzmin2020"] == {"S1": 530 + 265, "S3": 203 + 102}
    accepted = {reader: counts.accepted for reader, counts in written.counts.items()}
    assert accepted == {"costanzo2016_pairwise": 20_706, "kuzmin2018": 501, "kuzmin2020": 1_100}
    assert not any(_rejected(counts) for counts in written.counts.values())


def _rejected(counts: ReadCounts) -> int:
    return sum(counts.rejected.values())


def test_double_mutant_fitness_is_the_product_plus_epsilon_and_a_query_without_fitness_counts_as_wild_type(
    written: SimpleNamespace,
) -> None:
    table = pl.read_csv(written.folder / FILES_2016["NxN"], separator="\t")
    query = table["Query single mutant fitness (SMF)"]
    assert 0 < query.null_count() < table.height / 4
    expected = query.fill_null(1.0) * table["Array SMF"] + table["Genetic interaction score (ε)"]
    np.testing.assert_allclose(table["Double mutant fitness"], expected, atol=6e-5)


def test_p_values_are_one_sided_and_honest(written: SimpleNamespace) -> None:
    rows = pd.read_parquet(written.observations)
    rows = rows[(rows["screen"] == "costanzo2016_pairwise") & (rows["phenotype"] == "interaction")]
    assert rows["p_value"].max() <= 0.5
    assert (rows["p_sided"] == 1).all()
    np.testing.assert_allclose(rows["p_value"], norm.sf(rows["value"].abs() / rows["std"]), rtol=2e-3, atol=1e-4)
    unrelated = _truth(written.cell, rows) == 0
    # Twice a one-sided P of no effect is uniform.
    assert (rows["p_value"][unrelated] < 0.025).mean() == pytest.approx(0.05, abs=0.006)


def _truth(cell, rows: pd.DataFrame) -> np.ndarray:
    places = {gene: place for place, gene in enumerate(cell.gene.tolist())}
    first, second = (np.array([places[genes[slot]] for genes in rows["genes"]]) for slot in (0, 1))
    return cell.epsilon(first, second)


def test_epsilon_is_that_of_the_modules(written: SimpleNamespace) -> None:
    cell = written.cell
    rows = pd.read_parquet(written.observations)
    rows = rows[(rows["screen"] == "costanzo2016_pairwise") & (rows["phenotype"] == "interaction")]
    truth = _truth(cell, rows)
    assert (truth != 0).mean() < 0.15
    assert np.corrcoef(truth, rows["value"])[0, 1] > 0.5
    # Two genes of one module have one profile, but for its strength.
    module = np.bincount(cell.module).argmax()
    one, two = np.flatnonzero(cell.module == module)[:2]
    partners = np.flatnonzero(cell.module != module)
    profiles = [cell.epsilon(np.full(len(partners), gene), partners) for gene in (one, two)]
    np.testing.assert_allclose(profiles[0] * cell.strength[two], profiles[1] * cell.strength[one], atol=1e-12)


def test_released_tau_follows_from_raw_epsilon_and_the_control_screens(written: SimpleNamespace) -> None:
    recompute_tau(written.observations, written.folder / "identity.parquet")
    status = pd.read_parquet(written.folder / "identity.parquet")["status"].value_counts()
    # Of 2020 no fitness of a control query is released, so that only the 91 rows of 2018 can agree.
    assert status["agrees"] > 45
    assert set(status.index) <= {"agrees", "no_control"}


def test_of_2018_only_negative_tau_are_released(written: SimpleNamespace) -> None:
    rows = pd.read_parquet(written.observations)
    tau = rows[(rows["phenotype"] == "interaction") & (rows["order"] == 3)].groupby("screen")["value"]
    assert tau.max()["kuzmin2018"] < 0 < tau.max()["kuzmin2020"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python -m pipeline_lib screens read --settings {} --name kuzmin2018", "screens read kuzmin2018"),
        ("/usr/bin/python3.11 -m pipeline_lib cell split --name random", "cell split random"),
        ("python -m pipeline_lib sources fetch costanzo2016/SGA_NxN.txt --record r", "sources fetch SGA_NxN"),
        ("python -m pipeline_lib training fit --model clp --folds splits/random.parquet", "training fit clp random"),
        ("python -m torch.distributed.run -m pipeline_lib training fit --model clp", "training fit clp"),
        ("python -m pipeline_lib config", ""),
        ("python -m snakemake --cores 2", ""),
        ("bash -c pipeline_lib screens read", ""),
        ("", ""),
    ],
)
def test_a_stage_is_named_after_its_command_and_what_it_works_on(
    full_size: ModuleType, command: str, name: str
) -> None:
    assert full_size._name(command.split()) == name


LIBRARY = """
import subprocess, sys, time
from pathlib import Path
word, output = sys.argv[2], Path(sys.argv[-1])
if word == "split":
    subprocess.run([sys.executable, "-c", "import time; room = b'x' * 2 ** 28; time.sleep(2)"])
time.sleep(0.5)
if word != "crash":
    output.parent.mkdir(parents=True, exist_ok=True)
    output.touch()
sys.exit(word in ("crash", "refuse"))
"""
"""Commands that write what they should, need memory in a child, crash, or fail after they have written."""


def run_stages(full_size: ModuleType, folder: Path, *words: str, limit_mb: float = 1e6) -> tuple[int, dict]:
    """Run such commands one after another, as Snakemake would; return the status, and every stage by its word."""
    (folder / "pipeline_lib").mkdir()
    (folder / "pipeline_lib" / "__main__.py").write_text(LIBRARY)
    line = "python -m pipeline_lib stage {0} --checkpoints results/none --output results/{0}"
    # What Snakemake does with the output of a job that failed.
    steps = [f"({line} || (rm -f results/{{0}}; false))".format(word) for word in words]
    stages = []
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": ""}
    command = ["bash", "-c", " && ".join([f"cd {folder}", *steps])]
    status = full_size.watch(command, folder, environment, limit_mb, stages.append)
    return status, {stage.name.removeprefix("stage "): stage for stage in stages}


@pytest.mark.parametrize("word", ["crash", "refuse"])
def test_a_stage_that_fails_is_not_finished_and_its_status_is_that_of_the_run(
    full_size: ModuleType, tmp_path: Path, word: str
) -> None:
    status, stages = run_stages(full_size, tmp_path, "read", word, "never")
    assert status == 1
    assert {name: stage.ended for name, stage in stages.items()} == {"read": "finished", word: "failed"}


def test_the_benchmark_ends_with_the_status_of_the_workflow(
    full_size: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.json").write_text('{"fraction": 1.0, "rows": {"a": 5}}')
    for name, answer in (("keep", []), ("draw", None), ("watch", 3)):
        monkeypatch.setattr(full_size, name, lambda *_, answer=answer: answer)
    assert CliRunner().invoke(full_size.main, ["--folder", str(tmp_path)]).exit_code == 3


def test_memory_of_a_stage_is_that_of_its_processes_together(full_size: ModuleType, tmp_path: Path) -> None:
    status, stages = run_stages(full_size, tmp_path, "read", "split")
    assert status == 0
    assert stages["read"].peak_mb < 100
    assert stages["split"].peak_mb > 256
    assert stages["split"].seconds > 2


def test_a_stage_that_outgrows_its_limit_is_ended_and_named(full_size: ModuleType, tmp_path: Path) -> None:
    status, stages = run_stages(full_size, tmp_path, "read", "split", limit_mb=200)
    assert status == 1
    assert {name: stage.ended for name, stage in stages.items()} == {
        "read": "finished",
        "split": "ended above 200 MiB",
    }


def test_measurements_of_a_later_run_are_added_by_size_and_the_largest_leads(
    full_size: ModuleType, tmp_path: Path
) -> None:
    def stage(name: str, seconds: float, ended: str = "finished"):
        return full_size.Stage(name, seconds, seconds, 100 * seconds, ended)

    settings = {"cores": 2, "models": ["mean"], "splits": ["random"], "training": {"epochs": 6}}
    full_size.keep(0.1, {"a": 100, "b": 10}, [stage("read", 2.0), stage("split", 9.0, "failed")], settings, tmp_path)
    full_size.keep(0.01, {"a": 10, "b": 1}, [stage("read", 1.0)], settings, tmp_path)
    sizes = full_size.keep(0.1, {"a": 100, "b": 10}, [stage("split", 3.0)], settings, tmp_path)
    content = json.loads((tmp_path / "full_size.json").read_text())
    assert content["sizes"] == sizes
    assert [size["rows"] for size in sizes] == [11, 110]
    assert content["rows"] == 110
    assert content["settings"] == settings
    assert [(stage["name"], stage["seconds"]) for stage in content["stages"]] == [("read", 2.0), ("split", 3.0)]
    assert (content["ours_s"], content["peak_mb"]) == (5.0, 300.0)
    full_size.draw(sizes, tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").stat().st_size > 1000


def test_a_stage_that_failed_counts_for_nothing(full_size: ModuleType, tmp_path: Path) -> None:
    failed = full_size.Stage("split", 9.0, 9.0, 900.0, "failed")
    full_size.draw(full_size.keep(1.0, {"a": 5}, [failed], {"cores": 2}, tmp_path), tmp_path / "growth.svg")
    content = json.loads((tmp_path / "full_size.json").read_text())
    assert (content["ours_s"], content["peak_mb"]) == (0, 0)
    assert content["stages"][0]["ended"] == "failed"


def test_the_grid_is_that_of_the_trigenic_run_unless_another_is_asked_for(
    full_size: ModuleType, tmp_path: Path
) -> None:
    own = full_size.read_run_config(full_size.ROOT / "config" / "trigenic.yaml").grid
    assert full_size.read_run_config(full_size.write_configuration(tmp_path, [], [])).grid == own
    (asked,) = full_size.read_run_config(full_size.write_configuration(tmp_path, ["mean"], ["random"])).grid
    assert (asked.models, asked.splits) == (["mean"], ["random"])
