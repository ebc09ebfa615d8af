"""The metabolic network as the later stages read it back from the tables alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules


@dataclass(frozen=True)
class MetabolicNetwork:
    """What flux balance analysis needs: stoichiometry, bounds, objective and gene rules.

    Attributes
    ----------
    stoichiometry
        float64 csc [M, R].
    lower, upper
        float64 [R]: flux bounds, mmol/gDW/h.
    objective
        float64 [R]: coefficients of what is maximised (growth, 1/h).
    reactions
        The R reaction ids.
    rules
        The gene rules over the whole gene index.
    in_gem
        bool [G]: which genes of the index the model has.
    """

    stoichiometry: sparse.csc_array
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    objective: NDArray[np.float64]
    reactions: tuple[str, ...]
    rules: GeneRules
    in_gem: NDArray[np.bool_]

    @property
    def genes(self) -> tuple[str, ...]:
        """The G gene ids of the index."""
        return self.rules.genes

    @property
    def gem_genes(self) -> NDArray[np.int64]:
        """Gene indices of the model's genes, ascending."""
        return np.flatnonzero(self.in_gem)

    def genotype_matrix(self, gene_sets: Sequence[Sequence[int]] | NDArray[np.int64]) -> sparse.csr_array:
        """Return the deletions of many genotypes.

        Parameters
        ----------
        gene_sets
            Gene indices of each genotype; in an array int64 [n, k], -1 means no gene.

        Returns
        -------
        csr_array
            int32 [n, G]: 1 where the genotype lacks the gene.
        """
        if isinstance(gene_sets, np.ndarray):
            row, column = np.nonzero(gene_sets >= 0)
            gene = gene_sets[row, column]
        else:
            row = np.repeat(np.arange(len(gene_sets)), [len(members) for members in gene_sets])
            gene = np.array([index for members in gene_sets for index in members], dtype=np.int64)
        ones = np.ones(len(row), dtype=np.int32)
        matrix = sparse.csr_array((ones, (row, gene)), shape=(len(gene_sets), len(self.genes)))
        matrix.data[:] = 1
        return matrix


def network_of(gem: Gem) -> MetabolicNetwork:
    """Return a model's network with the model's own genes as the gene index.

    Raises
    ------
    PipelineError
        When a gene rule is malformed or names a gene that the model does not list.
    """
    reactions = tuple(gem.reactions["id"])
    return MetabolicNetwork(
        stoichiometry=gem.stoichiometry,
        lower=gem.reactions["lower_bound"].to_numpy(np.float64),
        upper=gem.reactions["upper_bound"].to_numpy(np.float64),
        objective=gem.reactions["objective"].to_numpy(np.float64),
        reactions=reactions,
        rules=GeneRules.from_rules(list(gem.reactions["gene_rule"]), reactions, gem.genes),
        in_gem=np.ones(len(gem.genes), dtype=bool),
    )


def read_network(
    reactions: pd.DataFrame, incidence: pd.DataFrame, complexes: pd.DataFrame, genes: pd.DataFrame
) -> MetabolicNetwork:
    """Put the network together from the tables that ``metabolism build`` wrote.

    Parameters
    ----------
    reactions, incidence, complexes, genes
        The tables of those names in `pipeline_lib.artefacts.schemas`.

    Raises
    ------
    PipelineError
        When the tables do not belong to one another.
    """
    num_reactions = len(reactions)
    if not np.array_equal(reactions["reaction_index"], np.arange(num_reactions)):
        raise PipelineError("the reactions table is not in the order of its reaction_index; make it anew.")
    if not np.array_equal(genes["gene_index"], np.arange(len(genes))):
        raise PipelineError("the genes table is not in the order of its gene_index; make it anew.")
    if len(incidence) and int(incidence["reaction_index"].max()) >= num_reactions:
        raise PipelineError("the incidence table names reactions that the reactions table lacks; make both anew.")
    rows = incidence["metabolite_index"].to_numpy(np.int64)
    columns = incidence["reaction_index"].to_numpy(np.int64)
    shape = (int(rows.max()) + 1 if len(rows) else 0, num_reactions)
    return MetabolicNetwork(
        stoichiometry=sparse.csc_array((incidence["coefficient"].to_numpy(np.float64), (rows, columns)), shape=shape),
        lower=reactions["lower_bound"].to_numpy(np.float64),
        upper=reactions["upper_bound"].to_numpy(np.float64),
        objective=reactions["objective"].to_numpy(np.float64),
        reactions=tuple(reactions["id"]),
        rules=GeneRules.from_table(complexes, tuple(genes["gene"]), num_reactions),
        in_gem=genes["in_gem"].to_numpy(bool),
    )
