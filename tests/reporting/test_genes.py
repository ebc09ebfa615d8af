"""Names for people, and addresses in the database of the organism."""

import pandas as pd

from pipeline_lib.config.organism import OrganismSettings
from pipeline_lib.reporting.names import GeneNames

TABLE = pd.DataFrame({"gene": ["YFL039C", "YAL001C"], "name": ["ACT1", "YAL001C"]})


def test_a_genotype_has_a_column_a_gene():
    labels, links = GeneNames(TABLE, OrganismSettings()).columns([["YAL001C", "YFL039C"], ["YFL039C"]])
    assert labels.to_numpy().tolist() == [["YAL001C", "ACT1 (YFL039C)"], ["ACT1 (YFL039C)", ""]]
    assert links["gene 2"] == ["https://www.yeastgenome.org/locus/YFL039C", ""]


def test_another_organism_has_pages_of_its_own():
    coli = OrganismSettings(name="Escherichia coli", id_pattern=r"b\d{4}", link="https://ecocyc.org/gene?id={gene}")
    genes = pd.DataFrame({"gene": ["b0720"], "name": ["gltA"]})
    _, links = GeneNames(genes, coli).columns([["b0720"], ["YFL039C"]])
    assert links["gene 1"] == ["https://ecocyc.org/gene?id=b0720", ""]
