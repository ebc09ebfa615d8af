"""What the page can look up of a gene: its strongest partners, its neighbours, its reactions, its features."""

import base64
import gzip
import json

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.organism import OrganismSettings
from pipeline_lib.reporting.gene_pages import NEIGHBOURS, PARTNERS, Inputs, gene_pages
from pipeline_lib.reporting.names import GeneNames

GENES = ["YFL039C", "YAL001C", "YBR072W", "b0008"]


@pytest.fixture
def inputs() -> Inputs:
    genes = pd.DataFrame(
        {
            "gene_index": range(4),
            "gene": GENES,
            "name": ["ACT1", "TFC3", "YBR072W", "talB"],
            "aliases": [["ABY1", "END7"], ["TSV115", "END7", "talB"], [], []],
            "in_gem": [False, False, True, True],
            "essential": pd.array([True, False, None, False], dtype="boolean"),
        }
    )
    pairs = [("YFL039C", "YAL001C", -3.0), ("YFL039C", "YBR072W", 5.0), ("YAL001C", "YBR072W", 0.1)]
    observations = pd.DataFrame(
        [("emap", [a, b], 2, "interaction", value) for a, b, value in pairs]
        + [("calls", GENES[:3], 3, "call", 1.0), ("calls", [*GENES[:2], "b0008"], 3, "call", 0.0)]
        + [("smf", ["YBR072W"], 1, "fitness", 0.4), ("smf", ["YBR072W"], 1, "fitness", 0.6)],
        columns=["screen", "genes", "order", "phenotype", "value"],
    )
    observations["observation_id"] = range(len(observations))
    return Inputs(
        genes=genes,
        names=GeneNames(genes, OrganismSettings()),
        observations=observations,
        edges=pd.DataFrame({"network": "physical", "source": [0, 0], "target": [1, 2], "weight": [0.2, 0.9]}),
        reactions=pd.DataFrame(
            {"reaction_index": [0, 1], "name": ["one", "two"], "subsystem": "TCA", "gene_rule": ["YBR072W", ""]}
        ),
        complexes=pd.DataFrame({"complex_index": [0], "reaction_index": [0], "gene_index": [2]}),
        predicted=observations.iloc[[0]].assign(prediction=-2.5),
        untested=pd.DataFrame(
            {"genes": [["YAL001C", "b0008"]], "prediction": [-1.0], "spread": [0.5], "rank_by_value": [1]}
        ),
        features={
            "complexes": pd.DataFrame({"gene_index": [0], "CPX-1 | cytoskeleton": [1.0], "CPX-2 | other": [0.0]}),
            "abundance": pd.DataFrame({"gene_index": [0, 1], "log10_mean": [4.5, np.nan]}),
        },
        model="clp",
        split="random",
        units={"emap": "S-score"},
    )


def unpacked(packed: str) -> dict:
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_partners_come_strongest_first_whatever_the_sign_beside_what_was_held_out(inputs):
    data = unpacked(gene_pages(inputs))
    emap = next(assay for assay in data["measured"] if assay["name"] == "emap, interaction, pairs")
    assert emap["of"]["0"] == [[[2], 5.0, None], [[1], -3.0, -2.5]]
    assert emap["unit"] == "S-score"
    (predicted,) = data["predicted"]
    assert predicted["of"] == {"0": [[[1], -2.5, -3.0]], "1": [[[0], -2.5, -3.0]]}


def test_a_triple_that_was_tested_and_not_called_is_no_partner(inputs):
    calls = next(assay for assay in unpacked(gene_pages(inputs))["measured"] if "called" in assay["name"])
    assert calls["of"]["2"] == [[[0, 1], 1.0, None]]
    assert "3" not in calls["of"]


def test_neighbours_reactions_and_features_are_those_of_the_gene(inputs):
    data = unpacked(gene_pages(inputs))
    (network,) = data["networks"]
    assert network["of"]["0"] == [2, [2, 1]]
    assert network["of"]["1"] == [1, [0]]
    assert data["reactions"] == [["one", "TCA", "YBR072W"]]
    assert data["reactions_of"] == {"2": [1, [0]]}
    complexes, abundance = data["features"]
    assert [complexes["columns"][place] for place in complexes["terms"]["0"]] == ["cytoskeleton"]
    assert abundance["values"] == {"0": [[0, 4.5]], "1": []}
    assert data["untested"]["3"] == [[[1], -1.0, 0.5]]
    assert data["single"][0]["of"] == {"2": 0.5}


def test_components_of_a_decomposition_are_no_features_of_a_gene(inputs):
    """The sign and the order of singular vectors have no meaning in biology."""
    reduced = pd.DataFrame({"gene_index": [0], "component_1": [0.0862]})
    features = {"descriptions": reduced, "abundance": reduced.assign(log10_mean=4.5)}
    (abundance,) = unpacked(gene_pages(Inputs(**{**vars(inputs), "features": features})))["features"]
    assert (abundance["name"], abundance["columns"]) == ("abundance", ["log10_mean"])


def test_only_genes_of_the_genome_database_are_linked(inputs):
    data = unpacked(gene_pages(inputs))
    assert data["address"].format(gene="YFL039C") == "https://www.yeastgenome.org/locus/YFL039C"
    assert data["linked"] == [1, 1, 1, 0]
    assert data["essential"] == [1, 0, -1, 0]
    assert data["names"] == ["ACT1", "TFC3", "", "talB"]


def test_the_lists_of_a_gene_are_bounded(inputs):
    many = pd.concat([inputs.observations.iloc[[0]]] * 50, ignore_index=True).assign(observation_id=range(50))
    edges = pd.DataFrame({"network": "physical", "source": 0, "target": range(1, 60), "weight": 1.0})
    data = unpacked(gene_pages(Inputs(**{**vars(inputs), "observations": many, "edges": edges})))
    assert len(data["measured"][0]["of"]["0"]) == PARTNERS
    degree, near = data["networks"][0]["of"]["0"]
    assert (degree, len(near)) == (59, NEIGHBOURS)


def test_an_alias_finds_its_gene_unless_two_share_it_or_it_is_the_name_of_another(inputs):
    assert unpacked(gene_pages(inputs))["aliases"] == [["ABY1", 0], ["TSV115", 1]]
