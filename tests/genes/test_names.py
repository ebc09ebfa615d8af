"""Names of genes: systematic before standard before alias."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
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
    assert str(few_names.explain("shared")) == "gene name 'shared' is ambiguous: YBL007C, YBL023C"


def test_an_unknown_name_is_reported_as_unknown(few_names: GeneNames) -> None:
    assert few_names.position("YXX999W") == UNKNOWN
    assert str(few_names.explain("YXX999W")) == "gene 'YXX999W' is not in the gene index"


def test_many_names_are_looked_up_at_once(few_names: GeneNames) -> None:
    names = pa.array(["SCR2", "HO", "nothing", "SHARED", None, "SCR2"])
    assert few_names.positions(names).tolist() == [5, 3, UNKNOWN, AMBIGUOUS, UNKNOWN, 5]


def test_real_names_of_sgd(yeast_names: GeneNames) -> None:
    systematic = yeast_names.genes.to_pylist()
    assert systematic[yeast_names.position("HO")] == "YDL227C"
    assert systematic[yeast_names.position("imp2'")] == "YIL154C"
    assert systematic[yeast_names.position("ARG5,6")] == "YER069W"
    assert yeast_names.position("CRT1") == AMBIGUOUS
    assert "YJL210W, YLR176C" in str(yeast_names.explain("CRT1"))


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


@pytest.mark.parametrize(
    ("spelling", "gene"),
    [
        ("YDR322C_A", "YDR322C-A"),
        ("YDR322C.A", "YDR322C-A"),
        ("ydr322ca", "YDR322C-A"),
        ("'YDR322C-A'", "YDR322C-A"),
        ('"YDR322C-A" ', "YDR322C-A"),
        ("YDR322C\u2013A", "YDR322C-A"),
        ("\u200bADE5,7", "YGL234W"),
        ("ADE5.7", "YGL234W"),
        ("Ade5,7", "YGL234W"),
        ("IMP2.", "YIL154C"),
        ("IMP2\u2019", "YIL154C"),
        ("imp2", "YMR035W"),
        ("YFL006W", "YFL007W"),
        ("YAL043C_A", "YAL042C-A"),
    ],
)
def test_spellings_of_real_names(spelling: str, gene: str) -> None:
    table = pd.DataFrame(
        {
            "gene": ["YAL042C-A", "YDR322C-A", "YFL007W", "YGL234W", "YIL154C", "YMR035W"],
            "name": ["YAL042C-A", "TIM11", "BLM10", "ADE5,7", "IMP2'", "IMP2"],
            "aliases": [["YAL043C-A"], [], ["YFL006W"], [], [], []],
            "in_gem": False,
        }
    )
    names = GeneNames.from_table(table)
    assert names.genes[names.position(spelling)].as_py() == gene


def test_a_separator_between_two_digits_carries_meaning() -> None:
    names = GeneNames.of_model(["100071", "10007.2", "orf19.12"])
    assert [names.position(name) for name in ("10007.1", "10007_2", "ORF19-12", "orf1912")] == [UNKNOWN, 1, 2, UNKNOWN]


def test_letter_case_decides_where_it_alone_tells_genes_apart() -> None:
    names = GeneNames.of_model(["dl", "Dl", "w"])
    assert [names.position(name) for name in ("dl", "Dl", "DL", "W")] == [0, 1, AMBIGUOUS, 2]
    assert str(names.explain("DL")) == "gene name 'DL' is ambiguous: Dl, dl"


def test_a_spelling_of_two_genes_is_ambiguous() -> None:
    names = GeneNames.of_model(["YAL001C-A", "YAL001C.A"])
    assert names.position("YAL001C-A") == 0
    assert str(names.explain("YAL001C_A")) == "gene name 'YAL001C_A' is ambiguous: YAL001C-A, YAL001C.A"


def test_what_was_looked_up_is_kept_and_a_trial_is_not() -> None:
    names = GeneNames.of_model(["b0001"])
    assert names.knows("B0001")
    names.positions(pa.array(["b0001", "b0002"]))
    assert names.looked_up == {"b0001": 0, "b0002": UNKNOWN}


def test_a_blank_is_no_name() -> None:
    names = GeneNames(["a", "b"], ["", " "], [[""], ["-"]], np.zeros(2, dtype=bool))
    assert [names.position(name) for name in ("", " ", '""')] == [UNKNOWN] * 3
