"""Pairs of DNA-repair genes: BFG-GI in nine conditions, St Onge 2007 in two, one table for both."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats

from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

PAIRS = [("TFC3", "SLA1", "no"), ("TFC3", "TFC3", "YES"), ("TFC3", "MCM2", "YES"), ("MCM2", "SLA1", "no")]


def table() -> pd.DataFrame:
    """Return four pairs: two good ones, one of one gene, one linked; St Onge measured the first."""
    frame = pd.DataFrame(PAIRS, columns=["Gene_x", "Gene_y", "Remove_by_Chromosomal_distance_or_SameGene"])
    for place, condition in enumerate(SCREEN_READERS.get("bfg_gi").conditions):
        score = -0.1 * (place + 1) * np.array([1, 2, 3, 4.0])
        frame[f"GIS_xy.{condition}"] = score
        frame[f"SE_GIS_xy.{condition}"] = 0.1
        frame[f"Z_GIS_xy.{condition}"] = score / 0.1
        frame[f"FDR.neutral_xy.{condition}"] = 0.01
        frame[f"Z_GIS_xy.{condition}_Class"] = "Negative"
    for condition, score in (("NoMMS", 0.042), ("MMS", -0.131)):
        frame[f"SOJ_E_{condition}"] = [score, np.nan, np.nan, np.nan]
        frame[f"SOJ_Class_{condition}"] = ["NEUTRAL", None, None, None]
    return frame


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    table().to_csv(tmp_path / "ev4.txt", sep="\t", index=False, na_rep="NA")
    return {"table": tmp_path / "ev4.txt"}


def test_a_pair_has_a_score_for_each_condition(files: dict[str, Path], few_names: GeneNames, read: Read) -> None:
    observations, rejected = read("bfg_gi", few_names, files)
    assert observations["condition"].value_counts().to_dict() == dict.fromkeys(
        SCREEN_READERS.get("bfg_gi").conditions, 2
    )
    first = observations[observations["genes"].map(list).map(tuple) == ("YAL001C", "YBL007C")]
    np.testing.assert_allclose(first["value"], -0.1 * np.arange(1, 10))
    np.testing.assert_allclose(first["p_value"], 2 * stats.norm.sf(np.arange(1, 10)))
    assert (first["std"] == 0.1).all()
    assert (first["fdr"] == 0.01).all()
    assert (first["p_sided"] == 2).all()
    # Values in other conditions are no replicates.
    assert (observations["replicate"] == 0).all()
    assert rejected["row"].tolist() == [3, 4]
    assert rejected["reason"].str.contains("linked genes").all()


def test_conditions_can_be_chosen(files: dict[str, Path], few_names: GeneNames, read: Read) -> None:
    observations, _ = read("bfg_gi", few_names, files, conditions=["MMS"])
    assert observations["condition"].tolist() == ["MMS", "MMS"]
    with pytest.raises(ValidationError, match="did you mean 'MMS'"):
        ScreenSettings(reader="bfg_gi", files={"table": "x"}, conditions=["MSS"])
    with pytest.raises(ValidationError, match="has no conditions"):
        ScreenSettings(reader="dcell", files={"training": "x"}, conditions=["MMS"])


def test_st_onge_measured_some_of_the_pairs(files: dict[str, Path], few_names: GeneNames, read: Read) -> None:
    observations, rejected = read("st_onge2007", few_names, files)
    assert len(rejected) == 0
    assert observations[["condition", "value", "published_class"]].to_numpy().tolist() == [
        ["NoMMS", 0.042, "NEUTRAL"],
        ["MMS", -0.131, "NEUTRAL"],
    ]
    assert observations[["std", "p_value"]].isna().all(axis=None)


def test_a_table_without_a_condition_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    table().drop(columns="GIS_xy.HYDX").to_csv(tmp_path / "ev4.txt", sep="\t", index=False, na_rep="NA")
    with pytest.raises(PipelineError, match=r"there is no column 'GIS_xy.HYDX'"):
        read("bfg_gi", few_names, {"table": tmp_path / "ev4.txt"})


@pytest.mark.mirror
def test_the_published_table_is_read_whole(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    path = mirror / "bfg-gi" / "table_ev4.txt"
    if not path.exists():
        pytest.skip(f"this mirror has no {path.name}")
    observations, rejected = read("bfg_gi", yeast_names, {"table": path})
    assert (len(observations), len(rejected)) == (9 * 723, 34)
    assert len({gene for genes in observations["genes"] for gene in genes}) == 39
    calls = SCREEN_READERS.get("bfg_gi").scores.calls
    assert calls is not None
    found = observations["fdr"] < calls.fdr
    ours = np.select(
        [found & (observations["value"] < calls.negative), found & (observations["value"] > calls.positive)],
        ["Negative", "Positive"],
        "Expected",
    )
    assert (ours == observations["published_class"]).all()
    earlier, none = read("st_onge2007", yeast_names, {"table": path})
    assert (len(earlier), len(none)) == (2 * 287, 0)
    assert earlier["value"].min() == pytest.approx(-0.825883)
