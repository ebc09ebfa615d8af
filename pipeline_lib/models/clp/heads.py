"""Heads: single-mutant fitness from the intact latent; interactions from the perturbed one, or by definition."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.models.clp import decomposition
from pipeline_lib.models.clp.assays import EVIDENCE
from pipeline_lib.models.clp.encoders import GeneStates
from pipeline_lib.models.clp.latents import IntactPool, PerturbedSet, SetTables, WholePool
from pipeline_lib.models.layers import on_device

if TYPE_CHECKING:
    from pipeline_lib.config.models import ClpSettings
    from pipeline_lib.models.clp.encoders import CellArrays


class SingleHead(nn.Module):
    """Single-mutant fitness relative to the wild type: G(z_I, z_W) - G(z_W, z_W), so no deletion gives exactly 0.

    Nothing is dropped at random in it: the same gene has the same fitness in every genotype of a step, and differences
    between genotypes are no noise.

    Parameters
    ----------
    pooled
        Number of channels of the pool.
    state
        Number of channels of a gene's state.
    hidden
        Width of the hidden layer.
    """

    def __init__(self, pooled: int, state: int, hidden: int) -> None:
        super().__init__()
        self.change = nn.Linear(pooled, hidden, bias=False)
        self.lost = nn.Linear(state, hidden, bias=False)
        self.whole = nn.Linear(pooled, hidden)
        self.out = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, change: Tensor, lost: Tensor, whole: Tensor) -> Tensor:
        """Return the raw effect, float32 [n].

        Parameters
        ----------
        change
            z_I - z_W, [n, d].
        lost
            Sum of the states of the lost genes, [n, h].
        whole
            z_W over the number of its parts, [d].
        """
        base, moved = self.whole(whole), self.change(change) + self.lost(lost)
        # Both terms have one shape, so that no change gives the same bits twice and their difference is exactly 0.
        difference = nn.functional.elu(base + moved) - nn.functional.elu(base + torch.zeros_like(moved))
        return torch.as_tensor(self.out(difference)[:, 0])


class Correction(NamedTuple):
    """What the network adds to closed-form terms: value [n] and logarithmic SD [n], in units of the terms' SD."""

    value: Tensor
    log_sd: Tensor


class InteractionHead(nn.Module):
    """Correction of the interaction or of the log odds of a call, from z_P and the closed-form evidence.

    Parameters
    ----------
    latent
        Width of z_P with the evidence.
    hidden
        Width of the hidden layer.
    dropout
        Dropout of the hidden layer.
    """

    outputs = 2

    def __init__(self, latent: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Linear(latent, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, self.outputs)
        # The network starts at the closed form.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.spread = nn.Linear(hidden, 1)
        nn.init.zeros_(self.spread.weight)
        nn.init.zeros_(self.spread.bias)

    def forward(self, latent: Tensor, is_call: Tensor) -> Correction:
        """Return the correction of each row's own phenotype (`is_call` bool [n]) from [n, latent]."""
        hidden = self.dropout(nn.functional.gelu(self.hidden(latent)))
        both = self.out(hidden)
        return Correction(torch.where(is_call, both[:, 1], both[:, 0]), self.spread(hidden.detach())[:, 0])


class AssayScale(nn.Module):
    """The gain of each assay on what the network adds, the level of its spread, and the share that is kept.

    Rows beyond the seen assays (one a phenotype) answer for assays that training never saw: the mean of those of their
    phenotype.

    Parameters
    ----------
    phenotypes
        long [A + P]: the phenotype of each row; the last P rows are the unseen ones.
    unseen
        P.
    """

    def __init__(self, phenotypes: Tensor, unseen: int) -> None:
        super().__init__()
        self.seen = len(phenotypes) - unseen
        of_phenotype = (phenotypes[self.seen :, None] == phenotypes[None, : self.seen]).float()
        # Row p averages the assays of phenotype p; a phenotype without any keeps gain 1.
        mean = of_phenotype / of_phenotype.sum(1, keepdim=True).clamp_min(1)
        self.register_buffer("mean_of_phenotype", mean, persistent=False)
        self.register_buffer("share", torch.ones(self.seen))
        self.log_gain = nn.Parameter(torch.zeros(self.seen))
        self.level = nn.Parameter(torch.zeros(self.seen))

    def gain(self, assay: Tensor) -> Tensor:
        """Return what multiplies the correction of each row, of the shape of `assay` (long, positions of assays)."""
        gain, share = self._with_unseen(self.log_gain).exp(), self._with_unseen(self.share)
        return gain[assay] * share[assay]

    def spread(self, assay: Tensor) -> Tensor:
        """Return the level of the logarithmic SD of each row."""
        return self._with_unseen(self.level)[assay]

    def _with_unseen(self, row: Tensor) -> Tensor:
        return torch.cat([row, self.mean_of_phenotype @ row])


Blocked = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From genotypes [n, 3] to the (row, reaction) pairs that they block."""


class Cells(NamedTuple):
    """States and pooled wild type, of genes as measured and as unseen ones."""

    states: GeneStates
    pools: tuple[WholePool, WholePool]


class IntactFitness(nn.Module):
    """Fitness effect of genotypes from z_I - z_W.

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    blocked
        What genotypes block.
    """

    def __init__(self, cell: "CellArrays", settings: "ClpSettings", blocked: Blocked) -> None:
        super().__init__()
        width = settings.hidden
        self.pool = IntactPool(
            cell.adjacencies,
            cell.genes,
            width,
            width // 2,
            settings.neighbours,
            metabolism=settings.hypergraph != "off",
        )
        self.head = SingleHead(width // 2, width, width)
        self._blocked = blocked

    def forward(self, state: Tensor, pool: WholePool, genes: Tensor) -> Tensor:
        """Return the raw effect of genotypes, float32 [n]; exactly 0 of no deletion.

        Parameters
        ----------
        state
            States of the genes, float32 [N, h].
        pool
            The wild type, pooled from `state`.
        genes
            long [n, 3], -1 where there is no gene.
        """
        change = self.pool.change(pool, genes, self._blocked(genes))
        genes = on_device(genes, state.device)
        present = genes >= 0
        lost = torch.where(present[:, :, None], state[genes.clamp_min(0)], 0.0).sum(1)
        parts = len(pool.received) + len(pool.reaction)
        return torch.as_tensor(self.head(change, lost, pool.whole / parts))

    def cells(self, states: GeneStates, reactions: Tensor) -> Cells:
        """Pool the wild type, of genes as measured and as unseen ones."""
        measured, unseen = (self.pool.whole(state, reactions) for state in states)
        return Cells(states, (measured, unseen))

    def single(self, cells: Cells, genes: Tensor, unseen: Tensor) -> Tensor:
        """Return the raw effect of deleting each gene by itself, of the shape of `genes`; 0 where there is none.

        Genotypes share most of their genes: each is deleted once.

        Parameters
        ----------
        cells
            What `cells` returned.
        genes
            long, -1 where there is no gene.
        unseen
            bool, of the same shape: genes that count as unseen ones.
        """
        whole = cells.pools[0].whole
        effect = whole.new_zeros(genes.numel())
        for state, pool, of_kind in zip(cells.states, cells.pools, (~unseen, unseen), strict=True):
            rows = (of_kind & (genes >= 0)).flatten().nonzero()[:, 0]
            distinct, place = torch.unique(genes.flatten()[rows], return_inverse=True)
            if len(distinct):
                alone = torch.full((len(distinct), 3), -1)
                alone[:, 0] = distinct
                found = self(state, pool, alone)[on_device(place, whole.device)]
                effect = effect.index_put((on_device(rows, whole.device),), found.to(effect.dtype))
        return effect.view(genes.shape)


class PerturbedInteractions(nn.Module):
    """Corrections of epsilon, tau and calls.

    Parameters
    ----------
    settings
        Section ``models.clp``.
    blocked
        What genotypes block.
    """

    def __init__(self, settings: "ClpSettings", blocked: Blocked) -> None:
        super().__init__()
        width = settings.hidden
        self.perturbed = PerturbedSet(width, settings.attention_heads, metabolism=settings.hypergraph != "off")
        self.head = InteractionHead(4 * width + len(EVIDENCE) + 1, 2 * width, settings.dropout)
        self._blocked = blocked

    def spread_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the predicted SD."""
        return list(self.head.spread.parameters())

    def tables(self, cells: Cells, reactions: Tensor) -> SetTables:
        """Project every gene once, as measured [N] and as an unseen one [N], one after the other."""
        return self.perturbed.tables(torch.cat(list(cells.states)), reactions)

    def forward(
        self, tables: SetTables, genes: Tensor, unseen: Tensor, evidence: Tensor, is_call: Tensor
    ) -> Correction:
        """Return the correction of sets of genes.

        Parameters
        ----------
        tables
            What `tables` returned.
        genes
            long [n, 3], -1 where there is no gene.
        unseen
            bool [n, 3]: genes that the evidence did without.
        evidence
            float32 [n, k]: `pipeline_lib.models.clp.assays.EVIDENCE`.
        is_call
            bool [n].
        """
        count = tables.genes // 2
        rows = torch.where(genes >= 0, genes + count * unseen, genes)
        latent = self.perturbed(tables, rows, self._blocked(genes))
        triple = on_device((genes >= 0).all(1, keepdim=True), evidence.device).to(evidence.dtype)
        read = torch.cat([*latent, evidence, triple], 1)
        correction: Correction = self.head(read, on_device(is_call, evidence.device))
        return correction


FITNESS_UNIT = 0.1
"""Fitness lost by a raw effect of 1."""
_SUBSETS = ((0,), (1,), (2,), *decomposition.PAIRS, (0, 1, 2))


class DerivedInteractions(nn.Module):
    """Corrections of epsilon, tau and calls from the intact latents of all subsets of a genotype.

    The ablation of the perturbed latent: what two genes do together shows in the pool of the cell without both.

    Parameters
    ----------
    fitness
        Fitness from the intact latent.
    """

    def __init__(self, fitness: IntactFitness) -> None:
        super().__init__()
        self.fitness = fitness

    def spread_parameters(self) -> list[nn.Parameter]:
        """Return no parameter: the SD is that of the closed form, by its assay."""
        return []

    def tables(self, cells: Cells, reactions: Tensor) -> Cells:  # noqa: ARG002 - the pools hold the reactions
        """Return the cells as they are."""
        return cells

    def forward(self, tables: Cells, genes: Tensor, unseen: Tensor, evidence: Tensor, is_call: Tensor) -> Correction:
        """Return the correction of sets of genes; see `PerturbedInteractions.forward`.

        Epsilon and tau are in units of `FITNESS_UNIT`; a call rises with a negative one.
        """
        hidden = (unseen & (genes >= 0)).any(1)
        value = torch.zeros_like(evidence[:, 0])
        for rows, state, pool in (
            ((~hidden).nonzero()[:, 0], tables.states.measured, tables.pools[0]),
            (hidden.nonzero()[:, 0], tables.states.unseen, tables.pools[1]),
        ):
            if len(rows):
                found = self._interaction(state, pool, genes[rows]).to(value.dtype)
                value = value.index_put((on_device(rows, value.device),), found)
        return Correction(torch.where(on_device(is_call, value.device), -value, value), torch.zeros_like(value))

    def _interaction(self, state: Tensor, pool: WholePool, genes: Tensor) -> Tensor:
        n = len(genes)
        # Genes first, blanks behind, whatever order the genotype was named in.
        genes = genes.sort(dim=1, descending=True).values
        subsets = torch.full((len(_SUBSETS), n, 3), -1)
        for position, slots in enumerate(_SUBSETS):
            subsets[position, :, : len(slots)] = genes[:, slots]
        subsets = subsets.view(-1, 3).sort(dim=1, descending=True).values
        # Genotypes of a batch share most of their singles and many of their pairs: each is predicted once.
        distinct, place = torch.unique(subsets, dim=0, return_inverse=True)
        effects = self.fitness(state, pool, distinct)[on_device(place, state.device)].view(len(_SUBSETS), n)
        fitness = 1 + FITNESS_UNIT * effects
        single, double, triple = fitness[:3].T, fitness[3:6].T, fitness[6]
        tau = decomposition.tau(triple, single, double)
        epsilon = decomposition.epsilon(double[:, 0], single[:, 0], single[:, 1])
        return torch.where(on_device((genes >= 0).sum(1) > 2, state.device), tau, epsilon) / FITNESS_UNIT
