"""The identity of tau, recomputed row by row from raw scores and control screens."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import TRIGENIC_IDENTITY
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.summarising import recompute_tau
from tests.screens.conftest import Read

COLUMNS = [
    "Query strain ID",
    "Query allele name",
    "Array strain ID",
    "Array allele name",
    "Combined mutant type",
    "Raw genetic interaction score (epsilon)",
    "Adjusted genetic interaction score (epsilon or tau)",
    "P-value",
    "Query single/double mutant fitness",
    "Array single mutant fitness",
    "Combined mutant fitness",
    "Combined mutant fitness standard deviation",
]
FIRST, SECOND, DOUBLE = "YAL001C+YDL227C_tm1", "YDL227C+YBL007C_tm2", "YAL001C+YBL007C_tm3"


def cross(query: str, array: str, raw: float, adjusted: float, query_fitness: float, kind: str) -> list[object]:
    return [query, "a+b", array, "c", kind, raw, adjusted, 0.1, query_fitness, 1.0, 0.9, 0.02]


def screen_rows(tau_of_second: float = -0.05) -> list[list[object]]:
    """Return two array strains crossed to a query and its controls: f_i = 0.9, f_j = 0.8."""
    arrays = ("YBL023C_dma1", "YOL043C_dma2")
    scores = {arrays[0]: (-0.1, 0.02, -0.2), arrays[1]: (0.03, -0.04, 0.01)}
    rows = [cross(FIRST, array, scores[array][0], scores[array][0], 0.9, "digenic") for array in arrays]
    rows += [cross(SECOND, array, scores[array][1], scores[array][1], 0.8, "digenic") for array in arrays]
    for array in arrays:
        epsilon_ik, epsilon_jk, raw = scores[array]
        tau = raw - epsilon_ik * 0.8 - epsilon_jk * 0.9
        rows.append(cross(DOUBLE, array, raw, round(tau, 6), 0.7, "trigenic"))
    if tau_of_second != -0.05:
        rows[-1][6] = tau_of_second
    return rows


@pytest.fixture
def identity(tmp_path: Path, few_names: GeneNames, read: Read):
    def of(rows: list[list[object]]) -> pd.DataFrame:
        path = tmp_path / "s1.tsv"
        pd.DataFrame(rows, columns=COLUMNS).to_csv(path, sep="\t", index=False)
        observations, _ = read("kuzmin2018", few_names, {"table": path})
        observations.to_parquet(tmp_path / "observations.parquet")
        recompute_tau(tmp_path / "observations.parquet", tmp_path / "identity.parquet")
        return read_table(tmp_path / "identity.parquet", TRIGENIC_IDENTITY)

    return of


def test_tau_is_the_raw_score_less_what_the_controls_explain(identity) -> None:
    table = identity(screen_rows())
    assert table["status"].tolist() == ["agrees", "agrees"]
    # By hand: -0.2 - (-0.1)(0.8) - (0.02)(0.9) = -0.138.
    assert table["recomputed"].iloc[0] == pytest.approx(-0.138)


def test_a_score_that_is_not_the_identitys_is_counted_and_kept(identity) -> None:
    table = identity(screen_rows(tau_of_second=0.5))
    assert table["status"].tolist() == ["agrees", "differs"]
    # 0.01 - (0.03)(0.8) - (-0.04)(0.9) = 0.022.
    assert table["difference"].iloc[1] == pytest.approx(0.022 - 0.5)


def test_without_a_control_screen_there_is_nothing_to_hold_it_against(identity) -> None:
    table = identity([row for row in screen_rows() if row[0] != SECOND])
    assert table["status"].tolist() == ["no_control", "no_control"]
    assert table["recomputed"].isna().all()


def test_two_control_strains_of_one_gene_leave_open_which_is_meant(identity) -> None:
    again = [[row[0].replace("tm1", "tm9"), *row[1:]] for row in screen_rows() if row[0] == FIRST]
    assert set(identity(screen_rows() + again)["status"]) == {"several_controls"}


def test_a_simulated_screen_keeps_the_identity(tmp_path: Path, read: Read) -> None:
    from pipeline_lib.config.organism import SimulationSettings
    from pipeline_lib.metabolism.model.gem import read_gem
    from pipeline_lib.metabolism.model.stoichiometry import network_of
    from pipeline_lib.simulation import layouts
    from pipeline_lib.simulation.screen import simulate_screen

    network = network_of(read_gem("cobra:textbook"))
    simulated = simulate_screen(network, SimulationSettings(triples=300, arrays=60))
    names = list(network.genes)
    genes = pd.DataFrame(
        {
            "gene_index": np.arange(len(names)),
            "gene": names,
            "name": names,
            "aliases": None,
            "in_gem": True,
            "essential": pd.array([False] * len(names), dtype="boolean"),
        }
    )
    layouts.write_2018(layouts.screen_table(simulated.design, simulated.measured, genes), tmp_path)
    observations, _ = read("kuzmin2018", GeneNames.from_table(genes), {"table": tmp_path / layouts.FILE_2018})
    observations.to_parquet(tmp_path / "observations.parquet")
    recompute_tau(tmp_path / "observations.parquet", tmp_path / "identity.parquet")
    table = read_table(tmp_path / "identity.parquet", TRIGENIC_IDENTITY)
    assert len(table) == len(simulated.design.trigenic)
    assert (table["status"] == "agrees").all()
