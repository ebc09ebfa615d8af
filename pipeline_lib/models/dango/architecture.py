"""The parts in which the DANGO of the paper and that of the released code differ."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.models.dango.channels import Channel
from pipeline_lib.models.dango.hypergraph import HyperSagnn
from pipeline_lib.models.dango.neighbour_means import DrawnMeanWithItself, TrainingDrawnMean, WholeMean
from pipeline_lib.models.dango.released_scorer import ReleasedScorer

RELEASED_NEIGHBOURS = 5
"""Neighbours that the released code draws at every step and, as its evaluation draws too, for every prediction."""


@dataclass(frozen=True)
class Architecture:
    """How the two parts are made.

    Attributes
    ----------
    neighbour_mean
        From a channel and the settings, which neighbours an encoder averages.
    scorer
        From the settings and the number of assays, what scores a set of genes.
    """

    neighbour_mean: Callable[[Channel, DangoSettings], nn.Module]
    scorer: Callable[[DangoSettings, int], nn.Module]


def _mean_of_the_paper(channel: Channel, settings: DangoSettings) -> nn.Module:
    if settings.neighbours is None:
        return WholeMean(channel)
    return TrainingDrawnMean(channel, settings.neighbours)


def _scorer_of_the_paper(settings: DangoSettings, assays: int) -> HyperSagnn:
    return HyperSagnn(settings.width, settings.heads, settings.attention_layers, settings.dropout, assays)


def _released_mean(channel: Channel, _: DangoSettings) -> DrawnMeanWithItself:
    return DrawnMeanWithItself(channel, RELEASED_NEIGHBOURS)


def _released_scorer(settings: DangoSettings, assays: int) -> ReleasedScorer:
    return ReleasedScorer(settings.width, settings.heads, assays)


PAPER = Architecture(_mean_of_the_paper, _scorer_of_the_paper)
RELEASED = Architecture(_released_mean, _released_scorer)
