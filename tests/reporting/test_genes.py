"""Names for people, and addresses in the Saccharomyces Genome Database for yeast genes alone."""

import pandas as pd
import pytest

from pipeline_lib.reporting.genes import GeneNames, sgd_address


@pytest.mark.parametrize("gene", ["YFL039C", "YAL001C", "YDR524C-B", "Q0045", "R0020C"])
def test_systematic_names_lead_to_their_page(gene):
    assert sgd_address(gene) == f"https://www.yeastgenome.org/locus/{gene}"


@pytest.mark.parametrize("gene", ["b0008", "s0001", "YFL039C/../../x", "javascript:alert(1)", "", "YZL001C"])
def test_nothing_else_becomes_an_address(gene):
    assert sgd_address(gene) == ""


def test_a_genotype_has_a_column_a_gene():
    genes = GeneNames(pd.DataFrame({"gene": ["YFL039C", "YAL001C"], "name": ["ACT1", "YAL001C"]}))
    labels, links = genes.columns([["YAL001C", "YFL039C"], ["YFL039C"]])
    assert labels.to_numpy().tolist() == [["YAL001C", "ACT1 (YFL039C)"], ["ACT1 (YFL039C)", ""]]
    assert links["gene 2"] == ["https://www.yeastgenome.org/locus/YFL039C", ""]
