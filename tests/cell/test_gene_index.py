"""The gene index holds every gene once, under its systematic name, whatever the model calls it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.schemas import GENE_COVERAGE, GENES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.cli import app
from pipeline_lib.cell.graph import assert_same_index, build_gene_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import read_gene_table

SGD = (
    "S1\tORF\tVerified\tYDR322C-A\tTIM11\tATP21\t\n"
    "S2\tORF\tVerified\tYBR001C\tNTH2\t\t\n"
    "S3\tORF\tVerified\tYAL038W\tCDC19\tPYK1\t\n"
    "S4\tORF\tVerified\tYFL007W\tBLM10\tYFL006W|CRT\t\n"
    "S5\tORF\tVerified\tYHR001W-A\tQCR10\tCRT\t\n"
)


def write_model(path: Path, rules: dict[str, str], genes: list[str] | None = None) -> Path:
    """Write a model that grows on one nutrient through one reaction a rule."""
    metabolites = ["A_e", *(f"M{i}_c" for i in range(len(rules) + 1))]
    inner = {
        name: {"metabolites": {f"M{i}_c": -1, f"M{i + 1}_c": 1}, "gene_reaction_rule": rule}
        for i, (name, rule) in enumerate(rules.items())
    }
    reactions = {
        "EX_A": {"metabolites": {"A_e": -1}, "lower_bound": -10},
        "TR": {"metabolites": {"A_e": -1, "M0_c": 1}},
        **inner,
        "BIO": {"metabolites": {metabolites[-1]: -1}, "objective_coefficient": 1},
    }
    words = {word for rule in rules.values() for word in rule.replace("(", " ").replace(")", " ").split()}
    ids = genes if genes is not None else sorted(words - {"and", "or"})
    path.write_text(
        json.dumps(
            {
                "id": "toy",
                "version": "1",
                "compartments": {"e": "", "c": ""},
                "metabolites": [{"id": m, "name": m, "compartment": m[-1], "formula": "C"} for m in metabolites],
                "reactions": [
                    {"id": name, "name": name, "lower_bound": 0, "upper_bound": 1000, "gene_reaction_rule": "", **r}
                    for name, r in reactions.items()
                ],
                "genes": [{"id": gene, "name": gene} for gene in ids],
            }
        )
    )
    return path


def make_genes(folder: Path, *options: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run ``cell genes`` and return the gene table and the coverage."""
    output, coverage = folder / "genes.parquet", folder / "coverage.parquet"
    result = CliRunner().invoke(
        app, ["genes", *options, f"--output={output}", f"--coverage={coverage}"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return read_table(output, GENES).set_index("gene"), read_table(coverage, GENE_COVERAGE)


@pytest.fixture
def sgd(tmp_path: Path) -> Path:
    path = tmp_path / "SGD_features.tab"
    path.write_text(SGD)
    return path


@pytest.mark.parametrize("spelling", ["YDR322C_A", "YDR322C.A", "YDR322CA", "ydr322c-a", "TIM11", "ATP21"])
def test_another_spelling_in_the_model_is_no_second_gene(tmp_path: Path, sgd: Path, spelling: str) -> None:
    model = write_model(tmp_path / "m.json", {"R1": "YBR001C", "R2": spelling})
    genes, coverage = make_genes(tmp_path, f"--gem={model}", f"--gene-table={sgd}")
    assert len(genes) == 5
    assert genes.loc["YDR322C-A", "in_gem"]
    assert genes.loc["YDR322C-A", "gem_id"] == spelling
    assert coverage[["named", "known", "unknown", "ambiguous"]].to_numpy().tolist() == [[2, 2, 0, 0]]


def test_the_retired_name_of_a_merged_reading_frame_is_the_gene_that_is_left(tmp_path: Path, sgd: Path) -> None:
    model = write_model(tmp_path / "m.json", {"R1": "YBR001C", "R2": "YFL006W or YFL007W"})
    genes, coverage = make_genes(tmp_path, f"--gem={model}", f"--gene-table={sgd}")
    assert "YFL006W" not in genes.index
    assert genes.loc["YFL007W", "gem_id"] == "YFL006W|YFL007W"
    assert coverage["by_alias"].tolist() == [1]
    assert "YFL006W = YFL007W" in coverage["examples"][0]


def test_a_gene_that_the_features_lack_is_a_gene_of_its_own_without_essentiality(tmp_path: Path, sgd: Path) -> None:
    model = write_model(tmp_path / "m.json", {"R1": "YBR001C", "R2": "g4"})
    (tmp_path / "essential.txt").write_text("Essential Genes\nYAL038W\n")
    genes, coverage = make_genes(
        tmp_path, f"--gem={model}", f"--gene-table={sgd}", f"--essential={tmp_path / 'essential.txt'}"
    )
    assert pd.isna(genes.loc["g4", "essential"])
    assert genes.loc["YAL038W", "essential"]
    assert not genes.loc["YBR001C", "essential"]
    assert coverage.set_index("kind").loc["model", ["named", "known", "unknown"]].tolist() == [2, 1, 1]
    assert coverage.set_index("kind").loc["essential", ["named", "known"]].tolist() == [1, 1]


def test_an_id_of_the_model_that_can_be_two_genes_is_refused(tmp_path: Path, sgd: Path) -> None:
    model = write_model(tmp_path / "m.json", {"R1": "YBR001C", "R2": "CRT"})
    with pytest.raises(PipelineError, match=r"'CRT' is ambiguous: YFL007W, YHR001W-A; the metabolic model names it so"):
        make_genes(tmp_path, f"--gem={model}", f"--gene-table={sgd}")


@pytest.mark.parametrize("ids", ["b{:04d}", "ENSG{:011d}", "{}_AT1", "SPAC{}.03c"])
def test_a_model_of_another_organism_is_refused(tmp_path: Path, sgd: Path, ids: str) -> None:
    model = write_model(tmp_path / "m.json", {f"R{i}": ids.format(i) for i in range(1, 21)})
    with pytest.raises(
        PipelineError, match=r"^0 of 20 genes of the metabolic model '.*m\.json' are in the gene table of 5"
    ):
        make_genes(tmp_path, f"--gem={model}", f"--gene-table={sgd}")
    assert not (tmp_path / "genes.parquet").exists()


@pytest.mark.mirror
def test_the_e_coli_model_beside_the_yeast_gene_table_is_refused(tmp_path: Path, mirror: Path) -> None:
    with pytest.raises(
        PipelineError,
        match=r"0 of 137 genes of the metabolic model .* another organism or another database; give the gene",
    ):
        make_genes(tmp_path, "--gem=cobra:textbook", f"--gene-table={mirror / 'essentiality/SGD_features.tab'}")


@pytest.mark.mirror
def test_the_yeast_list_of_essential_genes_covers_no_gene_of_e_coli(tmp_path: Path, mirror: Path) -> None:
    listed = mirror / "essentiality/Cerevisiae_EssentialGenes_List_1.txt"
    with pytest.raises(PipelineError, match=r"none of its lines names a gene .*organism\.essential out"):
        make_genes(tmp_path, "--gem=cobra:textbook", f"--essential={listed}")


@pytest.mark.mirror
def test_yeast_gem_is_known_whole(tmp_path: Path, mirror: Path) -> None:
    genes, coverage = make_genes(
        tmp_path,
        f"--gem={mirror / 'yeast-gem/yeast-GEM.yml'}",
        f"--gene-table={mirror / 'essentiality/SGD_features.tab'}",
        f"--essential={mirror / 'essentiality/Cerevisiae_EssentialGenes_List_1.txt'}",
    )
    model = coverage.set_index("kind").loc["model"]
    assert model["known"] == model["named"] == genes["in_gem"].sum()
    assert genes["essential"].notna().all()
    assert 1000 < genes["essential"].sum() <= 1085


def test_an_own_table_states_which_genes_are_essential(tmp_path: Path) -> None:
    (tmp_path / "genes.tsv").write_text("id\tname\taliases\tessential\nb0001\tthrL\t\tno\nb0002\tthrA\tHs|thrA1\t\n")
    model = write_model(tmp_path / "m.json", {"R1": "b0001", "R2": "thrA"})
    genes, _ = make_genes(tmp_path, f"--gem={model}", f"--gene-table={tmp_path / 'genes.tsv'}")
    assert genes["essential"].tolist() == [False, pd.NA]
    assert genes["in_gem"].all()
    assert genes["name"].tolist() == ["thrL", "thrA"]


def test_a_list_of_essential_genes_stands_above_the_tables_own_column(tmp_path: Path) -> None:
    (tmp_path / "genes.csv").write_text("id,essential\nb0001,no\nb0002,yes\n")
    (tmp_path / "essential.txt").write_text("b0001\n")
    model = write_model(tmp_path / "m.json", {"R1": "b0001", "R2": "b0002"})
    genes, _ = make_genes(
        tmp_path,
        f"--gem={model}",
        f"--gene-table={tmp_path / 'genes.csv'}",
        f"--essential={tmp_path / 'essential.txt'}",
    )
    assert genes["essential"].tolist() == [True, False]


def test_essentiality_is_unknown_without_a_list() -> None:
    assert build_gene_table(["b0001"], None)["essential"].isna().all()


def test_a_shifted_index_is_refused() -> None:
    table = build_gene_table(["a", "b", "c"], None)
    assert_same_index(["a", "b", "c"], table, "model.pt")
    with pytest.raises(PipelineError, match="they differ from position 1 on"):
        assert_same_index(["a", "c"], table, "model.pt")


@pytest.mark.mirror
def test_sgds_table_gives_the_index_one_row_a_gene(mirror: Path) -> None:
    table = build_gene_table([], read_gene_table(mirror / "essentiality/SGD_features.tab"))
    assert table["gene"].is_unique
    assert table["gene"].is_monotonic_increasing
