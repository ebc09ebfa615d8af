"""Screens together: numbered once, in the order given; the aggregated view and the summary beside."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import OBSERVATIONS, REJECTED
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.reading import aggregate, combine_observations, combine_rejected, read_screen
from pipeline_lib.screens.summarising import summarise

COLUMNS = {"genes": "genes", "value": "score", "std": "sd", "query": "query", "temperature": "degrees"}
FIRST = """genes,score,sd,query,degrees
TFC3+SLA1,1,3,q1,30
TFC3+SLA1,3,4,q1,30
SLA1+TFC3,2,,q2,30
HO+NTG2,5,,q1,30
nobody,1,,q1,30
"""
SECOND = """genes,score,sd,query,degrees
TFC3+SLA1,4,1,a,
HO+NTG2,2,1,b,
TFC3,0.5,1,b,
"""


@pytest.fixture
def parts(tmp_path: Path, few_names: GeneNames) -> dict[str, Path]:
    found = {}
    for name, text in (("first", FIRST), ("second", SECOND)):
        path = tmp_path / f"{name}.csv"
        path.write_text(text)
        settings = ScreenSettings(reader="table", files={"table": str(path)}, columns=COLUMNS, phenotype="fitness")
        found[name] = tmp_path / f"{name}.parquet"
        read_screen(name, settings, {"table": path}, few_names, found[name], tmp_path / f"{name}.rejected.parquet")
    return found


@pytest.fixture
def combined(parts: dict[str, Path], tmp_path: Path, few_names: GeneNames) -> Path:
    combine_observations([parts["second"], parts["first"]], few_names, tmp_path / "observations.parquet")
    return tmp_path / "observations.parquet"


def test_observations_are_numbered_in_the_order_of_the_screens(combined: Path) -> None:
    observations = read_table(combined, OBSERVATIONS)
    OBSERVATIONS.validate(observations, combined)
    assert observations["observation_id"].tolist() == list(range(7))
    assert observations["screen"].tolist() == ["second"] * 3 + ["first"] * 4
    assert observations["value"].tolist() == [4, 2, 0.5, 1, 3, 2, 5]


def test_columns_of_one_screen_are_null_in_the_others(
    parts: dict[str, Path], tmp_path: Path, few_names: GeneNames
) -> None:
    frame = read_table(parts["first"]).assign(assumed_tested=True)
    write_table(frame, parts["first"], OBSERVATIONS)
    combine_observations(list(parts.values()), few_names, tmp_path / "o.parquet")
    assumed = read_table(tmp_path / "o.parquet", columns=["assumed_tested"])["assumed_tested"]
    assert str(assumed.dtype) == "boolean"
    assert assumed.isna().tolist() == [False] * 4 + [True] * 3


def test_rejected_rows_of_all_screens_stand_together(parts: dict[str, Path], tmp_path: Path) -> None:
    rejected = [path.with_name(f"{name}.rejected.parquet") for name, path in parts.items()]
    assert combine_rejected(rejected, tmp_path / "rejected.parquet") == 1
    row = read_table(tmp_path / "rejected.parquet", REJECTED).iloc[0]
    assert (row["screen"], row["file"], row["row"], row["text"]) == ("first", "first.csv", 6, "nobody,1,,q1,30")
    combine_rejected([], tmp_path / "none.parquet")
    assert len(read_table(tmp_path / "none.parquet", REJECTED)) == 0


def test_one_screen_given_twice_is_refused(parts: dict[str, Path], tmp_path: Path, few_names: GeneNames) -> None:
    again = tmp_path / "again.parquet"
    again.write_bytes(parts["first"].read_bytes())
    with pytest.raises(PipelineError, match=r"again.parquet: screen 'first' is also in"):
        combine_observations([*parts.values(), again], few_names, tmp_path / "o.parquet")
    assert not (tmp_path / "o.parquet").exists()


def test_a_screen_read_with_another_gene_index_is_refused(parts: dict[str, Path], tmp_path: Path) -> None:
    other = GeneNames(["YAL001C"], ["TFC3"], [[]], in_gem=np.zeros(1, dtype=bool))
    with pytest.raises(PipelineError, match=r"gene 'Y\S+' is not in the gene index; read the screen again"):
        combine_observations(list(parts.values()), other, tmp_path / "o.parquet")


def test_a_truncated_part_is_refused(parts: dict[str, Path], tmp_path: Path, few_names: GeneNames) -> None:
    parts["first"].write_bytes(parts["first"].read_bytes()[:-100])
    with pytest.raises(PipelineError, match=r"first.parquet is truncated"):
        combine_observations(list(parts.values()), few_names, tmp_path / "o.parquet")


def test_aggregated_view_has_mean_pooled_sd_and_number(combined: Path, few_names: GeneNames, tmp_path: Path) -> None:
    aggregate(combined, few_names, tmp_path / "aggregated.parquet")
    table = read_table(tmp_path / "aggregated.parquet")
    table.index = pd.Index(table["screen"] + " " + table["genes"].map("+".join))
    replicated = table.loc["first YAL001C+YBL007C"]
    assert (replicated["value"], replicated["n"], replicated["n_std"]) == (2, 3, 2)
    assert replicated["std"] == pytest.approx(np.sqrt((3**2 + 4**2) / 2))
    assert replicated["spread"] == 1
    single = table.loc["first YDL227C+YOL043C"]
    assert np.isnan(single["std"])
    assert np.isnan(single["spread"])
    assert "p_value" not in table


def test_copies_and_assumed_rows_do_not_count_in_the_aggregated_view(
    combined: Path, few_names: GeneNames, tmp_path: Path
) -> None:
    marked = read_table(combined).assign(
        repeated=[False, False, False, False, True, None, False], assumed_tested=[False] * 6 + [True]
    )
    write_table(marked, tmp_path / "marked.parquet")
    aggregate(tmp_path / "marked.parquet", few_names, tmp_path / "aggregated.parquet")
    table = read_table(tmp_path / "aggregated.parquet")
    first = table[table["screen"] == "first"]
    assert first[["value", "n"]].to_numpy().tolist() == [[1.5, 2]]


def test_the_summary_counts_correlates_and_compares(combined: Path, few_names: GeneNames, tmp_path: Path) -> None:
    genes = pd.DataFrame({"gene": few_names.genes.to_pylist(), "in_gem": few_names.in_gem})
    genes.to_parquet(tmp_path / "genes.parquet")
    summarise(combined, tmp_path / "genes.parquet", tmp_path / "summary.parquet")
    table = read_table(tmp_path / "summary.parquet")
    own = table[table["other_screen"].isna()].set_index(["screen", "quantity"])["value"]
    assert own["first", "observations"] == 4
    assert own["first", "genotypes"] == 2
    assert own["first", "replicated_genotypes"] == 1
    assert own["first", "genes"] == 4
    assert own["first", "genes_in_gem"] == 2
    assert own["first", "queries"] == 2
    assert own["first", "missing_std"] == 2
    assert own["second", "order_1"] == 1
    assert own["second", "mean"] == pytest.approx(6.5 / 3)
    # One pair entered both ways round is a perfect negative correlation.
    assert own["first", "pearson_replicates"] == pytest.approx(-1)
    assert own["first", "pearson_alleles"] == pytest.approx(-1)
    overlap = table[table["other_screen"] == "second"].set_index("quantity")
    assert overlap.loc["shared_genotypes", "value"] == 2
    # Means 2 and 5 against 4 and 2.
    assert overlap.loc["pearson_shared", "value"] == pytest.approx(-1)


def test_the_summary_counts_rows_without_a_query_and_conditions(tmp_path: Path, few_names: GeneNames) -> None:
    rows = [
        (["YAL001C", "YBL007C"], "YAL001C", "YBL007C", "a"),
        (["YAL001C", "YBL007C"], "YAL001C", "YBL007C", "b"),
        (["YAL001C", "YBL023C"], None, None, "a"),
        (["YBL023C"], None, "YBL023C", "a"),
    ]
    frame = pd.DataFrame(rows, columns=["genes", "query", "array", "condition"])
    frame = frame.assign(
        observation_id=range(4),
        screen="s",
        order=frame["genes"].map(len),
        phenotype="interaction",
        value=[1, 2, 3, 4.0],
        std=np.nan,
        p_value=np.nan,
        temperature=np.nan,
        p_value_averaged=[False, True, False, False],
        kinds=None,
        p_sided=None,
        replicate=0,
    )
    frame.to_parquet(tmp_path / "observations.parquet")
    genes = pd.DataFrame({"gene": few_names.genes.to_pylist(), "in_gem": few_names.in_gem})
    genes.to_parquet(tmp_path / "genes.parquet")
    summarise(tmp_path / "observations.parquet", tmp_path / "genes.parquet", tmp_path / "summary.parquet")
    summary = read_table(tmp_path / "summary.parquet").set_index("quantity")["value"]
    # A single mutant has no query to be missing; two conditions are no replicates of one another.
    assert summary[["missing_query", "conditions", "averaged_p_value", "replicated_genotypes"]].tolist() == [1, 2, 1, 0]
    aggregate(tmp_path / "observations.parquet", few_names, tmp_path / "aggregated.parquet")
    assert read_table(tmp_path / "aggregated.parquet")["n"].tolist() == [1, 1, 1, 1]
