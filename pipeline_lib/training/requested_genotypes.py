"""The genotypes that a user wants predicted: how many there are, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.training.genotype_names import parse_genotypes
from pipeline_lib.training.genotype_streams import Chunks, all_pairs, all_triples, cut, read_gene_list
from pipeline_lib.training.genotype_tables import read_genotype_table

CHUNK = 262_144
"""Genotypes that are predicted at a time."""


@dataclass(frozen=True)
class RequestedGenotypes:
    """Genotypes to predict.

    Attributes
    ----------
    count
        How many.
    chunks
        Gene indices int64 [n, 3], ascending, then -1; n is at most `CHUNK`.
    """

    count: int
    chunks: Chunks


def named(texts: Sequence[str], names: GeneNames, least: int) -> RequestedGenotypes:
    """Return the genotypes of the option ``--genotype``; see `parse_genotypes`."""
    genes = parse_genotypes(texts, names, least, lambda row: f"--genotype '{texts[row]}'")
    return RequestedGenotypes(len(genes), cut(genes, CHUNK))


def tabled(path: Path, names: GeneNames, least: int) -> RequestedGenotypes:
    """Return the genotypes of a table; see `read_genotype_table`."""
    genes = read_genotype_table(path, names, least)
    return RequestedGenotypes(len(genes), cut(genes, CHUNK))


def every_pair(path: Path, names: GeneNames) -> RequestedGenotypes:
    """Return all pairs of the genes of a text file; see `read_gene_list`."""
    genes = read_gene_list(path, names)
    _refuse_few(path, len(genes), 2, "pair")
    return RequestedGenotypes(comb(len(genes), 2), all_pairs(genes, CHUNK))


def every_triple(path: Path, names: GeneNames) -> RequestedGenotypes:
    """Return all triples of the genes of a text file; see `read_gene_list`."""
    genes = read_gene_list(path, names)
    _refuse_few(path, len(genes), 3, "triple")
    return RequestedGenotypes(comb(len(genes), 3), all_triples(genes, CHUNK))


def _refuse_few(path: Path, count: int, needed: int, what: str) -> None:
    if count < needed:
        noun = "gene" if count == 1 else "different genes"
        raise PipelineError(f"{path} names {count} {noun}; a {what} needs {needed}: add genes, one a line.")
