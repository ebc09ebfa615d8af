"""A small gene table, and the one of yeast where the mirror is there."""

from pathlib import Path

import pandas as pd
import pytest

GENES = ["YAL001C", "YAL002W", "YBR123C", "YBR160W", "YDR362C", "YER090W", "YKL211C", "YPR119W"]
NAMES = ["TFC3", "VPS8", "TFC1", "CDC28", "TFC6", "TRP2", "TRP3", "CLB2"]
ALIASES = [["FUN24", "TSV115"], ["FUN15"], [], ["SRM5", "SHARED"], ["SHARED"], [], ["TRP2"], []]


def gene_table(genes: list[str], names: list[str], aliases: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gene_index": range(len(genes)),
            "gene": genes,
            "name": names,
            "in_gem": False,
            "essential": pd.array([pd.NA] * len(genes), dtype="boolean"),
            "aliases": aliases,
        }
    )


@pytest.fixture
def genes() -> pd.DataFrame:
    """Return eight genes; TRP2 is a standard name and another gene's alias, SHARED is an alias of two."""
    return gene_table(GENES, NAMES, ALIASES)


@pytest.fixture(scope="session")
def yeast_genes(mirror: Path) -> pd.DataFrame:
    """Return SGD's genes with their names."""
    features = pd.read_csv(
        mirror / "essentiality" / "SGD_features.tab", sep="\t", header=None, dtype=str, quoting=3, usecols=[1, 3, 4, 5]
    ).fillna("")
    kinds = ("ORF", "blocked_reading_frame", "pseudogene", "transposable_element_gene")
    orfs = features[features[1].isin(kinds) & (features[3] != "")].drop_duplicates(3).sort_values(3)
    aliases = [alias.split("|") if alias else [] for alias in orfs[5]]
    return gene_table(orfs[3].tolist(), orfs[4].where(orfs[4] != "", orfs[3]).tolist(), aliases)
