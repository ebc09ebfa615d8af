"""Convolutions over the stoichiometric hypergraph: metabolites are nodes, reactions are hyperedges."""

from collections.abc import Callable

import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.models.layers.sparse import SparseMatrix, row_normalised

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "elu": functional.elu,
    "leaky_relu": functional.leaky_relu,
}
"""They keep the sign of what passes: a consumed metabolite must not look like an absent one."""


class DirectedHypergraphConvolution(nn.Module):
    """Substrates to reactions to products, and back, with weights of their own for each side.

    With S- and S+ what a column of the split stoichiometric matrix consumes and makes::

        m' = m + act( norm( (D-^-1 S- r) W1 + (D+^-1 S+ r) W2 ) )
        r' = r + act( (B-^-1 S-^T m') W3 + (B+^-1 S+^T m') W4 + e )

    where e is what the reaction's enzymes and energy bring, B and D the sums of the coefficients by reaction and by
    metabolite. A reversible reaction is two columns, so flipping it changes nothing, and flipping an irreversible
    one exchanges S- and S+.

    Parameters
    ----------
    split
        Signed coefficients [M, R'], a column a direction of a reaction.
    width
        Number of channels.
    activation
        Name out of `pipeline_lib.models.layers.hypergraph_convolution.ACTIVATIONS`.
    """

    def __init__(self, split: sparse.sparray, width: int, activation: str) -> None:
        super().__init__()
        consumed, made = sparse.csr_array(-split.minimum(0)), sparse.csr_array(split.maximum(0))
        self.from_substrates = SparseMatrix(row_normalised(consumed.T))
        self.from_products = SparseMatrix(row_normalised(made.T))
        self.to_substrates = SparseMatrix(row_normalised(consumed))
        self.to_products = SparseMatrix(row_normalised(made))
        self.substrate_weight = nn.Linear(width, width, bias=False)
        self.product_weight = nn.Linear(width, width, bias=False)
        self.consumed_weight = nn.Linear(width, width, bias=False)
        self.made_weight = nn.Linear(width, width, bias=False)
        # RMS normalisation rescales and does not recentre, so signs stay.
        self.norm = nn.RMSNorm(width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, metabolites: Tensor, reactions: Tensor, extra: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next metabolites [M, h] and reactions [R', h].

        Parameters
        ----------
        metabolites, reactions
            Their states, [M, h] and [R', h].
        extra
            What enzymes and energy bring to each reaction, [R', h].
        """
        outgoing = self.consumed_weight(self.to_substrates(reactions)) + self.made_weight(self.to_products(reactions))
        metabolites = metabolites + self.activation(self.norm(outgoing))
        incoming = self.substrate_weight(self.from_substrates(metabolites))
        incoming = incoming + self.product_weight(self.from_products(metabolites))
        return metabolites, reactions + self.activation(incoming + extra)


class UndirectedHypergraphConvolution(nn.Module):
    """The prototype's convolution, D^-1 S B^-1 S^T X Theta (Feng et al. 2019, with signed S for the incidence).

    S stands in it twice, so flipping the sign of a whole column changes nothing: it cannot see which way a reaction
    runs. The reactions' own states come from |S| for the same reason.

    Parameters
    ----------
    split, width, activation
        See `DirectedHypergraphConvolution`.
    """

    def __init__(self, split: sparse.sparray, width: int, activation: str) -> None:
        super().__init__()
        signed, size = sparse.csr_array(split), sparse.csr_array(abs(split))
        self.gather = SparseMatrix(row_normalised(signed.T))
        self.spread = SparseMatrix(row_normalised(signed))
        self.take_part = SparseMatrix(row_normalised(size.T))
        self.theta = nn.Linear(width, width, bias=False)
        self.part_weight = nn.Linear(width, width, bias=False)
        self.enzyme_weight = nn.Linear(width, width, bias=False)
        self.to_metabolites = SparseMatrix(row_normalised(size))
        self.norm = nn.RMSNorm(width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, metabolites: Tensor, reactions: Tensor, extra: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next metabolites [M, h] and reactions [R', h]; see `DirectedHypergraphConvolution`."""
        convolved = self.spread(self.gather(self.theta(metabolites)))
        outgoing = convolved + self.enzyme_weight(self.to_metabolites(reactions))
        metabolites = metabolites + self.activation(self.norm(outgoing))
        return metabolites, reactions + self.activation(self.part_weight(self.take_part(metabolites)) + extra)
