"""Names of genes: systematic before standard before alias."""

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.genes.names import AMBIGUOUS, UNKNOWN, GeneNames


def test_a_standard_name_wins_over_another_genes_alias(few_names: GeneNames) -> None:
    # MCM2 has the alias TFC3 here, but TFC3 is the name of YAL001C.
    assert few_names.position("TFC3") == few_names.position("YAL001C") == 0


def test_letter_case_and_blanks_do_not_matter(few_names: GeneNames) -> None:
    assert few_names.position(" sla1 ") == few_names.position("ybl007c") == 1


def test_an_alias_of_two_genes_is_ambiguous_and_the_candidates_are_named(few_names: GeneNames) -> None:
    assert few_names.position("shared") == AMBIGUOUS
    assert few_names.explain("shared") == "gene name 'shared' is ambiguous: YBL007C, YBL023C"


def test_an_unknown_name_is_said_to_be_unknown(few_names: GeneNames) -> None:
    assert few_names.position("YXX999W") == UNKNOWN
    assert few_names.explain("YXX999W") == "gene 'YXX999W' is not in the gene index"


def test_many_names_are_looked_up_at_once(few_names: GeneNames) -> None:
    names = pa.array(["SCR2", "HO", "nothing", "SHARED", None, "SCR2"])
    assert few_names.positions(names).tolist() == [5, 3, UNKNOWN, AMBIGUOUS, UNKNOWN, 5]


def test_real_names_of_sgd(yeast_names: GeneNames) -> None:
    systematic = yeast_names.genes.to_pylist()
    assert systematic[yeast_names.position("HO")] == "YDL227C"
    assert systematic[yeast_names.position("imp2'")] == "YIL154C"
    assert systematic[yeast_names.position("ARG5,6")] == "YER069W"
    assert yeast_names.position("CRT1") == AMBIGUOUS
    assert "YJL210W, YLR176C" in yeast_names.explain("CRT1")


@given(st.lists(st.text("ABC", min_size=1, max_size=3), min_size=1, max_size=8, unique=True), st.data())
def test_every_systematic_name_finds_its_own_gene_whatever_the_other_names(
    genes: list[str], data: st.DataObject
) -> None:
    words = st.text("ABC", min_size=1, max_size=3)
    table = pd.DataFrame(
        {
            "gene": genes,
            "name": data.draw(st.lists(words, min_size=len(genes), max_size=len(genes))),
            "aliases": data.draw(st.lists(st.lists(words, max_size=3), min_size=len(genes), max_size=len(genes))),
            "in_gem": False,
        }
    )
    names = GeneNames.from_table(table)
    assert [names.position(gene) for gene in genes] == list(range(len(genes)))
    for position, alias in ((i, alias) for i, aliases in enumerate(table["aliases"]) for alias in aliases):
        found = names.position(alias)
        assert found in {position, AMBIGUOUS} or alias in {table["gene"][found], table["name"][found]}
