"""A list of essential genes, of any organism, says something of its own genes alone."""

from pathlib import Path

import numpy as np
import pytest

from pipeline_lib.cell.graph import build_gene_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import essentiality, read_essential_genes, read_gene_table
from pipeline_lib.genes.names import GeneNames

OWN = "id\tname\taliases\nb0001\tthrL\t\nb0002\tADE5,7\t\nb0003\tthrB\told\nb0004\tthrC\told\n"


@pytest.fixture
def names(tmp_path: Path) -> GeneNames:
    (tmp_path / "genes.tsv").write_text(OWN)
    return GeneNames.from_table(build_gene_table([], read_gene_table(tmp_path / "genes.tsv")))


def read(folder: Path, content: str, names: GeneNames) -> list[int]:
    (folder / "essential.txt").write_text(content)
    return read_essential_genes(folder / "essential.txt", names).tolist()


@pytest.mark.parametrize(
    ("content", "genes"),
    [
        ("Source:https://example.org/list\n\nEssential Genes\nb0001\nB0003\n", [0, 2]),
        ("# thrL is not meant here\nthrB\nthrC\n", [2, 3]),
        ("gene,name\nb0001,thrL\nb0004,thrC\n", [0, 3]),
        ("ADE5,7\nb0001\tessential in rich medium\n", [0, 1]),
        ("b0002\nb9999\nold\n", [1]),
    ],
)
def test_genes_are_found_by_any_name_and_comments_left_out(
    tmp_path: Path, names: GeneNames, content: str, genes: list[int]
) -> None:
    assert read(tmp_path, content, names) == genes


def test_names_that_the_gene_table_lacks_are_kept_for_the_count(tmp_path: Path, names: GeneNames) -> None:
    read(tmp_path, "Essential genes of E. coli\nb0001\nb9999\nold\n", names)
    assert names.looked_up == {"b0001": 0, "b9999": -1, "old": -2}


def test_a_list_of_another_organism_is_refused(tmp_path: Path, names: GeneNames) -> None:
    with pytest.raises(
        PipelineError, match=r"none of its lines names a gene of the gene table \(it lists YAL001C, YAL003W"
    ):
        read(tmp_path, "Essential Genes\nYAL001C\nYAL003W\n", names)
    with pytest.raises(PipelineError, match="none of its lines names a gene"):
        read(tmp_path, "Essential Genes\n", names)
    with pytest.raises(PipelineError, match="is empty"):
        read(tmp_path, "", names)


def test_a_list_that_is_no_text_is_refused(tmp_path: Path, names: GeneNames) -> None:
    (tmp_path / "essential.txt").write_bytes(b"YAL001C\n\x00\x01\n")
    with pytest.raises(PipelineError, match="is a binary file"):
        read_essential_genes(tmp_path / "essential.txt", names)


def test_a_gene_outside_the_list_is_not_essential_only_where_the_list_covers_it() -> None:
    table = build_gene_table(["b0001", "b0002", "b0003"], None)
    found = essentiality(table, np.array([1], dtype=np.int32), np.array([True, True, False]))
    assert found.isna().tolist() == [False, False, True]
    assert found[:2].tolist() == [False, True]


@pytest.mark.mirror
def test_the_yeast_list_leaves_its_comments_out(mirror: Path) -> None:
    names = GeneNames.from_table(build_gene_table([], read_gene_table(mirror / "essentiality/SGD_features.tab")))
    essential = read_essential_genes(mirror / "essentiality/Cerevisiae_EssentialGenes_List_1.txt", names)
    assert names.position("YAL001C") in essential
    assert 1000 < len(essential) <= 1085
    assert "Source:https://rdrr.io/bioc/SLGI/man/essglist.html" not in names.looked_up
