"""Tables of the published size, a thousandth of them: layouts that the readers know, and the truth that was planted."""

import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
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


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """Return the module of the simulator, which lies beside the benchmarks and no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        return importlib.import_module("full_size_tables")


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
