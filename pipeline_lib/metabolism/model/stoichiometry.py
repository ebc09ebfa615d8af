"""The stoichiometric matrix as a table and as tensors, and the network as later stages read it back from the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules

if TYPE_CHECKING:
    import torch


def substrates(S: sparse.csc_array) -> sparse.csc_array:
    """Return S-: what each reaction consumes, as positive numbers, [M, R]."""
    return sparse.csc_array(-S.minimum(0))


def products(S: sparse.csc_array) -> sparse.csc_array:
    """Return S+: what each reaction makes, [M, R]; ``S = products(S) - substrates(S)``."""
    return sparse.csc_array(S.maximum(0))


@dataclass(frozen=True)
class SplitView:
    """The matrix with one column for each direction that a reaction may run in (R' columns).

    Attributes
    ----------
    stoichiometry
        float64 csc [M, R']: a backward column is the forward one negated.
    reaction
        int64 [R']: which reaction, ascending, forward before backward.
    direction
        int64 [R']: +1 or -1. A reaction that may not run at all keeps its forward column.
    """

    stoichiometry: sparse.csc_array
    reaction: NDArray[np.int64]
    direction: NDArray[np.int64]


def split_directions(S: sparse.csc_array, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> SplitView:
    """Split every reversible reaction into a forward and a backward one.

    Parameters
    ----------
    S
        csc [M, R].
    lower, upper
        float64 [R]: flux bounds.
    """
    backward = lower < 0
    forward = (upper > 0) | ~backward
    reaction = np.concatenate([np.flatnonzero(forward), np.flatnonzero(backward)])
    direction = np.concatenate([np.ones(forward.sum(), np.int64), -np.ones(backward.sum(), np.int64)])
    order = np.lexsort((-direction, reaction))
    reaction, direction = reaction[order].astype(np.int64), direction[order]
    columns = sparse.csc_array(S[:, reaction] @ sparse.diags_array(direction.astype(np.float64)))
    columns.sort_indices()
    return SplitView(columns, reaction, direction)


def incidence_table(S: sparse.csc_array) -> pd.DataFrame:
    """Return the table `pipeline_lib.artefacts.schemas.INCIDENCE`, sorted by reaction, then metabolite.

    ``is_substrate`` stands beside the signed coefficient: its rows are S-, the others S+.
    """
    return pd.DataFrame(
        {
            "reaction_index": np.repeat(np.arange(S.shape[1]), np.diff(S.indptr)),
            "metabolite_index": S.indices.astype(np.int64),
            "coefficient": S.data,
            "is_substrate": S.data < 0,
        }
    )


def split_incidence_table(view: SplitView) -> pd.DataFrame:
    """Return the split view as a table: column, reaction, direction, metabolite and signed coefficient."""
    column = np.repeat(np.arange(len(view.reaction)), np.diff(view.stoichiometry.indptr))
    return pd.DataFrame(
        {
            "split_index": column,
            "reaction_index": view.reaction[column],
            "direction": view.direction[column],
            "metabolite_index": view.stoichiometry.indices.astype(np.int64),
            "coefficient": view.stoichiometry.data,
        }
    )


def tensors(gem: Gem, rules: GeneRules) -> dict[str, Any]:
    """Return the content of ``stoichiometry.pt``: plain tensors and integers.

    Parameters
    ----------
    gem
        The model, on its medium, with its energies.
    rules
        Its gene rules over the whole gene index.

    Returns
    -------
    dict
        ``incidence`` int64 [2, E] (metabolite, reaction), ``coefficient`` float64 [E] (signed), ``is_substrate``
        bool [E]; ``reversible`` bool [R], ``lower_bound`` and ``upper_bound`` float64 [R] (mmol/gDW/h); ``delta_g``
        float64 [R] and ``metabolite_delta_g`` float64 [M], both 0 where ``..._known`` (bool) is False;
        ``gene_to_complex`` int64 [2, K], ``complex_to_reaction`` int64 [2, C], ``has_rule`` bool [R]; the split view
        ``split_incidence`` int64 [2, E'] (metabolite, column), ``split_coefficient`` float64 [E'], ``split_reaction``
        and ``split_direction`` int64 [R']; ``num_metabolites``, ``num_reactions``, ``num_genes`` (of the whole gene
        index), ``num_complexes``.
    """
    import torch

    S = gem.stoichiometry
    lower = gem.reactions["lower_bound"].to_numpy(np.float64)
    upper = gem.reactions["upper_bound"].to_numpy(np.float64)
    split = split_directions(S, lower, upper)
    members, owners = rules.gene_to_complex.tocoo(), rules.complex_to_reaction.tocoo()
    return {
        "incidence": _pairs(S),
        "coefficient": torch.tensor(S.data),
        "is_substrate": torch.tensor(S.data < 0),
        "reversible": torch.tensor(gem.reactions["reversible"].to_numpy(bool)),
        "lower_bound": torch.tensor(lower),
        "upper_bound": torch.tensor(upper),
        **_masked("delta_g", gem.reactions),
        **_masked("metabolite_delta_g", gem.metabolites),
        "gene_to_complex": _stacked(members.row, members.col),
        "complex_to_reaction": _stacked(owners.row, owners.col),
        "has_rule": torch.tensor(rules.has_rule),
        "split_incidence": _pairs(split.stoichiometry),
        "split_coefficient": torch.tensor(split.stoichiometry.data),
        "split_reaction": torch.tensor(split.reaction),
        "split_direction": torch.tensor(split.direction),
        "num_metabolites": S.shape[0],
        "num_reactions": S.shape[1],
        "num_genes": len(rules.genes),
        "num_complexes": rules.complex_to_reaction.shape[0],
    }


def _stacked(first: NDArray[np.int64], second: NDArray[np.int64]) -> "torch.Tensor":
    import torch

    return torch.tensor(np.stack([first, second]).astype(np.int64))


def _pairs(S: sparse.csc_array) -> "torch.Tensor":
    return _stacked(S.indices, np.repeat(np.arange(S.shape[1]), np.diff(S.indptr)))


def _masked(name: str, table: pd.DataFrame) -> dict[str, "torch.Tensor"]:
    import torch

    values = table["delta_g"].to_numpy(np.float64, na_value=np.nan)
    return {name: torch.tensor(np.nan_to_num(values)), f"{name}_known": torch.tensor(~np.isnan(values))}


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
