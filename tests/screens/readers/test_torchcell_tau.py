"""Trigenic scores as torchcell tabulates them: no query is named, decimals went through single precision."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.double_mutant_queries import read_queries
from tests.screens.conftest import Read


@pytest.fixture(scope="module")
def names() -> GeneNames:
    genes = [f"Y{side}{number:03d}C" for side in ("AL", "BR") for number in range(1, 31)]
    return GeneNames.from_table(pd.DataFrame({"gene": genes, "name": genes, "aliases": None, "in_gem": False}))


def planted() -> pd.DataFrame:
    """Return a query of two genes crossed to 20 others, its first gene uncharacterised."""
    array = [f"YBR{number:03d}C" for number in range(1, 21)]
    tau = np.float32(np.linspace(-0.3, 0.2, 20).round(6))
    return pd.DataFrame(
        {
            "idx": range(20),
            "gene_1": "YAL001C",
            "gene_2": array,
            "gene_3": "YAL002C",
            "gene_interaction": tau.astype(float),
            "p_value": np.float32(0.25).astype(float),
            "num_uncharacterized": 1,
            "uncharacterized_genes": "YAL001C",
        }
    )


def written(frame: pd.DataFrame, folder: Path) -> dict[str, Path]:
    frame.to_csv(folder / "tau.csv", index=False)
    return {"table": folder / "tau.csv"}


def test_the_pair_that_recurs_is_the_query(tmp_path: Path, names: GeneNames, read: Read) -> None:
    scattered = planted().head(1).assign(gene_1="YBR025C", gene_2="YBR026C", gene_3="YAL001C")
    observations, rejected = read(
        "torchcell_tau", names, written(pd.concat([planted(), scattered]), tmp_path), name="kuzmin_tau"
    )
    assert len(rejected) == 0
    assert (observations["query"][:20] == "YAL001C+YAL002C").all()
    assert observations["array"][:20].tolist() == [f"YBR{number:03d}C" for number in range(1, 21)]
    assert observations[["query", "array"]].iloc[20].isna().all()
    assert (observations["order"] == 3).all()
    np.testing.assert_array_equal(observations["value"][:20], np.linspace(-0.3, 0.2, 20).round(6))


def test_p_is_one_sided_of_the_raw_score_and_a_mean_of_p_values_is_marked(
    tmp_path: Path, names: GeneNames, read: Read
) -> None:
    frame = planted()
    frame.loc[[3, 4], "p_value"] = [0.57037, 0.5]
    observations, _ = read("torchcell_tau", names, written(frame, tmp_path))
    assert (observations["p_sided"] == 1).all()
    assert observations["p_value"].tolist() == observations["raw_p_value"].tolist()
    assert observations["raw_p_value"].tolist() == [0.25] * 3 + [0.57037, 0.5] + [0.25] * 15
    assert np.flatnonzero(observations["p_value_averaged"]).tolist() == [3]


FAULTS = {
    "P above 1": (lambda f: f.assign(p_value=f["p_value"].where(f.index != 6, 1.5)), "row 8: P-value 1.5"),
    "P below 0": (lambda f: f.assign(p_value=f["p_value"].where(f.index != 6, -0.1)), "row 8: P-value -0.1"),
    "one gene twice": (
        lambda f: f.assign(gene_2=f["gene_2"].where(f.index != 2, "YAL001C")),
        "row 4: one gene is named twice",
    ),
    "a gene column shifted down": (lambda f: f.assign(gene_1=f["gene_1"].shift(1)), "row 2: ' YBR001C YAL002C'"),
    "a gene column rolled over": (
        lambda f: f.assign(
            gene_2=np.roll(f["gene_2"], 1),
            uncharacterized_genes=f["gene_2"],
        ),
        "row 2: the uncharacterised genes 'YBR001C'",
    ),
    "numbers where genes were": (lambda f: f.assign(gene_1=f["idx"]), "row 2: '0 YBR001C YAL002C'"),
    "another number of genes": (lambda f: f.assign(num_uncharacterized=2), "row 2: the uncharacterised genes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_table_is_refused_with_its_row(tmp_path: Path, names: GeneNames, read: Read, fault: str) -> None:
    damage, sentence = FAULTS[fault]
    with pytest.raises(PipelineError) as caught:
        read("torchcell_tau", names, written(damage(planted()), tmp_path))
    assert sentence in str(caught.value)
    assert "tau.csv" in str(caught.value)


@pytest.mark.parametrize("column", list(planted().columns))
def test_a_missing_column_is_named(tmp_path: Path, names: GeneNames, read: Read, column: str) -> None:
    with pytest.raises(PipelineError, match=f"there is no column '{column}'"):
        read("torchcell_tau", names, written(planted().drop(columns=column), tmp_path))


def test_an_unknown_gene_is_rejected_with_its_name(tmp_path: Path, names: GeneNames, read: Read) -> None:
    frame = planted()
    frame.loc[1, "gene_2"] = "YZZ001C"
    observations, rejected = read("torchcell_tau", names, written(frame, tmp_path))
    assert len(observations) == 19
    assert rejected["reason"].tolist() == ["gene 'YZZ001C' is not in the gene index"]


@pytest.mark.mirror
def test_every_row_of_the_mirrored_table_is_read(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    path = mirror / "torchcell" / "uncharacterized_triple_interactions.csv"
    if not path.exists():
        pytest.skip(f"this mirror has no {path.name}")
    observations, rejected = read("torchcell_tau", yeast_names, {"table": path})
    assert (len(observations), len(rejected)) == (44_619, 0)
    assert observations["value"].std() == pytest.approx(0.0564, abs=1e-4)
    assert observations["p_value_averaged"].sum() == 116
    arrays = observations.groupby("query").size()
    # 52 queries over the whole array (39,561 triples), the others over its uncharacterised genes alone.
    assert (arrays > 100).sum() == 52
    assert arrays[arrays > 100].sum() == 39_561
    assert observations["query"].isna().sum() == 48
    queries, _ = read_queries(mirror / "kuzmin2018" / "assignment_file_170328.csv", None, yeast_names)
    published = {frozenset(strain.rpartition("_")[0].split("+")) for strain in queries.strains}
    recognised = observations.dropna(subset="query").drop_duplicates("query")
    for genes, query in zip(recognised["genes"], recognised["query"], strict=True):
        inside = [pair for pair in published if pair <= set(genes)]
        # No query of 2018 stands in a genotype beside another pair that was taken for its query.
        assert not inside or frozenset(query.split("+")) in inside
