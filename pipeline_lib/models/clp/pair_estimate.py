"""From what likeness, neighbours and own effects say of two genes to one estimate of their pair."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.models.clp.neighbourhood import Neighbourhood, Told
from pipeline_lib.models.clp.strangers import Around, Strangers
from pipeline_lib.models.least_squares import non_negative_least_squares

_ROWS_PER_GAIN = 4
"""Pairs for each gain without which a least-squares fit is not tried."""
_LEAST_GAIN = 1e-3
"""Where a gain starts that the fit puts at zero: what lies beneath a gain of zero gets no gradient."""


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
    """What is said of every pair (asked gene, profiled gene).

    Attributes
    ----------
    said
        float32 [N, K, heads]: what each head says of every pair; None where a step asks for few of all pairs, which
        are then worked out one by one.
    alike
        float32 [Q, K]: what genes alike say.
    effect
        float32 [N]: what a gene adds to each of its values, 0 where its profile is hidden or there is none.
    neighbours
        What neighbours may tell; None without networks.
    around
        What stands around genes without a profile; None without networks.
    row
        long [N]: position of each gene among the asked ones, -1 where it was not asked.
    column
        long [N]: position of each gene among the profiled ones, -1 where its profile is hidden or there is none.
    """

    said: Tensor | None
    alike: Tensor
    effect: Tensor
    neighbours: Told | None
    around: Around | None
    row: Tensor
    column: Tensor


class PairEstimate(nn.Module):
    """Linear combination of what is said of a pair; the gains depend on how many of its genes have a profile.

    Two sides speak of a pair of profiled genes, one of a pair with one gene that has none; a pair of two such genes is
    `Strangers`' affair.

    Parameters
    ----------
    neighbourhood, strangers
        None without networks.
    """

    def __init__(self, neighbourhood: Neighbourhood | None, strangers: Strangers | None) -> None:
        super().__init__()
        self.neighbourhood, self.strangers = neighbourhood, strangers
        self.heads = 2 + (neighbourhood.channels if neighbourhood is not None else 0)
        self.gain = nn.Parameter(torch.full((self.heads, 2), 1 / self.heads))
        with torch.no_grad():
            self.gain[0], self.gain[1] = 1.0, 0.5
        self.stranger_gain = nn.Parameter(torch.ones(Strangers.features)) if strangers is not None else None

    def forward(self, attended: Attended, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the estimates of pairs of genes (long [n] each, -1: no gene), the same for either order.

        Returns
        -------
        Tensor
            float32 [n]: the estimate; 0 where one of the genes is missing.
        Tensor
            float32 [n, heads]: what each head says of it.
        """
        said, sides = self.say(attended, first, second)
        weighed = said @ self.gain
        estimate = torch.where(sides == 2, weighed[:, 1], weighed[:, 0])
        if self.strangers is not None and self.stranger_gain is not None and attended.around is not None:
            silent = (sides == 0).nonzero()[:, 0]
            if len(silent):
                told = self.strangers(attended.around, first[silent], second[silent]) @ self.stranger_gain
                estimate = estimate.index_add(0, silent, told)
        return estimate, said

    def say(self, attended: Attended, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each head says of pairs, float32 [n, heads], and how many sides have spoken, long [n]."""
        paired = (first >= 0) & (second >= 0)
        first, second = first.clamp_min(0), second.clamp_min(0)
        has_first = paired & (attended.row[first] >= 0) & (attended.column[second] >= 0)
        has_second = paired & (attended.row[second] >= 0) & (attended.column[first] >= 0)
        one = self._one_side(attended, first, second, has_first)
        other = self._one_side(attended, second, first, has_second)
        return one + other, has_first.long() + has_second.long()

    def _one_side(self, attended: Attended, asked: Tensor, other: Tensor, has: Tensor) -> Tensor:
        """Return what each head says of (asked gene, profiled gene), float32 [n, heads]; 0 where not `has`."""
        column = attended.column[other].clamp_min(0)
        if attended.said is not None:
            said = attended.said.view(-1, self.heads)[asked * attended.said.shape[1] + column]
        else:
            alike = attended.alike[attended.row[asked].clamp_min(0), column]
            said = torch.stack([attended.effect[other], alike], 1)
            if self.neighbourhood is not None and attended.neighbours is not None:
                rows = has.nonzero()[:, 0]
                told = self.neighbourhood.of_pairs(attended.neighbours, asked[rows], column[rows])
                said = torch.cat([said, told.new_zeros((len(has), told.shape[1])).index_copy(0, rows, told)], 1)
        # Most calls ask for pairs that all have a side to speak: then there is nothing to put out.
        return said if bool(has.all()) else torch.where(has[:, None], said, 0.0)

    def table(self, alike: Tensor, effect: Tensor, told: Told | None) -> Tensor:
        """Return what each head says of every pair of a gene and a profiled one, float32 [N, K, heads].

        Parameters
        ----------
        alike
            float32 [N, K].
        effect
            float32 [K]: what each profiled gene adds to its values.
        told
            What neighbours may tell; None without networks.
        """
        table = alike.new_empty((*alike.shape, self.heads))
        table[:, :, 0], table[:, :, 1] = effect, alike
        if self.neighbourhood is not None and told is not None:
            self.neighbourhood.of_all(told, table[:, :, 2:])
        return table

    @torch.no_grad()
    def start_gains(self, attended: Attended, pairs: Tensor, target: Tensor) -> None:
        """Start the gains from the least-squares fit of training pairs that `attended` does not show.

        Gradient steps take long to find how to weigh forty means that are nearly alike; the closed form does not.

        Parameters
        ----------
        attended
            What attention says when neither `pairs` nor the profiles of some genes are shown.
        pairs
            long [n, 2].
        target
            float32 [n]: their values, in units of their assay's SD.
        """
        said, sides = self.say(attended, pairs[:, 0], pairs[:, 1])
        for gain, speaking in ((self.gain[:, 0], 1), (self.gain[:, 1], 2)):
            _start(gain, said[sides == speaking], target[sides == speaking])
        if self.strangers is not None and self.stranger_gain is not None and attended.around is not None:
            apart = (attended.around.row[pairs] >= 0).all(1)
            features = self.strangers(attended.around, pairs[apart, 0], pairs[apart, 1])
            _start(self.stranger_gain, features, target[apart])


def _start(gain: Tensor, said: Tensor, target: Tensor) -> None:
    if len(said) >= _ROWS_PER_GAIN * len(gain):
        weights = non_negative_least_squares(said.double().cpu().numpy(), target.double().cpu().numpy())
        gain.copy_(torch.from_numpy(weights).clamp_min(_LEAST_GAIN))
