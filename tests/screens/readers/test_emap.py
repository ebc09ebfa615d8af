"""The chromosome-biology E-MAP of Collins et al. 2007."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def collins(mirror: Path, yeast_names: GeneNames, read: Read) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = mirror / "collins2007"
    return read("emap", yeast_names, {"scores": folder / "gi2007.rda", "kinds": folder / "gi2007.metadata.rda"})


def test_published_counts(collins: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    observations, rejected = collins
    assert len(observations) == 186_500
    assert len(rejected) == 0
    assert observations["genes"].explode().nunique() == 743
    assert (observations["order"] == 2).all()
    assert (observations["phenotype"] == "interaction").all()
    # 754 mutants: nine genes have two to four alleles.
    assert pd.concat([observations["query"], observations["array"]]).nunique() == 754


def test_each_pair_of_mutants_is_there_once_and_its_score_is_the_matrix_entry(
    collins: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    observations, _ = collins
    assert not observations.duplicated(["query", "array"]).any()
    pair = observations[(observations["query"] == "YAL002W") & (observations["array"] == "YAL040C")]
    assert pair["value"].tolist() == pytest.approx([-1.108255], abs=1e-6)
    assert pair["genes"].iloc[0].tolist() == ["YAL002W", "YAL040C"]
    assert observations[["std", "p_value", "p_sided"]].isna().all(axis=None)


def test_alleles_of_one_gene_are_replicates_of_one_genotype(collins: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    observations, _ = collins
    # POL30 (YBR088C) has a DAmP allele and the point mutants 79, 8 and 819.
    pol30 = {"YBR088C_damp", "YBR088C_pol30-79", "YBR088C_pol30-8", "YBR088C_pol30-819"}
    strains = set(observations["query"]) | set(observations["array"])
    assert {strain for strain in strains if strain.startswith("YBR088C")} == pol30
    assert observations["replicate"].max() == 4
    keys = observations["genes"].map("+".join)
    counts = observations.assign(key=keys).groupby("key")["replicate"].agg(["size", "max", "nunique"])
    assert (counts["size"] == counts["max"] + 1).all()
    assert (counts["size"] == counts["nunique"]).all()


def test_kinds_come_from_the_second_file(collins: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    observations, _ = collins
    kinds = set(observations["kinds"].explode())
    assert kinds == {"deletion", "damp", "point_mutant", "overlapping_deletion"}
    damp = observations[observations["query"] == "YBL093C_damp"].iloc[0]
    assert damp["kinds"][list(damp["genes"]).index("YBL093C")] == "damp"


def test_rep1_of_the_two_micron_plasmid_is_found_by_its_standard_name(
    collins: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    observations, _ = collins
    assert (observations.loc[observations["query"] == "REP1", "genes"].map(lambda genes: "R0020C" in genes)).all()


def test_without_the_second_file_kinds_are_unspecified(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    observations, _ = read("emap", yeast_names, {"scores": mirror / "collins2007" / "gi2007.rda"})
    assert set(observations["kinds"].explode()) == {"unspecified"}


def test_the_kinds_of_other_mutants_are_refused(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    scores = mirror / "collins2007" / "gi2007.rda"
    with pytest.raises(PipelineError, match="does not hold a table of two columns"):
        read("emap", yeast_names, {"scores": scores, "kinds": scores})


def test_a_file_that_is_not_r_data_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "scores.rda"
    path.write_bytes(b"not R")
    with pytest.raises(PipelineError, match=r"scores.rda is not an R data file"):
        read("emap", few_names, {"scores": path})


def test_unknown_genes_are_rejected_pair_by_pair(mirror: Path, few_names: GeneNames, read: Read) -> None:
    observations, rejected = read("emap", few_names, {"scores": mirror / "collins2007" / "gi2007.rda"})
    assert len(observations) + len(rejected) == 186_500
    assert set(observations["genes"].explode()) <= set(few_names.genes.to_pylist())
    assert rejected["reason"].str.fullmatch(r"gene '\S+' is not in the gene index").all()
