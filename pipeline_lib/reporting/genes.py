"""Genes as people know them: standard names, and the page of each in the database of the organism."""

from collections.abc import Iterable

import pandas as pd

from pipeline_lib.config.organism import OrganismSettings


class GeneNames:
    """Standard names and addresses by systematic name.

    Parameters
    ----------
    genes
        `pipeline_lib.artefacts.schemas.GENES`.
    organism
        The template of a gene's page and which names have one.
    """

    def __init__(self, genes: pd.DataFrame, organism: OrganismSettings) -> None:
        self.organism = organism
        self._names = dict(zip(genes["gene"], genes["name"], strict=True))

    def label(self, gene: str) -> str:
        """Return ``ACT1 (YFL039C)``, or the systematic name alone where there is no other."""
        name = self._names.get(gene, gene)
        return gene if name in ("", gene) else f"{name} ({gene})"

    def address(self, gene: str) -> str:
        """Return the address of a gene's page; empty for one that has none."""
        return self.organism.address(gene)

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
