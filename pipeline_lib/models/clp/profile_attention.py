"""Genes alike: predict a pair's value by the measured values of genes that resemble one of its two.

The ideas of nearest-profile and of network-neighbour imputation, with the resemblance learned: attention (Vaswani et
al. 2017) of every gene over the profiled ones, by how alike their profiles and latents are, and along the networks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.neighbourhood import Neighbourhood, Told
from pipeline_lib.models.clp.profiles import Profiles

_KEY_WIDTH = 32
_LEAST_OVERLAP = 10
"""Pairs measured in both profiles without which nothing is said of their likeness."""
_SHARPNESS = 15.0
"""Initial factor of a correlation of profiles before the softmax: 0.3 then weighs e^4.5 times as much as 0."""


class Shown(NamedTuple):
    """The profiles as one step may read them: what the step asks for is not among them.

    Attributes
    ----------
    value, known
        float32 [K, K].
    alike
        float32 [K, K]: uncentred correlation of profiles over what both measured.
    """

    value: Tensor
    known: Tensor
    alike: Tensor


class Attended(NamedTuple):
    """What attention says of every pair (asked gene, profiled gene).

    Attributes
    ----------
    alike
        float32 [Q, K]: what genes alike say.
    neighbours
        float32 [N, K, channels]: what neighbours say; or what they may tell, where only some pairs will be asked for;
        None without networks.
    row
        long [N]: position of each gene among the asked ones, -1 where it was not asked.
    column
        long [N]: position of each gene among the profiled ones, -1 where its profile is hidden or there is none.
    """

    alike: Tensor
    neighbours: Tensor | Told | None
    row: Tensor
    column: Tensor


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
        self.neighbourhood = Neighbourhood(relations, profiles.genes) if relations else None
        self.heads = 1 + (self.neighbourhood.channels if self.neighbourhood is not None else 0)
        # Two sides speak of a pair of profiled genes, one of a pair with a gene that has no profile.
        self.gain = nn.Parameter(torch.full((self.heads, 2), 1 / self.heads))
        nn.init.constant_(self.gain[0], 0.5)

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
        if self.neighbourhood is None:
            return Attended(alike, None, row, column)
        own = alike if self.training else alike[self.genes]
        trust = torch.sigmoid(self.trust) * shown.known
        completed = trust * shown.value + (1 - trust) * own
        profiles = torch.stack([shown.value, shown.known, completed], -1)
        told = Told(profiles, self.effect, seen, 1 - visible)
        # A step asks for few of all pairs; afterwards a table answers any number of them.
        return Attended(alike, told if self.training else self.neighbourhood.of_all(told), row, column)

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

    def forward(self, attended: Attended, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the estimates of pairs of genes (long [n] each, -1: no gene), the same for either order.

        Returns
        -------
        Tensor
            float32 [n]: the estimate; 0 where one of the genes is missing.
        Tensor
            float32 [n, heads]: what each head says of it.
        """
        total = attended.alike.new_zeros((len(first), self.heads))
        sides = torch.zeros_like(first)
        paired = (first >= 0) & (second >= 0)
        first, second = first.clamp_min(0), second.clamp_min(0)
        for asked, other in ((first, second), (second, first)):
            has = paired & (attended.row[asked] >= 0) & (attended.column[other] >= 0)
            total = total + self._say(attended, asked, other, has)
            sides = sides + has
        estimate = (total * torch.where(sides[:, None] == 2, self.gain[:, 1], self.gain[:, 0])).sum(1)
        return estimate, total

    def _say(self, attended: Attended, asked: Tensor, other: Tensor, has: Tensor) -> Tensor:
        """Return what each head says of (asked gene, profiled gene), float32 [n, heads]; 0 where not `has`."""
        row, column = attended.row[asked].clamp_min(0), attended.column[other].clamp_min(0)
        said = attended.alike[row, column][:, None]
        if isinstance(attended.neighbours, Tensor):
            said = torch.cat([said, attended.neighbours[asked, column]], 1)
        elif self.neighbourhood is not None and attended.neighbours is not None:
            rows = has.nonzero()[:, 0]
            told = self.neighbourhood.of_pairs(attended.neighbours, asked[rows], column[rows])
            said = torch.cat([said, told.new_zeros((len(has), told.shape[1])).index_copy(0, rows, told)], 1)
        return torch.where(has[:, None], said, 0.0)


def _inverse_norms(profiles: Profiles) -> NDArray[np.float32]:
    """Return 1 / (|a| |b|) over the columns that both profiles measured, float32 [K, K]; 0 where those are few."""
    known = profiles.known.astype(np.float64)
    squares = profiles.value.astype(np.float64) ** 2 @ known
    norm = np.sqrt(squares * squares.T)
    enough = (known @ known >= _LEAST_OVERLAP) & (norm > 0)
    return np.divide(1.0, norm, out=np.zeros_like(norm), where=enough).astype(np.float32)
