"""Genotypes as index arrays: sorted, padded, and never silently wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.cell.genotypes import (
    ENCODED,
    NO_GENE,
    encode,
    encode_gene_sets,
    gene_positions,
    read_genotypes,
)
from pipeline_lib.errors import PipelineError
from tests.cell.conftest import GENES, gene_table


@given(st.lists(st.sets(st.sampled_from(GENES), min_size=1, max_size=3), min_size=1, max_size=20))
def test_positions_are_the_sorted_indices_whatever_the_order_of_deletion(gene_sets):
    table = gene_table()
    index = dict(zip(table["gene"], table["gene_index"], strict=True))
    found = gene_positions(table, pd.Series([list(genes) for genes in gene_sets]), "here")
    assert found.shape == (len(gene_sets), 3)
    for row, genes in zip(found, gene_sets, strict=True):
        assert row[: len(genes)].tolist() == sorted(index[gene] for gene in genes)
        assert (row[len(genes) :] == NO_GENE).all()


def test_an_unknown_gene_is_named_with_its_row(genes):
    with pytest.raises(PipelineError, match=r"mine.csv: row 1: gene 'YZZ999W' is not in the gene index"):
        gene_positions(genes, pd.Series([[GENES[0]], [GENES[1], "YZZ999W"]]), "mine.csv")


@pytest.mark.parametrize("genotype", [[], GENES[:4]])
def test_a_genotype_has_one_to_three_genes(genotype, genes):
    with pytest.raises(PipelineError, match="row 0: a genotype must have 1 to 3 genes"):
        gene_positions(genes, pd.Series([genotype]), "here")


def test_assays_are_the_phenotypes_of_each_screen(observations, genes):
    data = encode(observations, genes)
    assays = data.assays()
    assert len(assays) == observations.groupby(["screen", "phenotype"]).ngroups
    assert sorted(np.concatenate([rows for *_, rows in assays])) == list(range(len(data)))


def test_hidden_values_are_hidden_and_nothing_else(observations, genes):
    data = encode(observations, genes)
    hidden = data.without_values()
    assert np.isnan(hidden.value).all()
    assert np.isnan(hidden.std).all()
    np.testing.assert_array_equal(hidden.genes, data.genes)


def test_taking_rows_keeps_the_meaning_of_the_codes(observations, genes):
    data = encode(observations, genes)
    part = data.take(np.array([5, 3]))
    assert [part.screens[code] for code in part.screen] == observations["screen"].iloc[[5, 3]].tolist()
    assert [part.strains[code] for code in part.array] == observations["array"].iloc[[5, 3]].tolist()


def test_bare_genotypes_have_no_screen_and_no_value(genes):
    data = encode_gene_sets([[GENES[2], GENES[0]]], genes)
    assert data.genes.tolist() == [[0, 2, NO_GENE]]
    assert data.screen.tolist() == [-1]
    assert np.isnan(data.value).all()


def test_a_table_read_part_by_part_is_the_table_encoded_at_once(observations, genes, tmp_path, monkeypatch):
    path = tmp_path / "observations.parquet"
    write_table(observations, path, OBSERVATIONS)
    monkeypatch.setattr("pipeline_lib.artefacts.tables.BATCH_ROWS", 7)
    whole, parts = encode(observations, genes), read_genotypes(path, genes)
    assert (parts.screens, parts.strains) == (whole.screens, whole.strains)
    for name in ENCODED:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_only_the_strains_of_the_wanted_observations_are_numbered(observations, genes, tmp_path):
    path = tmp_path / "observations.parquet"
    write_table(observations, path, OBSERVATIONS)
    wanted = observations["observation_id"].to_numpy()[2:5]
    part = read_genotypes(path, genes, wanted)
    assert part.observation_id.tolist() == wanted.tolist()
    strains = pd.concat([observations["query"][2:5], observations["array"][2:5]]).dropna()
    assert part.strains == tuple(sorted(set(strains)))


def test_the_row_of_an_unknown_gene_is_that_of_the_whole_table(observations, genes, tmp_path, monkeypatch):
    path = tmp_path / "observations.parquet"
    broken = observations.copy()
    broken["genes"] = [["YZZ999W"] if row == 9 else listed for row, listed in enumerate(broken["genes"])]
    write_table(broken, path, OBSERVATIONS)
    monkeypatch.setattr("pipeline_lib.artefacts.tables.BATCH_ROWS", 4)
    with pytest.raises(PipelineError, match="row 9: gene 'YZZ999W' is not in the gene index"):
        read_genotypes(path, genes)
