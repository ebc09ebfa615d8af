"""A small gene table with shared names, and that of yeast where the mirror is there."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.cell.graph import build_gene_table
from pipeline_lib.genes.gene_tables import read_gene_table
from pipeline_lib.genes.names import GeneNames


@pytest.fixture(scope="session")
def yeast_names(mirror: Path) -> GeneNames:
    """Return SGD's names, every gene of the real screens among them."""
    return GeneNames.from_table(build_gene_table([], read_gene_table(mirror / "essentiality" / "SGD_features.tab")))


@pytest.fixture(scope="session")
def few_names() -> GeneNames:
    """Return six genes, one alias of which two share."""
    return GeneNames.from_table(
        pd.DataFrame(
            {
                "gene": ["YAL001C", "YBL007C", "YBL023C", "YDL227C", "YDR169C-A", "YOL043C"],
                "name": ["TFC3", "SLA1", "MCM2", "HO", "YDR169C-A", "NTG2"],
                "aliases": [["FUN24", "TSV115"], ["SHARED"], ["SHARED", "TFC3"], [], None, ["SCR2"]],
                "in_gem": [False, True, False, False, False, True],
            }
        )
    )
