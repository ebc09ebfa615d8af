"""The whole network: encode the wild type once, decode any number of genotypes."""

from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
from scipy import sparse
from torch import Tensor, nn

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.gene_loss import GeneLoss
from pipeline_lib.cell.phenotype_processor import speaks_of_intact
from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.assays import CALL, FITNESS, Assays
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.gene_encoder import GeneEncoder
from pipeline_lib.models.clp.heads import AssayScale, FitnessHead, InteractionHead, Read
from pipeline_lib.models.clp.intact import IntactPool, WholePool
from pipeline_lib.models.clp.measured_pairs import PAIRS, MeasuredPairs
from pipeline_lib.models.clp.metabolism import Metabolism
from pipeline_lib.models.clp.neighbourhood import metabolic_relations
from pipeline_lib.models.clp.perturbed import PerturbedSet, SetTables
from pipeline_lib.models.clp.profile_attention import Attended, ProfileAttention
from pipeline_lib.models.clp.profiles import Profiles

FITNESS_UNIT = 0.1
"""Fitness lost by a raw effect of 1, where fitness is an intermediate of the derived interaction."""


class Encoded(NamedTuple):
    """The wild type as decoding needs it, and the measured values of pairs; None where no head asks for it."""

    whole: WholePool | None
    tables: SetTables | None
    attended: Attended | None
    measured: Tensor | None


class ClpNetwork(nn.Module):
    """Cell latent perturbation network.

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    assays
        Assays of the training fold.
    measured
        bool [N]: genes that the training fold holds.
    profiles
        Training profiles; None where ``settings.profiles`` is off or there is no digenic assay.
    """

    def __init__(
        self,
        cell: CellArrays,
        settings: ClpSettings,
        assays: Assays,
        measured: Tensor,
        profiles: Profiles | None,
    ) -> None:
        super().__init__()
        width = settings.hidden
        self.derived = settings.interaction == "derived"
        self.encoder = GeneEncoder(cell, settings, measured)
        self.metabolism = Metabolism(cell, settings) if settings.metabolism else None
        self.rules = GeneLoss(cell.rules, cell.genes, cell.reactions) if settings.metabolism else None
        # A head that no label reaches would never learn: only those that the assays (or a derivation) need are built.
        labels = assays.labels()
        self.perturbed: PerturbedSet | None = None
        self.interaction_head: InteractionHead | None = None
        self.attention: ProfileAttention | None = None
        self.pairs: MeasuredPairs | None = None
        self.intact: IntactPool | None = None
        self.fitness_head: FitnessHead | None = None
        if self.derived or FITNESS in labels:
            self.intact = IntactPool(
                cell.adjacencies, cell.genes, width, width // 2, settings.neighbours, metabolism=settings.metabolism
            )
            self.fitness_head = FitnessHead(width // 2, width, settings.dropout)
        if not self.derived and labels - {FITNESS}:
            if profiles is not None:
                self.attention = ProfileAttention(profiles, _relations(cell, settings), cell.genes, settings)
                self.pairs = MeasuredPairs(profiles)
                # An estimate is of a pair's score: of itself it counts for a pair, not for a triple and not for a call.
                self.counts = nn.Parameter(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
            said = self.attention.estimate.heads + MeasuredPairs.features if self.attention is not None else 0
            self.perturbed = PerturbedSet(width, settings.attention_heads, metabolism=settings.metabolism)
            self.interaction_head = InteractionHead(4 * width + said, 2 * width, settings.dropout)
        self.scale = AssayScale(torch.from_numpy(assays.phenotypes()), len(PHENOTYPES))

    def encode(self, asked: Mapping[str, Tensor] | None = None) -> Encoded:
        """Encode the wild type: genes, reactions, pool and what attention says of pairs.

        Measured values of the genotypes in `asked` (``genes``, long [n, 3]) are taken out of the profiles first.
        """
        visible = self.encoder.visible()
        shown = (
            self.attention.show(asked["genes"] if asked is not None else None) if self.attention is not None else None
        )
        profile = None
        if self.attention is not None and shown is not None:
            profile = self.attention.contribution(shown, len(visible))
        state = self.encoder(visible, profile)
        reactions = None
        if self.metabolism is not None:
            reactions, told = self.metabolism(state)
            state = state + told
        return Encoded(
            self.intact.whole(state, reactions) if self.intact is not None else None,
            self.perturbed.tables(state, reactions) if self.perturbed is not None else None,
            self.attention.attend(shown, state, visible) if self.attention is not None and shown is not None else None,
            self.pairs.whole(shown.value, shown.known) if self.pairs is not None and shown is not None else None,
        )

    def decode(self, encoded: Encoded, columns: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return value and logarithmic SD of genotypes, float32 [n] each, in units of their assay's SD.

        Parameters
        ----------
        encoded
            What `encode` returned.
        columns
            ``genes`` long [n, 3], ``phenotype`` and ``assay`` long [n]; see `pipeline_lib.models.clp.assays.columns`.
        """
        genes, phenotype = columns["genes"], columns["phenotype"]
        n = len(genes)
        value, log_sd = (torch.zeros(n, device=genes.device) for _ in range(2))
        for rows, read in self._read(encoded, genes, phenotype):
            value = value.index_put((rows,), read.value.float())
            log_sd = log_sd.index_put((rows,), read.log_sd.float())
        return self.scale(Read(value, log_sd), columns["assay"], (genes >= 0).any(1))

    def _read(self, encoded: Encoded, genes: Tensor, phenotype: Tensor) -> list[tuple[Tensor, Read]]:
        """Route each genotype to the head of its phenotype; a head without rows is not run."""
        intact = speaks_of_intact(phenotype)
        parts = []
        fitness, other = intact.nonzero()[:, 0], (~intact).nonzero()[:, 0]
        if len(fitness):
            parts.append((fitness, self.fitness(encoded, genes[fitness])))
        if len(other):
            interaction = self.derived_interaction if self.derived else self.direct_interaction
            parts.append((other, interaction(encoded, genes[other], phenotype[other] == CALL)))
        return parts

    def blocked(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return (row, reaction) pairs that genotypes [n, 3] block; none without metabolism."""
        if self.rules is None:
            return genes.new_zeros(0), genes.new_zeros(0)
        return self.rules.blocked_reactions(genes)

    def fitness(self, encoded: Encoded, genes: Tensor) -> Read:
        """Return the raw fitness effect of genotypes [n, 3], relative to the wild type; 0 for no deletion."""
        if self.intact is None or self.fitness_head is None or encoded.whole is None:
            raise ValueError("the network was built without fitness")
        pool = encoded.whole
        change = self.intact.change(pool, genes, self.blocked(genes))
        return cast("Read", self.fitness_head(change, pool.whole, len(pool.received) + len(pool.reaction)))

    def direct_interaction(self, encoded: Encoded, genes: Tensor, is_call: Tensor) -> Read:
        """Return the raw interaction of genotypes [n, 3], read off z_P and the profiles of genes alike."""
        if self.perturbed is None or self.interaction_head is None or encoded.tables is None:
            raise ValueError("the network was built without interactions")
        latent = self.perturbed(encoded.tables, genes, self.blocked(genes))
        if self.attention is None or self.pairs is None or encoded.attended is None or encoded.measured is None:
            return cast("Read", self.interaction_head(torch.cat(latent, 1), is_call))
        attended = encoded.attended
        first, second = (genes[:, slots].reshape(-1) for slots in PAIRS)
        estimates, heads = self.attention.estimate(attended, first, second)
        estimates = estimates.view(-1, 3)
        pairs = self.pairs(encoded.measured, attended.column, genes, estimates)
        read = self.interaction_head(torch.cat([*latent, heads.view(len(genes), 3, -1).sum(1), pairs], 1), is_call)
        counts = self.counts[(genes >= 0).all(1).long(), is_call.long()]
        return Read(read.value + counts * estimates.sum(1), read.log_sd)

    def derived_interaction(self, encoded: Encoded, genes: Tensor, is_call: Tensor) -> Read:
        """Return epsilon or tau of genotypes [n, 3] by definition, out of the fitness of all their subsets.

        epsilon_ij = f_ij - f_i f_j; tau_ijk = f_ijk - f_i f_j f_k - eps_ij f_k - eps_ik f_j - eps_jk f_i, in units of
        `FITNESS_UNIT`. A call's logit is the same with its sign turned: a strongly negative interaction is called.
        """
        n = len(genes)
        # Genes first, blanks behind, whatever order the genotype was named in.
        genes = genes.sort(dim=1, descending=True).values
        members = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]],
                               dtype=torch.bool, device=genes.device)  # fmt: skip
        subsets = torch.where(members[:, None, :], genes[None], -1).reshape(-1, 3).sort(dim=1, descending=True).values
        # Genotypes of a batch share most of their singles and many of their pairs: each is predicted once.
        base = int(genes.max()) + 2
        _, place = torch.unique(((subsets[:, 0] + 1) * base + subsets[:, 1] + 1) * base + subsets[:, 2] + 1,
                                return_inverse=True)  # fmt: skip
        first = torch.empty(int(place.max()) + 1, dtype=torch.long, device=genes.device)
        first[place] = torch.arange(len(place), device=genes.device)
        distinct = self.fitness(encoded, subsets[first])
        value, log_sd = distinct.value[place], distinct.log_sd[place]
        f1, f2, f3, f12, f13, f23, f123 = (1 + FITNESS_UNIT * value).view(7, n)
        tau = f123 - f1 * f2 * f3 - (f12 - f1 * f2) * f3 - (f13 - f1 * f3) * f2 - (f23 - f2 * f3) * f1
        epsilon = f12 - f1 * f2
        value = torch.where((genes >= 0).sum(1) > 2, tau, epsilon) / FITNESS_UNIT
        return Read(torch.where(is_call, -value, value), log_sd.view(7, n)[6])


def _relations(cell: CellArrays, settings: ClpSettings) -> list[sparse.csr_array]:
    """Return what joins genes: the networks and, with metabolism, shared complexes and reactions."""
    metabolic = metabolic_relations(cell.rules, cell.genes, cell.reactions) if settings.metabolism else []
    return [*cell.adjacencies, *metabolic]
