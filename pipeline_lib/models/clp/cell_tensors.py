"""What the network needs of the cell, as sparse matrices and index arrays."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.cell.gene_loss import GeneRuleArrays
from pipeline_lib.config.models import ClpSettings
from pipeline_lib.features.matrices import components_of_tables, random_features
from pipeline_lib.models.interface import Cell


@dataclass(frozen=True)
class CellArrays:
    """The cell in index form.

    Attributes
    ----------
    genes
        N, the size of the gene index.
    adjacencies
        One matrix [N, N] a relation (row = receiver); a directed network is two relations, along and against.
    split
        float64 [M, R']: signed coefficients, a column a direction of a reaction.
    split_reaction, split_direction
        int64 [R'].
    energy
        float32 [R', 2]: standard Gibbs energy of the column (squashed, 0 where unknown) and whether it is known.
    rules
        Gene rules over all N genes.
    reactions
        R.
    features
        float32 [N, columns]: principal components of the feature tables side by side.
    """

    genes: int
    adjacencies: list[sparse.csr_array]
    split: sparse.csr_array
    split_reaction: NDArray[np.int64]
    split_direction: NDArray[np.int64]
    energy: NDArray[np.float32]
    rules: GeneRuleArrays
    reactions: int
    features: NDArray[np.float32]


_ENERGY_SCALE = 50.0
"""In the unit of the source (yeast-GEM publishes kcal/mol); energies are squashed by asinh of this unit."""


def cell_arrays(cell: Cell, settings: ClpSettings) -> CellArrays:
    """Return the cell in index form."""
    tensors = cell.stoichiometry
    reaction = tensors["split_reaction"].numpy()
    direction = tensors["split_direction"].numpy()
    metabolite, column = tensors["split_incidence"].numpy()
    split = sparse.csr_array(
        (tensors["split_coefficient"].numpy().astype(np.float64), (metabolite, column)),
        shape=(int(tensors["num_metabolites"]), len(reaction)),
    )
    energy = np.arcsinh(tensors["delta_g"].numpy()[reaction] * direction / _ENERGY_SCALE)
    if settings.hypergraph == "undirected":
        energy = np.abs(energy)
    known = tensors["delta_g_known"].numpy()[reaction]
    rules = GeneRuleArrays.of(tensors)
    return CellArrays(
        genes=len(cell.genes),
        adjacencies=adjacencies(cell.edges, len(cell.genes)),
        split=split,
        split_reaction=reaction,
        split_direction=direction,
        energy=np.stack([np.where(known, energy, 0.0), known], axis=1).astype(np.float32),
        rules=rules if settings.gene_rules else without_logic(rules),
        reactions=int(tensors["num_reactions"]),
        features=components_of_tables(cell.features, len(cell.genes)),
    )


def without_logic(rules: GeneRuleArrays) -> GeneRuleArrays:
    """Return rules in which every reaction has one complex of all its genes: any loss blocks it."""
    gene, reaction = np.unique(np.stack([rules.members[0], rules.owner[rules.members[1]]]), axis=1)
    owner, complex_index = np.unique(reaction, return_inverse=True)
    return GeneRuleArrays(np.stack([gene, complex_index]).astype(np.int64), owner)


def seen_by(cell: Cell, settings: ClpSettings, seed: int) -> Cell:
    """Return the cell as an ablation sees it; `seed` is that of rewired networks and of random features."""
    edges, features = cell.edges, cell.features
    if settings.networks == "none":
        edges = edges.iloc[:0]
    elif settings.networks == "rewired":
        from pipeline_lib.networks.rewire import rewire

        edges = rewire(edges, seed)
    if settings.input_features == "random":
        features = {name: random_features(values, seed) for name, values in features.items()}
    return replace(cell, edges=edges, features=features)


def adjacencies(edges: pd.DataFrame, genes: int) -> list[sparse.csr_array]:
    """Return one matrix [N, N] a relation, row = receiver.

    An undirected network sends both ways; a directed one is two relations, so that a regulator and its target have
    weights of their own.
    """
    matrices = []
    for _, network in edges.groupby("network", sort=True):
        source, target = network["source"].to_numpy(), network["target"].to_numpy()
        weight = network["weight"].to_numpy(np.float64)
        along = sparse.csr_array((weight, (target, source)), shape=(genes, genes))
        directed = network["directed"].to_numpy(bool).all()
        matrices += [along, sparse.csr_array(along.T)] if directed else [sparse.csr_array(along + along.T)]
    return matrices
