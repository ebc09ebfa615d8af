"""Which genes are essential, and of which genes that is known."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames, plain
from pipeline_lib.sources.text_lines import read_text


def read_essential_genes(path: Path, names: GeneNames) -> NDArray[np.int32]:
    """Read a list of essential genes, one a line, under any of their names.

    Lines that start with ``#``, and sentences in which no gene is named, are comments; of a line with several fields
    the first that names a gene counts.

    Parameters
    ----------
    path
        The list.
    names
        The gene table; what the list names is kept in its ``looked_up``.

    Returns
    -------
    int32
        Ascending gene indices; names that the gene table does not know, or that mean several genes, are left out.

    Raises
    ------
    PipelineError
        When the file is no text, or names no gene of the gene table.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    named = [name for line in lines if line and not line.startswith("#") for name in _name(line, names)]
    found = np.array([names.position(name) for name in named], dtype=np.int32)
    if not (found >= 0).any():
        listed = f" (it lists {', '.join(named[:3])}, ...)" if named else ""
        raise PipelineError(
            f"{path}: none of its lines names a gene of the gene table{listed}; give the list of essential genes of "
            "the same organism, or leave organism.essential out."
        )
    return np.unique(found[found >= 0])


def _name(line: str, names: GeneNames) -> list[str]:
    """Return the gene name of a line: the one that is known, else a word that stands alone; none in a sentence."""
    fields = [line, *re.split(r"[\t;,]", line), *line.split()]
    known = next((field for field in fields if plain(field) and names.knows(field)), None)
    if known is not None:
        return [known]
    words = re.split(r"[\t;,]", line)[0].split()
    return words if len(words) == 1 and "://" not in words[0] else []


def essentiality(genes: pd.DataFrame, essential: NDArray[np.int32], covered: NDArray[np.bool_]) -> pd.Series:
    """Return whether each gene is essential, according to a list.

    Parameters
    ----------
    genes
        The gene table, N rows.
    essential
        int32: gene indices of the list.
    covered
        bool [N]: genes of the organism that the list is of; one of them that is not listed is not essential.

    Returns
    -------
    Series
        boolean [N]; missing where the list does not cover the gene.
    """
    listed = np.zeros(len(genes), dtype=bool)
    listed[essential] = True
    values = pd.array(listed, dtype="boolean")
    values[~(covered | listed)] = pd.NA
    return pd.Series(values, index=genes.index)
