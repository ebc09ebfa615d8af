"""Small screens in which every fact about a split can be counted by hand."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

GENES = [f"Y{letter}L{number:03d}C" for letter in "AB" for number in range(1, 16)]


def gene_table(genes: list[str] = GENES) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gene_index": np.arange(len(genes)),
            "gene": genes,
            "name": genes,
            "in_gem": [index % 2 == 0 for index in range(len(genes))],
            "essential": pd.array([False] * len(genes), dtype="boolean"),
        }
    )


def observation_table(rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    n = len(frame)
    defaults = {"std": np.nan, "p_value": np.nan, "replicate": 0, "temperature": 30.0, "phenotype": "interaction"}
    for name, value in defaults.items():
        frame[name] = frame[name].fillna(value) if name in frame else value
    frame["p_sided"] = pd.array([pd.NA] * n, dtype="Int64")
    frame["observation_id"] = np.arange(n)
    frame["genes"] = [sorted(genes) for genes in frame["genes"]]
    frame["order"] = frame["genes"].map(len).astype("int64")
    frame["kinds"] = [["deletion"] * order for order in frame["order"]]
    return frame


def emap_rows(genes: list[str]) -> list[dict]:
    """Every pair once; two alleles of the first gene."""
    rows = [
        {"screen": "emap", "genes": [a, b], "query": a, "array": b, "value": 0.1} for a, b in combinations(genes, 2)
    ]
    rows += [
        {"screen": "emap", "genes": [genes[0], b], "query": f"{genes[0]}-1", "array": b, "value": 0.2}
        for b in genes[1:]
    ]
    return rows


def trigenic_rows(queries: list[tuple[str, str]], arrays: list[str]) -> list[dict]:
    """Each query pair and its two controls crossed against the array, as in the trigenic screens."""
    rows = []
    for number, (a, b) in enumerate(queries):
        for array in arrays:
            if array in (a, b):
                continue
            strains = {f"{a}+{b}_tm{number}": [a, b], f"{a}+YDL227C_tm{number}a": [a], f"{b}+YDL227C_tm{number}b": [b]}
            rows += [
                {"screen": "trigenic", "genes": [*genes, array], "query": strain, "array": array, "value": -0.05}
                for strain, genes in strains.items()
            ]
    return rows


@pytest.fixture
def genes() -> pd.DataFrame:
    return gene_table()


@pytest.fixture
def observations() -> pd.DataFrame:
    """An E-MAP, a trigenic screen, single-mutant fitness and raw interactions."""
    queries = list(zip(GENES[:10], GENES[10:20], strict=True))
    rows = emap_rows(GENES[:20]) + trigenic_rows(queries, GENES[5:])
    rows += [
        {"screen": "smf", "genes": [gene], "query": None, "array": gene, "value": 1.0, "phenotype": "fitness"}
        for gene in GENES
    ]
    rows += [
        {
            "screen": "trigenic",
            "genes": [GENES[0], gene],
            "query": "q",
            "array": gene,
            "value": 0.0,
            "phenotype": "raw_interaction",
        }
        for gene in GENES[1:]
    ]
    return observation_table(rows)
