"""Strain ids and allele names of the SGA collections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.genes.names import UNKNOWN, GeneNames
from pipeline_lib.screens.alleles import KINDS, Strains, gene_name_of_allele, kind_of_allele


def taken_apart(strain: str, names: GeneNames, allele: str = "", *, drop_control: bool = True) -> tuple[list, str]:
    strains = Strains(names, drop_control=drop_control)
    code = int(strains.codes([strain], [allele])[0])
    assert strains.faulty().tolist() == [code in strains.faults]
    genes = [
        (names.genes[gene].as_py(), KINDS[kind])
        for gene, kind in zip(strains.genes[code], strains.kinds[code], strict=True)
        if gene != UNKNOWN
    ]
    return genes, " and ".join(map(str, strains.faults.values()))


@pytest.mark.parametrize(
    ("strain", "kind"),
    [
        ("YAL001C_dma23", "deletion"),
        ("YAL001C_sn273", "deletion"),
        ("YAL001C_tsq508", "ts"),
        ("YAL001C_tsa508", "ts"),
        ("YAL001C_damp174", "damp"),
        ("YAL001C_S26", "suppressor"),
    ],
)
def test_the_suffix_tells_the_kind_of_allele(strain: str, kind: str, few_names: GeneNames) -> None:
    assert taken_apart(strain, few_names) == ([("YAL001C", kind)], "")


def test_the_orf_is_the_text_before_the_underscore_even_with_a_hyphen(few_names: GeneNames) -> None:
    assert taken_apart("YDR169C-A_dma9", few_names)[0] == [("YDR169C-A", "deletion")]


def test_a_double_mutant_query_lacks_both_genes(few_names: GeneNames) -> None:
    genes, _ = taken_apart("YAL001C+YOL043C_tm72", few_names, "tfc3-g349e+ntg2Δ")
    assert genes == [("YAL001C", "ts"), ("YOL043C", "deletion")]


def test_ho_marks_a_control_in_trigenic_screens_and_a_deletion_in_others(few_names: GeneNames) -> None:
    assert taken_apart("YOL043C+YDL227C_tm461", few_names, "ntg2Δ+hoΔ")[0] == [("YOL043C", "deletion")]
    assert taken_apart("YDL227C+YOL043C_tm461", few_names)[0] == [("YOL043C", "unspecified")]
    assert taken_apart("YDL227C_dma1", few_names, drop_control=False)[0] == [("YDL227C", "deletion")]


def test_the_wild_type_query_lacks_nothing(few_names: GeneNames) -> None:
    assert taken_apart("URA3control+YDL227C_y13096", few_names) == ([], "")


@pytest.mark.parametrize("strain", ["", "YAL001C", "YAL001C_", "_dma1", "YAL001C_dma", "A+B+C_tm1", "A+_tm1", "-0.03"])
def test_what_is_no_strain_id_is_a_fault(strain: str, few_names: GeneNames) -> None:
    genes, fault = taken_apart(strain, few_names)
    assert genes == []
    assert "is not a strain id" in fault


def test_an_unknown_gene_is_a_fault_that_names_it(few_names: GeneNames) -> None:
    assert taken_apart("YZZ001C_dma1", few_names) == ([], "gene 'YZZ001C' is not in the gene index")


@pytest.mark.parametrize(
    ("allele", "gene"),
    [
        ("act1-129", "YFL039C"),
        ("ost3Δ", "YOR085W"),
        ("apc5-CA-PAps", "YOR249C"),
        ("exo70-29/37", "YJL085W"),
        ("imp2'Δ", "YIL154C"),
        ("ydr169c-aΔ", "YDR169C-A"),
        ("SPP381-ph", "YBR152W"),
        ("ylr224wΔ", "YLR224W"),
    ],
)
def test_allele_names_of_kuzmin_2018(allele: str, gene: str, yeast_names: GeneNames) -> None:
    assert yeast_names.genes[yeast_names.position(gene_name_of_allele(allele, yeast_names))].as_py() == gene


@pytest.mark.parametrize(
    ("allele", "kind"),
    [
        ("sla1Δ", "deletion"),
        ("act1-129", "ts"),
        ("tfc3_damp", "damp"),
        ("tps1-supp2", "suppressor"),
        ("vps8", "unspecified"),
    ],
)
def test_kind_of_an_allele_by_its_name(allele: str, kind: str) -> None:
    assert kind_of_allele(allele) == kind


@given(st.text(max_size=20))
def test_any_text_is_a_strain_or_a_fault_never_an_exception(text: str) -> None:
    names = GeneNames(["YAL001C"], ["TFC3"], [[]], in_gem=None)  # type: ignore[arg-type]
    strains = Strains(names, drop_control=True)
    code = strains.codes([text])[0]
    assert strains.faults[code] or strains.genes[code][1] == UNKNOWN
