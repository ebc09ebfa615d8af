"""A list of essential genes as a screen of single deletions."""

from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

GENES = "id\tname\nYAL001C\tTFC3\nYBL007C\tSLA1\nYXX999W\tNEW1\n"


def write(folder: Path, essential: str) -> dict[str, Path]:
    (folder / "essential.txt").write_text(essential)
    (folder / "genes.tsv").write_text(GENES)
    return {"essential": folder / "essential.txt", "genes": folder / "genes.tsv"}


def test_a_listed_gene_is_lethal_and_an_unlisted_gene_of_the_table_is_not(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    observations, rejected = read("essential_genes", few_names, write(tmp_path, "# essential\nTFC3\n"))
    fitness = {genes[0]: value for genes, value in zip(observations["genes"], observations["value"], strict=True)}
    assert fitness == {"YAL001C": 0.0, "YBL007C": 1.0}
    assert set(observations["order"]) == {1}
    assert len(rejected) == 0


def test_genes_of_which_nothing_is_known_are_left_out(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    observations, _ = read("essential_genes", few_names, write(tmp_path, "YAL001C\n"))
    assert len(few_names) > len(observations) == 2


def test_a_list_of_another_organism_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    with pytest.raises(PipelineError, match="none of its lines names a gene"):
        read("essential_genes", few_names, write(tmp_path, "b0001\nb0002\n"))


@pytest.mark.mirror
def test_the_yeast_deletion_projects_list(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    folder = mirror / "essentiality"
    files = {"essential": folder / "Cerevisiae_EssentialGenes_List_1.txt", "genes": folder / "SGD_features.tab"}
    observations, _ = read("essential_genes", yeast_names, files)
    assert 1_000 < (observations["value"] == 0).sum() < 1_200
    assert observations["genes"].map(tuple).is_unique
