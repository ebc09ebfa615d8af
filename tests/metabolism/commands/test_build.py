"""``metabolism build`` and ``metabolism essentiality`` from file to file, as a rule calls them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.tables import load_tensors, read_table, write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.cli import app
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import read_network

NETWORK = ("metabolites", "reactions", "incidence", "complexes", "energies")
WRITTEN = (*NETWORK, "subsystems", "subsystem-links", "split-incidence")


def build(folder: Path, gem: str | Path, *options: str, settings: dict | None = None) -> Result:
    outputs = [f"--{name}={folder / name}.parquet" for name in WRITTEN]
    settings_text = json.dumps({"gem": str(gem), **(settings or {})})
    inputs = [f"--settings={settings_text}", f"--gem={gem}", f"--genes={folder / 'genes.parquet'}"]
    outputs.append(f"--stoichiometry={folder / 'stoichiometry.pt'}")
    return CliRunner().invoke(app, ["build", *inputs, *outputs, *options], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path, textbook: Gem, index_of_genes) -> Path:
    """Return a folder with the gene index: the core model's genes after one that the model lacks."""
    genes = index_of_genes(("a_gene_elsewhere", *textbook.genes), frozenset({"b2779"}))
    genes["in_gem"] = genes["gene"] != "a_gene_elsewhere"
    write_table(genes, tmp_path / "genes.parquet", schemas.GENES)
    return tmp_path


def test_every_artefact_keeps_its_contract(folder: Path) -> None:
    result = build(folder, "cobra:textbook")
    assert result.exit_code == 0, result.output
    contracts = {
        "metabolites": schemas.METABOLITES,
        "reactions": schemas.REACTIONS,
        "incidence": schemas.INCIDENCE,
        "complexes": schemas.COMPLEXES,
    }
    for name, contract in contracts.items():
        path = folder / f"{name}.parquet"
        contract.validate(read_table(path, contract), path)
    assert len(read_table(folder / "energies.parquet")) == 95
    assert read_table(folder / "subsystems.parquet")["reactions"].sum() == 95
    content = load_tensors(folder / "stoichiometry.pt")
    assert content["num_genes"] == 138
    assert content["gene_to_complex"][0].min() == 1


def test_tables_and_tensors_hold_the_same_network(folder: Path) -> None:
    build(folder, "cobra:textbook")
    network = read_network(
        *(read_table(folder / f"{name}.parquet") for name in ("reactions", "incidence", "complexes", "genes"))
    )
    content = load_tensors(folder / "stoichiometry.pt")
    S = np.zeros((72, 95))
    S[tuple(content["incidence"].numpy())] = content["coefficient"].numpy()
    assert np.array_equal(S, network.stoichiometry.toarray())
    assert np.array_equal(content["gene_to_complex"].numpy(), np.stack(network.rules.gene_to_complex.nonzero()))
    assert np.array_equal(content["lower_bound"].numpy(), network.lower)


def test_two_builds_give_the_same_bytes(folder: Path) -> None:
    build(folder, "cobra:textbook")
    names = [f"{name}.parquet" for name in WRITTEN] + ["stoichiometry.pt"]
    first = [(folder / name).read_bytes() for name in names]
    build(folder, "cobra:textbook")
    assert [(folder / name).read_bytes() for name in names] == first


def test_the_medium_of_the_settings_bounds_the_exchanges(folder: Path) -> None:
    build(folder, "cobra:textbook", settings={"medium": {"EX_glc__D_e": 3}})
    reactions = read_table(folder / "reactions.parquet").set_index("id")
    assert reactions.loc["EX_glc__D_e", "lower_bound"] == -3
    assert reactions.loc["EX_o2_e", "lower_bound"] == 0
    assert reactions["exchange"].sum() == 20


def test_energies_come_from_the_tables(folder: Path) -> None:
    table = folder / "given.csv"
    table.write_text("Var1,Var2\nPFK,-14.2\nPGI,10000000\n")
    build(folder, "cobra:textbook", f"--reaction-energies={table}")
    assert read_table(folder / "reactions.parquet").set_index("id")["delta_g"].dropna().to_dict() == {"PFK": -14.2}


def test_a_gene_index_without_the_models_genes_is_refused(folder: Path) -> None:
    genes = pd.read_parquet(folder / "genes.parquet")
    write_table(genes.head(5), folder / "genes.parquet")
    with pytest.raises(PipelineError, match="which is not in the gene index"):
        build(folder, "cobra:textbook")
    assert not (folder / "reactions.parquet").exists()


def test_essentiality_reads_what_build_wrote(folder: Path) -> None:
    build(folder, "cobra:textbook")
    inputs = [f"--{name}={folder / name}.parquet" for name in ("reactions", "incidence", "complexes", "genes")]
    output = folder / "essentiality.json"
    result = CliRunner().invoke(app, ["essentiality", *inputs, f"--output={output}"], catch_exceptions=False)
    assert result.exit_code == 0
    report = json.loads(output.read_text())
    assert set(report["conditions"]) == {"as_built"}
    assert report["published"] is None, "the published test is of yeast-GEM, not of E. coli"
    assert report["conditions"]["as_built"]["essential_predicted_essential"] == 1
