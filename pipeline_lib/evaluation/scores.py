"""The names that scores go by."""

from dataclasses import dataclass

from pipeline_lib.evaluation.intervals import Estimate

AssayKey = tuple[str, str]
"""Screen and phenotype."""

ScoreKey = tuple[str, str, str]
"""Screen, phenotype and metric."""

Scores = dict[ScoreKey, Estimate]
"""Every score of one model on one split."""


@dataclass(frozen=True)
class Extent:
    """What a score rests on: rows, clusters and what the clusters are."""

    n: int
    groups: int
    clusters: str
