"""Screens on different media: one table of media, one of knockouts, each screen with its own growth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.schemas import MEDIA, medium_of
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.conditions import plates
from pipeline_lib.metabolism.medium import media_table, network_on, with_medium
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

SALTS = ("EX_nh4_e", "EX_pi_e", "EX_h2o_e", "EX_h_e")
AEROBIC = {"EX_glc__D_e": 10.0, "EX_o2_e": 20.0, **dict.fromkeys(SALTS, 1000.0)}
ANAEROBIC = {**AEROBIC, "EX_o2_e": 0.0}
ATP_SYNTHASE = ["b3736"]


@pytest.fixture(scope="module")
def media(textbook: Gem) -> pd.DataFrame:
    own = {"air": AEROBIC, "jar": ANAEROBIC, "simulated:jar": "minimal", "own": "model"}
    return media_table(textbook, "model", own)


def test_screens_with_one_medium_stand_together_and_all_others_on_the_runs(media: pd.DataFrame) -> None:
    of = {screen: medium_of(media, screen) for screen in ("air", "jar", "own", "simulated:jar", "never named", "")}
    assert of == {
        "air": "own:air",
        "jar": "own:jar",
        "own": "model",
        "simulated:jar": "minimal",
        "never named": "model",
        "": "model",
    }
    assert dict(zip(media["medium"], media["screens"], strict=True))["model"] == "*"


def test_two_screens_may_share_a_named_medium(textbook: Gem) -> None:
    table = media_table(textbook, "model", {"a": "minimal", "b": "minimal"})
    assert set(table.loc[table["medium"] == "minimal", "screens"]) == {"a|b"}


def test_the_network_on_a_medium_is_that_of_the_model_on_it(textbook: Gem, media: pd.DataFrame) -> None:
    network = network_of(textbook)
    for label, medium in (("own:jar", ANAEROBIC), ("minimal", "minimal"), ("model", "model")):
        ours, direct = network_on(network, media, label), network_of(with_medium(textbook, medium))
        np.testing.assert_array_equal(ours.lower, direct.lower)
        np.testing.assert_array_equal(ours.upper, direct.upper)


def test_a_medium_that_does_not_fit_is_refused_with_its_screen(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match=r"the medium of jar: .*no exchange reaction 'EX_oxygen'"):
        media_table(textbook, "model", {"jar": {"EX_oxygen": 1}})
    with pytest.raises(PipelineError, match="the run has no medium 'beer', only model, minimal"):
        network_on(network_of(textbook), media_table(textbook, "model", {"a": "minimal"}), "beer")


def test_genotypes_go_on_the_plate_of_their_screen(textbook: Gem, media: pd.DataFrame) -> None:
    genotypes = np.array([[0], [1], [2], [3]])
    found = plates(network_of(textbook), genotypes, np.array(["jar", "", "air", "jar"]), media)
    content = {plate.medium: plate.genotypes[:, 0].tolist() for plate in found}
    assert content == {"model": [1], "own:air": [2], "own:jar": [0, 3]}


@pytest.fixture
def folder(tmp_path: Path, textbook: Gem, index_of_genes) -> Path:
    """Return the tables of the core model with the media of two screens."""
    from click.testing import CliRunner

    from pipeline_lib.metabolism.cli import app

    write_table(index_of_genes(textbook.genes), tmp_path / "genes.parquet", schemas.GENES)
    names = ("metabolites", "reactions", "incidence", "complexes", "energies", "media")
    arguments = [
        "build",
        "--settings",
        json.dumps({"gem": "cobra:textbook"}),
        "--gem=cobra:textbook",
        "--screen-media",
        json.dumps({"jar": ANAEROBIC}),
        f"--genes={tmp_path}/genes.parquet",
        f"--stoichiometry={tmp_path}/stoichiometry.pt",
        *(f"--{name}={tmp_path}/{name}.parquet" for name in names),
    ]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    observed = pd.DataFrame({"genes": [ATP_SYNTHASE, ATP_SYNTHASE, ["b0720"]], "screen": ["jar", "flask", "flask"]})
    observed.to_parquet(tmp_path / "observations.parquet")
    arguments = [
        "knockouts",
        f"--genotypes={tmp_path}/observations.parquet",
        f"--output={tmp_path}/knockouts.fba.parquet",
        *(f"--{name}={tmp_path}/{name}.parquet" for name in ("reactions", "incidence", "complexes", "genes", "media")),
    ]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    return tmp_path


def test_knockouts_carry_the_medium_of_the_screen_that_measured_them(folder: Path) -> None:
    """Without oxygen E. coli has no use for ATP synthase as an ATP source; with it, growth falls to two fifths."""
    MEDIA.validate(read_table(folder / "media.parquet"), "media")
    table = pd.read_parquet(folder / "knockouts.fba.parquet")
    assert table["medium"].tolist() == ["model", "model", "own:jar"]
    assert table["screens"].tolist() == ["*", "*", "jar"]
    fitness = dict(zip(zip(table["medium"], table["genes"].str[0], strict=True), table["fitness"], strict=True))
    assert fitness["model", "b3736"] == pytest.approx(0.4282, abs=1e-3)
    assert fitness["own:jar", "b3736"] != pytest.approx(fitness["model", "b3736"], abs=0.05)


def test_flux_balance_reads_and_solves_on_the_medium_of_the_screen(folder: Path, textbook: Gem) -> None:
    from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
    from pipeline_lib.models.baselines.flux import FluxOfScreens
    from pipeline_lib.models.interface import Cell
    from pipeline_lib.training.fitted_model import read_solver

    genes = read_table(folder / "genes.parquet", schemas.GENES)
    paths = [folder / f"{name}.parquet" for name in ("reactions", "incidence", "complexes")]
    cell = Cell(genes, pd.DataFrame(), {}, read_table(folder / "knockouts.fba.parquet"), read_solver(*paths, genes))
    results = FluxOfScreens(cell, "fba")
    index = {gene: at for at, gene in enumerate(textbook.genes)}
    # The second pair was measured by no screen.
    genotypes = np.array([[index["b3736"], -1, -1], [*sorted([index["b3736"], index["b1723"]]), -1]])
    for screen, medium in (("jar", ANAEROBIC), ("flask", "model"), ("", "model")):
        expected = solve_knockouts(network_of(with_medium(textbook, medium)), genotypes).fitness(genotypes)
        np.testing.assert_allclose(results.of_screen(screen).of(genotypes)[0], expected)
    assert results.of_screen("flask") is results.of_screen("")


def test_a_table_of_one_medium_is_read_as_before(folder: Path) -> None:
    from pipeline_lib.models.interface import Cell, no_knockouts

    genes = read_table(folder / "genes.parquet", schemas.GENES)
    table = pd.read_parquet(folder / "knockouts.fba.parquet")
    one = table[table["screens"] == "*"].reset_index(drop=True)
    for knockouts in (one, one.drop(columns=["medium", "screens"]), no_knockouts()):
        cell = Cell(genes, pd.DataFrame(), {}, knockouts)
        assert cell.on_medium(cell.medium_of("jar")) is cell
