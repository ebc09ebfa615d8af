"""How many names are known: each counts once, and what is of another organism is refused."""

import pytest

from pipeline_lib.artefacts.schemas import GENE_COVERAGE
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import gene_coverage, low_coverage, refuse_other_organism
from pipeline_lib.genes.names import GeneNames


@pytest.fixture
def names() -> GeneNames:
    genes = [f"b{i:04d}" for i in range(1, 101)]
    aliases = [["shared"], ["shared", "old"], *([()] * 98)]
    return GeneNames(genes, ["thrL", *genes[1:]], aliases, [False] * 100)


def test_each_name_counts_once_and_in_one_class(names: GeneNames) -> None:
    counted = gene_coverage(
        "screen", "mine", names, ["b0001", "B0001", "thrL", "b_0003", "old", "shared", "x", "", " "]
    )
    GENE_COVERAGE.validate(counted, "coverage")
    row = counted.iloc[0]
    assert row[["named", "known", "unknown", "ambiguous", "by_alias"]].tolist() == [6, 4, 1, 1, 2]
    assert row["examples"] == "unknown: x; ambiguous: shared; by another name: b_0003 = b0003, old = b0002"


@pytest.mark.parametrize("kind", ["model", "screen", "network", "features"])
def test_names_of_which_none_is_known_are_refused(names: GeneNames, kind: str) -> None:
    few = gene_coverage(kind, "yeast", names, ["YAL001C", "YAL002W"])
    with pytest.raises(
        PipelineError, match=r"^0 of 2 .* 'yeast' are in the gene table of 100 genes \(unknown: YAL001C, YAL"
    ):
        refuse_other_organism(few, names)


def test_a_chance_hit_does_not_make_it_the_same_organism(names: GeneNames) -> None:
    symbols = ["thrL", *(f"HUMAN{i}" for i in range(40))]
    with pytest.raises(PipelineError, match=r"1 of 41 genes of the metabolic model"):
        refuse_other_organism(gene_coverage("model", "human", names, symbols), names)


def test_a_small_gene_table_may_know_few_names_of_a_large_network(names: GeneNames) -> None:
    given = [f"b{i:04d}" for i in range(1, 4001)]
    counted = gene_coverage("network", "string", names, given)
    refuse_other_organism(counted, names)
    assert low_coverage(counted.iloc[0]).startswith("The gene table knows only 100 of 4,000 gene names of the network")


def test_a_handful_of_names_is_judged_by_whether_any_is_known(names: GeneNames) -> None:
    refuse_other_organism(gene_coverage("model", "toy", names, ["b0001", "g4", "g5", "g6", "g7"]), names)


def test_most_names_known_needs_no_sentence(names: GeneNames) -> None:
    assert low_coverage(gene_coverage("screen", "s", names, ["b0001", "b0002", "x"]).iloc[0]) == ""
