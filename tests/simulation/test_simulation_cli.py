"""``simulation screen`` and ``simulation costanzo-sized`` from file to file, as a rule calls them."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.cli import app as metabolism
from pipeline_lib.simulation.cli import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, genes: pd.DataFrame) -> Path:
    """Return a folder with the tables of the E. coli core model."""
    folder = tmp_path_factory.mktemp("simulation")
    write_table(genes, folder / "genes.parquet", schemas.GENES)
    names = ("reactions", "incidence", "complexes", "genes", "metabolites", "energies")
    tables = [f"--{name}={folder}/{name}.parquet" for name in names]
    arguments = ["build", '--settings={"gem": "cobra:textbook"}', "--gem=cobra:textbook", *tables]
    result = CliRunner().invoke(metabolism, [*arguments, f"--stoichiometry={folder}/s.pt"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder


def simulate(folder: Path, output: Path, name: str = "small", **settings: object) -> Result:
    tables = [f"--{table}={folder}/{table}.parquet" for table in ("reactions", "incidence", "complexes", "genes")]
    return CliRunner().invoke(
        app,
        [
            "screen",
            f"--settings={json.dumps({'small': {'arrays': 25, 'triples': 100, **settings}})}",
            f"--name={name}",
            *tables,
            f"--output-folder={output}",
            f"--truth={output}/truth.parquet",
            f"--signal={output}/signal.json",
        ],
        catch_exceptions=False,
    )


@pytest.mark.parametrize(
    ("layout", "files"),
    [
        ("kuzmin2018", {"aao1729_data_s1.tsv"}),
        ("kuzmin2020", {"aaz5667-Table-S1.xlsx", "aaz5667-Table-S3.xlsx"}),
        ("costanzo2016", {"SGA_ExE.txt", "SGA_ExN_NxE.txt", "SGA_NxN.txt", "SGA_DAmP.txt"}),
    ],
)
def test_a_screen_is_its_files_and_its_truth(folder: Path, tmp_path: Path, layout: str, files: set[str]) -> None:
    result = simulate(folder, tmp_path, layout=layout)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == files | {"truth.parquet", "signal.json"}
    truth = pd.read_parquet(tmp_path / "truth.parquet")
    assert list(truth.columns) == ["genes", "order", "fitness", "interaction"]
    signal = json.loads((tmp_path / "signal.json").read_text())
    assert ("tau_ceiling" in signal) == (layout != "costanzo2016")


def test_an_unknown_simulation_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="the settings have no simulation 'other'; there are small"):
        simulate(folder, tmp_path, name="other")


def test_an_unknown_setting_is_refused(folder: Path, tmp_path: Path) -> None:
    result = simulate(folder, tmp_path, tripels=5)
    assert result.exit_code == 2
    assert "tripels" in result.output


def test_costanzo_sized_files_are_written(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["costanzo-sized", "--rows=1000", f"--output-folder={tmp_path}"])
    assert result.exit_code == 0, result.output
    assert sum(len(path.read_text().splitlines()) - 1 for path in tmp_path.iterdir()) == 1000


def test_a_simulation_on_a_medium_of_its_own_has_the_growth_of_that_medium(folder: Path, tmp_path: Path) -> None:
    """Without oxygen the core model gains nothing by its respiratory chain: fewer of its genes matter for growth."""
    anaerobic = {"EX_glc__D_e": 10, "EX_nh4_e": 1000, "EX_pi_e": 1000, "EX_h2o_e": 1000, "EX_h_e": 1000}
    names = ("reactions", "incidence", "complexes", "genes", "metabolites", "energies", "media")
    tables = [f"--{name}={folder}/{name}.parquet" for name in names]
    media = f"--screen-media={json.dumps({'simulated:small': anaerobic})}"
    arguments = ["build", '--settings={"gem": "cobra:textbook"}', "--gem=cobra:textbook", *tables, media]
    built = CliRunner().invoke(metabolism, [*arguments, f"--stoichiometry={folder}/s.pt"], catch_exceptions=False)
    assert built.exit_code == 0, built.output
    shared = [f"--{table}={folder}/{table}.parquet" for table in ("reactions", "incidence", "complexes", "genes")]
    truths = {}
    for medium, option in ((None, []), (anaerobic, [f"--media={folder}/media.parquet"])):
        output = tmp_path / str(len(truths))
        settings = json.dumps({"small": {"arrays": 60, "triples": 0, "medium": medium}})
        arguments = [
            "screen",
            f"--settings={settings}",
            "--name=small",
            *shared,
            *option,
            f"--output-folder={output}",
            f"--truth={output}/truth.parquet",
        ]
        assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
        truth = pd.read_parquet(output / "truth.parquet")
        singles = truth[truth["order"] == 1]
        truths[len(truths)] = singles.set_index(singles["genes"].str[0])["fitness"]
    both = truths[0].index.intersection(truths[1].index)
    assert len(both) > 10
    assert (truths[0][both] != truths[1][both]).any()
    with pytest.raises(
        PipelineError, match=r"simulation 'small' has a medium of its own; give metabolism/media\.parquet"
    ):
        simulate(folder, tmp_path, medium=anaerobic)
