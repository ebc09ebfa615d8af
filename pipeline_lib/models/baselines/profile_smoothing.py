"""Average profiles over neighbours in gene networks, for strains of training and for gene sets that it lacks."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from pipeline_lib.models.crosses.axes import UNKNOWN, Entities, Index
from pipeline_lib.models.crosses.completion import ScoreMatrix
from pipeline_lib.models.crosses.crosses import Side, StrainBook
from pipeline_lib.models.crosses.per_assay import Values

CASES = ("both_known", "row_new", "column_new", "both_new")


@dataclass(frozen=True)
class Along:
    """What stands along an axis: its m known entities, then u gene sets that training lacks.

    Attributes
    ----------
    known
        Number of known entities, m.
    genes
        Sparse [m + u, N]: which genes each carries.
    """

    known: int
    genes: sparse.csr_array

    @classmethod
    def extend(cls, entities: Entities, new_sets: Index, book: StrainBook) -> Self:
        """Put new gene sets behind the known entities."""
        genes = book.genes_of_sets(np.concatenate([entities.gene_set, new_sets]))
        row, slot = np.nonzero(genes >= 0)
        incidence = sparse.csr_array((np.ones(len(row)), (row, genes[row, slot])), shape=(len(genes), book.num_genes))
        return cls(len(entities), incidence)

    def weights(self, network: sparse.csr_array, power: float) -> sparse.csr_array:
        """Return the weight of each known entity to each entity, sparse [m + u, m].

        The weight of two gene sets is the sum over pairs of their genes; none is a neighbour of itself. The mean
        weight between known neighbours is 1.
        """
        raised = network.copy()
        raised.data **= power
        weights = sparse.coo_array(self.genes @ raised @ self.genes[: self.known].T)
        apart = (weights.row != weights.col) & (weights.data > 0)
        row, column, data = weights.row[apart], weights.col[apart], weights.data[apart]
        among_known = data[row < self.known]
        mean = among_known.mean() if len(among_known) else 1.0
        return sparse.csr_array((data / mean, (row, column)), shape=weights.shape)


def new_positions(side: Side, known: Index, entities: Entities) -> tuple[Index, Index]:
    """Return the gene sets that training lacks, and each cross's position among entities and then those."""
    missing = known == UNKNOWN
    new_sets, inverse = np.unique(side.gene_set[missing], return_inverse=True)
    positions = known.copy()
    positions[missing] = len(entities) + inverse
    return new_sets, positions


def smooth(
    matrix: ScoreMatrix,
    row_effect: Values,
    column_effect: Values,
    across: sparse.csr_array,
    down: sparse.csr_array,
    prior: float,
) -> dict[str, list[Values]]:
    """Return the neighbours' mean profile of every cell in each case of what is known.

    A sum over neighbours is divided by the weight of those measured there plus `prior`. A row that training lacks
    takes its neighbours' row effects too, since it has none of its own.

    Parameters
    ----------
    matrix
        Residuals [r, c] and what is observed.
    row_effect, column_effect
        float64 [r], [c].
    across, down
        Weights of rows [r + u, r] and of columns [c + v, c].
    prior
        Weight of an imaginary neighbour whose profile is 0.

    Returns
    -------
    dict of lists
        Case -> estimates [r + u, c + v] cut to the cells that the case needs: 'both_known' has one from the rows and
        one from the columns, [r + u, c] and [r, c + v].
    """
    residual, observed = matrix.values, matrix.observed
    with_row = residual + observed * row_effect[:, None]
    with_column = residual + observed * column_effect
    with_both = with_row + observed * column_effect
    row_weight, column_weight = across @ observed + prior, (down @ observed.T).T + prior
    both_weight = (down @ (across @ observed).T).T + prior
    return {
        "both_known": [across @ residual / row_weight, (down @ residual.T).T / column_weight],
        "row_new": [across @ with_row / row_weight],
        "column_new": [(down @ with_column.T).T / column_weight],
        "both_new": [(down @ (across @ with_both).T).T / both_weight],
    }
