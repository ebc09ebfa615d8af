"""The four pairwise tables of Costanzo et al. 2016."""

from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

HEADER = (
    "Query Strain ID\tQuery allele name\tArray Strain ID\tArray allele name\tArraytype/Temp\t"
    "Genetic interaction score (ε)\tP-value\tQuery single mutant fitness (SMF)\tArray SMF\tDouble mutant fitness\t"
    "Double mutant fitness standard deviation\n"
)
ROW = "YAL001C_tsq508\ttfc3-g349e\tYBL023C_tsa111\tmcm2-1\tTSA30\t-0.0348\t0.005042\t0.8285\t0.9254\t0.7319\t0.0102\n"


def table(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def test_the_published_sample_row(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    observations, rejected = read("costanzo2016_pairwise", few_names, {"ExE": table(tmp_path / "SGA_ExE.txt", ROW)})
    assert len(rejected) == 0
    epsilon, fitness = observations.iloc[0], observations.iloc[1]
    for row in (epsilon, fitness):
        assert row["genes"].tolist() == ["YAL001C", "YBL023C"]
        assert row["kinds"].tolist() == ["ts", "ts"]
        assert (row["query"], row["array"], row["temperature"]) == ("YAL001C_tsq508", "YBL023C_tsa111", 30.0)
        assert row["std"] == 0.0102
    assert (epsilon["phenotype"], epsilon["value"], epsilon["p_value"]) == ("interaction", -0.0348, 0.005042)
    assert epsilon["p_sided"] == 1
    assert (fitness["phenotype"], fitness["value"]) == ("fitness", 0.7319)
    assert fitness[["p_value", "p_sided"]].isna().all()
    # epsilon = f_ij - f_i f_j, up to the four decimals of the table.
    assert fitness["value"] - 0.8285 * 0.9254 == pytest.approx(epsilon["value"], abs=1e-4)


def test_a_pair_measured_again_is_a_replicate_across_files_and_directions(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    other_way = (
        ROW.replace("YAL001C_tsq508", "X").replace("YBL023C_tsa111", "YAL001C_tsa508").replace("X", "YBL023C_tsq1")
    )
    files = {
        "NxN": table(tmp_path / "SGA_NxN.txt", other_way, ROW.replace("YBL023C_tsa111", "YBL007C_dma1")),
        "ExE": table(tmp_path / "SGA_ExE.txt", ROW, ROW.replace("TSA30", "TSA26")),
    }
    observations, _ = read("costanzo2016_pairwise", few_names, files)
    epsilon = observations[observations["phenotype"] == "interaction"]
    # ExE comes first whatever the order of the configuration.
    assert epsilon["replicate"].tolist() == [0, 1, 2, 0]
    assert epsilon["temperature"].tolist() == [30.0, 26.0, 30.0, 30.0]
    fitness = observations[observations["phenotype"] == "fitness"]
    assert fitness["replicate"].tolist() == epsilon["replicate"].tolist()


def test_ho_is_a_deletion_like_any_other(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = table(tmp_path / "SGA_ExN_NxE.txt", ROW.replace("YBL023C_tsa111", "YDL227C_dma1"))
    observations, _ = read("costanzo2016_pairwise", few_names, {"ExN_NxE": path})
    assert observations["genes"].iloc[0].tolist() == ["YAL001C", "YDL227C"]


def test_a_row_without_fitness_still_has_its_interaction(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = table(tmp_path / "SGA_ExE.txt", ROW, ROW.replace("0.7319\t0.0102", "NaN\tNaN"))
    observations, rejected = read("costanzo2016_pairwise", few_names, {"ExE": path})
    assert len(rejected) == 0
    assert observations["phenotype"].tolist() == ["interaction", "interaction", "fitness"]
    assert observations["std"].isna().tolist() == [False, True, False]


def test_bad_rows_are_rejected_and_good_ones_kept(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = table(
        tmp_path / "SGA_ExE.txt",
        ROW,
        ROW.replace("YBL023C", "YAL001C"),
        ROW.replace("YBL023C", "YXX023C"),
        ROW.replace("0.005042", "0.9"),
        ROW.replace("\tTSA30", ""),
        ROW.replace("-0.0348", "0.0348"),
    )
    observations, rejected = read("costanzo2016_pairwise", few_names, {"ExE": path})
    rejected = rejected.sort_values("row")
    assert rejected["row"].tolist() == [3, 4, 5, 6]
    assert rejected["reason"].tolist() == [
        "query and array lack the same gene",
        "gene 'YXX023C' is not in the gene index",
        "P-value 0.9 is not within 0 and 0.5",
        "10 fields where there should be 11",
    ]
    assert (observations["phenotype"] == "interaction").sum() == 2


def test_one_file_may_be_empty_but_not_all(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = {"ExE": table(tmp_path / "SGA_ExE.txt"), "NxN": table(tmp_path / "SGA_NxN.txt", ROW)}
    observations, _ = read("costanzo2016_pairwise", few_names, files)
    assert len(observations) == 2
    with pytest.raises(PipelineError, match=r"no row became an observation .* its files hold no rows"):
        read("costanzo2016_pairwise", few_names, {"ExE": files["ExE"]})


def test_a_table_of_2010_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "sgadata_costanzo2009.txt"
    path.write_text("YAL001C\tTFC3\tYBL023C\tMCM2\t-0.03\t0.01\t0.5\n")
    with pytest.raises(PipelineError, match="there is no column 'Query Strain ID'"):
        read("costanzo2016_pairwise", few_names, {"ExE": path})


@pytest.mark.mirror
@pytest.mark.parametrize(("role", "kinds"), [("ExE", {"ts"}), ("ExN_NxE", {"ts", "deletion"}), ("NxN", {"deletion"})])
def test_the_first_published_rows_of_each_table_are_read(
    mirror: Path, yeast_names: GeneNames, read: Read, role: str, kinds: set[str]
) -> None:
    path = mirror / "costanzo2016-sample" / f"SGA_{role}.txt"
    if not path.exists():
        pytest.skip(f"this mirror has no {path.name}")
    observations, rejected = read("costanzo2016_pairwise", yeast_names, {role: path})
    # YAR040C is no reading frame of SGD any more.
    unknown = ["gene 'YAR040C' is not in the gene index"] if role == "NxN" else []
    assert rejected["reason"].tolist() == unknown
    epsilon = observations[observations["phenotype"] == "interaction"]
    assert len(epsilon) == 50 - len(unknown)
    assert kinds <= {kind for pair in epsilon["kinds"] for kind in pair} <= kinds | {"suppressor", "unspecified"}
    assert epsilon["p_value"].max() <= 0.5
    assert set(epsilon["temperature"]) <= {26.0, 30.0}
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:] if "YAR040C" not in line]
    assert epsilon["query"].tolist() == [line[0] for line in lines]
    # epsilon = f_ij - f_i f_j wherever the table gives the fitness of both strains.
    measured = [line for line in lines if line[7] and line[8]]
    assert len(measured) > 10
    for line in measured:
        assert float(line[9]) - float(line[7]) * float(line[8]) == pytest.approx(float(line[5]), abs=2e-4)
