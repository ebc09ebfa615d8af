"""What a set of deleted genes must be, wherever it comes from: a table, a knockout request or a question."""

import numpy as np
from numpy.typing import NDArray

MAX_ORDER = 3
"""Greatest number of deleted genes."""

FAULTS = (
    "",
    "no gene is named; a genotype has one to three genes",
    "more than three genes are named; a genotype has one to three",
    "one gene is named twice; the genes of a genotype are different",
    "one gene is named; an interaction needs at least two different genes",
)
"""What can be wrong with a genotype, as the end of a sentence; position 0: nothing."""

_NONE, _TOO_MANY, _TWICE, _SINGLE = 1, 2, 3, 4


def smallest_order(phenotype: str) -> int:
    """Return the number of deleted genes that a phenotype needs: 2 for interactions, else 1."""
    return 2 if phenotype in {"interaction", "raw_interaction"} else 1


def genotype_faults(genes: NDArray[np.integer], least: int = 1) -> NDArray[np.int8]:
    """Find the rows that are no genotype.

    Parameters
    ----------
    genes
        int [n, k], any k: gene indices in any order and place, negative where there is no gene.
    least
        Number of different genes that a row needs (`smallest_order` of its phenotype).

    Returns
    -------
    int8 [n]
        Position in `FAULTS` of the first fault of each row; 0 where the row is a genotype.
    """
    present = genes >= 0
    count = present.sum(axis=1)
    # Each missing gene gets a number of its own, so that it equals nothing.
    width = genes.shape[1]
    ordered = np.sort(np.where(present, genes, -1 - np.arange(width)), axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    fault = np.zeros(len(genes), dtype=np.int8)
    fault[count < least] = _SINGLE
    fault[twice] = _TWICE
    fault[count > MAX_ORDER] = _TOO_MANY
    fault[count == 0] = _NONE
    return fault
