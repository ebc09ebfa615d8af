"""Genes as people know them: standard names, and for yeast the page of each in the Saccharomyces Genome Database."""

import re
from collections.abc import Iterable

import pandas as pd

_SYSTEMATIC = re.compile(r"(Y[A-P][LR]\d{3}[CW](-[A-Z])?|Q\d{4}|R\d{4}[CW])")


def sgd_address(gene: str) -> str:
    """Return the address of a yeast gene's page; empty for what is no systematic yeast name."""
    return f"https://www.yeastgenome.org/locus/{gene}" if _SYSTEMATIC.fullmatch(gene) else ""


class GeneNames:
    """Standard names and addresses by systematic name.

    Parameters
    ----------
    genes
        `pipeline_lib.artefacts.schemas.GENES`.
    """

    def __init__(self, genes: pd.DataFrame) -> None:
        self._names = dict(zip(genes["gene"], genes["name"], strict=True))

    def label(self, gene: str) -> str:
        """Return ``ACT1 (YFL039C)``, or the systematic name alone where there is no other."""
        name = self._names.get(gene, gene)
        return gene if name in ("", gene) else f"{name} ({gene})"

    def address(self, gene: str) -> str:
        """Return the address of a gene's page; empty for one that has none."""
        return sgd_address(gene)

    def short(self, gene: str) -> str:
        """Return ``ACT1``, or the systematic name where there is no other."""
        return self._names.get(gene) or gene

    def columns(self, genotypes: Iterable[Iterable[str]]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
        """Return one column of labels a gene of the genotype (up to three), and the address of each cell."""
        rows = [list(genotype) for genotype in genotypes]
        width = max(map(len, rows), default=0)
        heads = [f"gene {position + 1}" for position in range(width)]
        padded = [row + [""] * (width - len(row)) for row in rows]
        labels = [[self.label(gene) if gene else "" for gene in row] for row in padded]
        links = {head: [self.address(row[position]) for row in padded] for position, head in enumerate(heads)}
        return pd.DataFrame(labels, columns=heads), links
