"""The called interactions of Kuzmin et al. 2018 and their assumed background."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

ASSIGNMENT = "StrainID1\tORF1\tStrainID2\tORF2\tDMstrainID\tSM1strainID\tSM2strainID\tAnnotation\n"


@pytest.fixture(scope="module")
def calls(mirror: Path, yeast_names: GeneNames, read: Read) -> pd.DataFrame:
    folder = mirror / "kuzmin2018"
    files = {
        "calls": folder / "links.txt",
        "assignment": folder / "assignment_file_170328.csv",
        "strain_fitness": folder / "dmf_tr_150226_fromSGAonly.txt",
    }
    observations, rejected = read("kuzmin2018_calls", yeast_names, files)
    assert len(rejected) == 0
    return observations


@pytest.mark.mirror
def test_published_counts_of_calls(calls: pd.DataFrame) -> None:
    called = calls[~calls["assumed_tested"]]
    assert len(called) == 17_285
    assert (called["order"] == 2).sum() == 14_090
    trigenic = called[called["order"] == 3]
    assert len(trigenic) == 3_195
    assert (trigenic["value"] == 1).all()
    assert (trigenic["positive_calls"] == 0).all()
    assert set(calls["value"]) == {0.0, 1.0}


@pytest.mark.mirror
def test_the_first_call_by_hand(calls: pd.DataFrame) -> None:
    # act1-129_hoΔ_ost3Δ 0 1: ost3Δ is a control query, act1-129 an array strain.
    first = calls.iloc[0]
    assert first["genes"].tolist() == ["YFL039C", "YOR085W"]
    assert first["kinds"].tolist() == ["ts", "deletion"]
    assert (first["query"], first["array"], first["value"]) == ("YDL227C+YOR085W_tm2893", "act1-129", 1.0)


@pytest.mark.mirror
def test_every_trigenic_call_has_one_query_and_one_array_strain(calls: pd.DataFrame) -> None:
    trigenic = calls[calls["order"] == 3]
    assert trigenic[["query", "array"]].notna().all(axis=None)
    # The authors analysed 182 double-mutant queries: 181 of the assignment file and CLN1 CLN2.
    assert trigenic["query"].nunique() == 182
    assert (trigenic["query"] == "YMR199W+YPL256C_tm1604").any()
    assert not trigenic.duplicated(["query", "array"]).any()


@pytest.mark.mirror
def test_the_background_is_every_query_times_every_array_less_what_was_called(calls: pd.DataFrame) -> None:
    trigenic = calls[calls["order"] == 3]
    background = trigenic[trigenic["assumed_tested"]]
    assert (background["value"] == 0).all()
    arrays = trigenic["array"].nunique()
    same_gene = 182 * arrays - len(trigenic)
    assert 0 < same_gene < 182
    assert background[["positive_calls", "negative_calls"]].eq(0).all(axis=None)


@pytest.mark.mirror
def test_only_triples_make_the_benchmark(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    folder = mirror / "kuzmin2018"
    files = {"calls": folder / "links.txt", "assignment": folder / "assignment_file_170328.csv"}
    observations, _ = read("kuzmin2018_calls", yeast_names, files, orders=[3])
    assert (observations["order"] == 3).all()
    assert observations["value"].sum() == 3_195
    # Without the table of strains the pair CLN1 CLN2 is no known query: its 73 calls have none.
    assert observations["query"].isna().sum() == 73


def small(tmp_path: Path, triplets: list[str]) -> dict[str, Path]:
    calls, assignment = tmp_path / "links.txt", tmp_path / "assignment.csv"
    calls.write_text("Triplete_Name rating=0 rating=1 \n" + "".join(line + "\n" for line in triplets), encoding="utf-8")
    rows = [
        "sn1\tYAL001C\tdma1\tYOL043C\ttm1\ttm2\ttm3\tTspace\n",
        "sn1\tYAL001C\tdma1\tYBL023C\ttm4\ttm5\ttm6\tPOMBE\n",
    ]
    assignment.write_text(ASSIGNMENT + "".join(rows))
    return {"calls": calls, "assignment": assignment}


def test_query_and_array_are_distinguished_by_the_assignment_file(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    files = small(tmp_path, ["ntg2Δ_sla1Δ_tfc3Δ 0 2", "hoΔ_ntg2Δ_sla1-5 3 0", "hoΔ_ntg2Δ_tfc3Δ 1 1"])
    observations, rejected = read("kuzmin2018_calls", few_names, files)
    assert len(rejected) == 0
    trigenic, digenic, unclear = (observations.iloc[row] for row in range(3))
    assert (trigenic["query"], trigenic["array"], trigenic["value"]) == ("YAL001C+YOL043C_tm1", "sla1Δ", 1)
    assert (digenic["query"], digenic["array"], digenic["value"]) == ("YDL227C+YOL043C_tm3", "sla1-5", 0)
    # NTG2 and TFC3 both have control strains, so either may have been the query; called both ways counts as negative.
    assert unclear[["query", "array"]].isna().all()
    assert unclear["value"] == 1
    # The query that the authors did not analyse has no background; sla1-5 crossed to the analysed one was not called.
    background = observations[observations["assumed_tested"]]
    assert background[["query", "array"]].to_numpy().tolist() == [["YAL001C+YOL043C_tm1", "sla1-5"]]
    assert background["genes"].iloc[0].tolist() == ["YAL001C", "YBL007C", "YOL043C"]
    assert background["replicate"].tolist() == [1]


@pytest.mark.parametrize(
    ("triplet", "reason"),
    [
        ("ntg2Δ_sla1Δ 0 1", "not three allele names joined by '_'"),
        ("ntg2Δ_sla1Δ_nope1Δ 0 1", "gene 'nope1' is not in the gene index"),
        ("ntg2Δ_sla1Δ_shared-3 0 1", "gene name 'shared' is ambiguous: YBL007C, YBL023C"),
        ("hoΔ_hoΔ_sla1Δ 0 1", "two neutral controls"),
        ("sla1-5_sla1Δ_tfc3Δ 0 1", "query and array lack the same gene"),
        ("ntg2Δ_sla1Δ_tfc3Δ 0 many", "column 'rating=1' holds 'many', which is no number"),
    ],
)
def test_a_bad_triplet_is_rejected_with_its_line(
    triplet: str, reason: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    observations, rejected = read("kuzmin2018_calls", few_names, small(tmp_path, ["ntg2Δ_sla1Δ_tfc3Δ 0 1", triplet]))
    assert rejected["reason"].tolist() == [reason]
    assert rejected["row"].tolist() == [3]
    assert rejected["text"].tolist() == [triplet]
    assert (~observations["assumed_tested"]).sum() == 1
