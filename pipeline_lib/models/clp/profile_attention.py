"""Genes alike: predict a pair's value by the measured values of genes that resemble one of its two.

The ideas of nearest-profile and of network-neighbour imputation, with the resemblance learned: attention (Vaswani et
al. 2017) of every gene over the profiled ones, by how alike their profiles and latents are, and along the networks.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.neighbourhood import Neighbourhood, Told
from pipeline_lib.models.clp.pair_estimate import Attended, PairEstimate, Shown
from pipeline_lib.models.clp.profiles import Profiles
from pipeline_lib.models.clp.strangers import Strangers

_KEY_WIDTH = 32
_LEAST_OVERLAP = 10
"""Pairs measured in both profiles without which nothing is said of their likeness."""
_SHARPNESS = 15.0
"""Initial factor of a correlation of profiles before the softmax: 0.3 then weighs e^4.5 times as much as 0."""
_STARTING_PAIRS = 16_384
"""Most pairs that the gains are started from; at most a quarter of all, the rest are the profiles."""


class ProfileAttention(nn.Module):
    """Learned resemblance over measured profiles, and the profiles' own contribution to a gene's vector.

    A pair's own value never reaches its prediction. Gene a attends to genes other than a, so column b of row a is not
    read (the matrix is symmetric, and b does not attend to itself either); and what a training step asks for is taken
    out of the profiles before they speak for their genes and are compared, as it is for a pair that nobody measured.

    Parameters
    ----------
    profiles
        Training profiles of K genes.
    relations
        What joins genes [N, N], row = the gene that asks: networks, shared complexes and reactions.
    genes
        N.
    settings
        Section ``models.clp``.
    """

    def __init__(
        self, profiles: Profiles, relations: Sequence[sparse.sparray], genes: int, settings: ClpSettings
    ) -> None:
        super().__init__()
        size, width = len(profiles.genes), settings.hidden
        position = np.full(genes, -1, dtype=np.int64)
        position[profiles.genes] = np.arange(size)
        for name, array in {
            "genes": profiles.genes, "effect": profiles.effect, "value": profiles.value, "known": profiles.known,
            "position": position, "norm_inverse": _inverse_norms(profiles),
        }.items():  # fmt: skip
            self.register_buffer(name, torch.from_numpy(array), persistent=False)
        self.entry_dropout = settings.profile_dropout
        self.profile_weight = nn.Parameter(torch.randn(size, width) * 0.4 * max(size, 1) ** -0.5)
        self.effect_weight = nn.Parameter(torch.randn(width) * width**-0.5)
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, _KEY_WIDTH)
        self.key = nn.Linear(width, _KEY_WIDTH)
        nn.init.zeros_(self.query.weight)
        # Few measurements make no two profiles comparable; then there is nothing to sharpen.
        self.log_sharpness = nn.Parameter(torch.tensor(_SHARPNESS).log()) if self.norm_inverse.any() else None
        self.prior = nn.Parameter(torch.tensor(-1.0))
        self.trust = nn.Parameter(torch.zeros(()))
        neighbourhood = Neighbourhood(relations, profiles.genes) if relations else None
        strangers = None
        if neighbourhood is not None and settings.gene_mask > 0:
            # Where no gene is ever hidden, nothing would train what is said of two genes without a profile.
            strangers = Strangers(neighbourhood.weights[-1])
        self.estimate = PairEstimate(neighbourhood, strangers)

    @property
    def comparable(self) -> float:
        """Share of the pairs of profiled genes, 0 to 1, that were measured with enough of the same partners."""
        others = len(self.genes) * (len(self.genes) - 1)
        if not others:
            return 0.0
        itself = self.norm_inverse.diagonal() > 0
        return (int((self.norm_inverse > 0).sum()) - int(itself.sum())) / others

    @torch.no_grad()
    def start_gains(self, pairs: Tensor, target: Tensor, hidden_share: float, seed: int) -> None:
        """Start the gains of the estimate from training pairs; see `PairEstimate.start_gains`.

        Parameters
        ----------
        pairs
            long [n, 2]: the training pairs; some of them are hidden and asked for.
        target
            float32 [n]: their values, in units of their assay's SD.
        hidden_share
            Share of the genes whose profiles are hidden, so that every case of what is known comes up.
        seed
            Which genes and pairs these are.
        """
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(pairs), generator=generator)[: min(_STARTING_PAIRS, len(pairs) // 4)]
        visible = (torch.rand(len(self.position), 1, generator=generator) >= hidden_share).float()
        asked = functional.pad(pairs[chosen], (0, 1), value=-1)
        state = torch.zeros(len(self.position), self.norm.normalized_shape[0])
        attended = self.attend(self.show(asked), state, visible)
        self.estimate.start_gains(attended, pairs[chosen], target[chosen])

    @torch.no_grad()
    def show(self, hidden: Tensor | None) -> Shown:
        """Take the pairs among the genotypes `hidden` (long [n, 3], None: nothing) out of the profiles."""
        value, known = self.value, self.known
        if hidden is not None:
            pairs = hidden.sort(dim=1, descending=True).values
            pairs = pairs[(pairs[:, 1] >= 0) & (pairs[:, 2] < 0), :2]
            a, b = self.position[pairs].unbind(1)
            both = (a >= 0) & (b >= 0)
            a, b = torch.cat([a[both], b[both]]), torch.cat([b[both], a[both]])
            kept = torch.ones_like(known).index_put_((a, b), torch.zeros((), device=known.device))
            value, known = value * kept, known * kept
        # The norms are those of the whole profiles: they tell no sign, and a batch hides a small share of them.
        return Shown(value, known, value @ value * self.norm_inverse)

    def contribution(self, shown: Shown, count: int) -> Tensor:
        """Return what each gene's own profile says of it, [N, h]; in training some entries are hidden."""
        value = functional.dropout(shown.value, self.entry_dropout, self.training)
        own = value @ self.profile_weight + self.effect[:, None] * self.effect_weight
        return own.new_zeros((count, own.shape[1])).index_copy(0, self.genes, own)

    def attend(self, shown: Shown, state: Tensor, visible: Tensor) -> Attended:
        """Let genes attend to the profiled genes that `visible` shows.

        Parameters
        ----------
        shown
            What `show` returned.
        state
            Gene states [N, h].
        visible
            float32 [N, 1]: 0 for a gene whose profile is hidden in this step.

        Returns
        -------
        Attended
            In training only the profiled genes ask; otherwise every gene does.
        """
        asked = self.genes if self.training else torch.arange(len(state), device=state.device)
        row = self.position if self.training else asked
        seen, stranger = visible[self.genes], 1 - visible[asked]
        alike = self._answer(self._likeness(shown, state, seen, asked), shown, stranger)
        column = torch.where(visible[:, 0] > 0, self.position, -1)
        effect = alike.new_zeros(len(state)).index_copy(0, self.genes, self.effect) * visible[:, 0]
        neighbourhood, strangers = self.estimate.neighbourhood, self.estimate.strangers
        if neighbourhood is None:
            said = None if self.training else self.estimate.table(alike, effect[self.genes], None)
            return Attended(said, alike, effect, None, None, row, column)
        own = alike if self.training else alike[self.genes]
        trust = torch.sigmoid(self.trust) * shown.known
        completed = trust * shown.value + (1 - trust) * own
        told = Told(torch.stack([shown.value, shown.known, completed], -1), self.effect, seen, 1 - visible)
        # A step asks for few of all pairs; afterwards a table answers any number of them.
        said = None if self.training else self.estimate.table(alike, effect[self.genes], told)
        around = None if strangers is None else strangers.around(completed, self.effect, seen, column, asked)
        return Attended(said, alike, effect, told, around, row, column)

    def _likeness(self, shown: Shown, state: Tensor, seen: Tensor, asked: Tensor) -> Tensor:
        """Return the attention of the asked genes to the profiled ones, [Q, K]; rows sum to at most 1."""
        normal = self.norm(state)
        logits = (self.query(normal[asked]) @ self.key(normal[self.genes]).T).float() * _KEY_WIDTH**-0.5
        if self.log_sharpness is not None:
            alike = shown.alike * seen
            if not self.training:
                alike = alike.new_zeros((len(state), len(self.genes))).index_copy(0, self.genes, alike)
            logits = logits + self.log_sharpness.exp() * alike
        others = (asked[:, None] != self.genes[None, :]) & (seen.T > 0)
        return functional.softmax(logits.masked_fill(~others, -1e9), dim=1) * others

    def _answer(self, weight: Tensor, shown: Shown, stranger: Tensor) -> Tensor:
        """Return the mean of what the attended profiles hold, [Q, K], over those that hold something."""
        value = weight @ shown.value
        # Without a profile of its own, a gene takes the effects of those it resembles too.
        rows = stranger[:, 0].nonzero()[:, 0]
        value = value.index_add(0, rows, (weight[rows] * self.effect) @ shown.known)
        # The prior is the weight of "nothing like it was measured": no interaction.
        return value / (weight @ shown.known + functional.softplus(self.prior))


def _inverse_norms(profiles: Profiles) -> NDArray[np.float32]:
    """Return 1 / (|a| |b|) over the columns that both profiles measured, float32 [K, K]; 0 where those are few."""
    known = profiles.known.astype(np.float64)
    squares = profiles.value.astype(np.float64) ** 2 @ known
    norm = np.sqrt(squares * squares.T)
    enough = (known @ known >= _LEAST_OVERLAP) & (norm > 0)
    return np.divide(1.0, norm, out=np.zeros_like(norm), where=enough).astype(np.float32)
