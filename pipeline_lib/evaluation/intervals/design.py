"""What is resampled: queries, genes, or queries and arrays together; never rows.

Scores of one query share its control screens, and scores of one gene share its strain, so rows are not independent.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.testable import effective_number
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.intervals.variance import (
    ClusterKind,
    ClusterVariance,
    PlainSpread,
    RobustSpread,
    Spread,
)
from pipeline_lib.evaluation.measurements import Measurements


@dataclass(frozen=True)
class ClusterDesign:
    """The clusters of n rows.

    Attributes
    ----------
    kind
        'query' (one-way), 'gene' (every gene of the row) or 'query_array' (two-way).
    codes
        int64 [n, ways]: the row's cluster in each way; -1 where it has none.
    sizes
        Number of clusters in each way.
    """

    kind: ClusterKind
    codes: NDArray[np.int64]
    sizes: tuple[int, ...]

    @property
    def groups(self) -> int:
        """The number of clusters that an interval rests on: of the way that has fewest."""
        return min(self.sizes)

    @cached_property
    def variance(self) -> ClusterVariance:
        """The variance of a statistic that is robust to these clusters."""
        return ClusterVariance(self.kind, self.codes, self.sizes)

    def spread(self, influence: NDArray[np.float64] | None) -> Spread:
        """Return how resampled values are brought to their robust spread; as they are where no influence is known.

        Parameters
        ----------
        influence
            float64 [n]: how much each row moves the statistic.
        """
        return PlainSpread() if influence is None else RobustSpread(self.variance, influence)

    def effective(self) -> float:
        """Return how many clusters of one size would be worth these: of the way that has fewest.

        (sum of n_c)^2 / sum of n_c^2 over clusters of n_c rows (Kish 1965; Carter, Schnepel and Steigerwald 2017,
        Rev. Econ. Stat. 99:698-709): a handful of large queries is not made more by hundreds of single rows.
        """
        ways = [self.codes] if self.kind == "gene" else self.codes.T
        return min(effective_number(way[way >= 0]) for way in ways)

    def present(self) -> int:
        """Return how many clusters these rows stand in: of the way that has fewest."""
        return min(len(np.unique(way[way >= 0])) for way in self.codes.T)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "ClusterDesign":
        """Return the design of some rows; clusters keep their codes."""
        return ClusterDesign(self.kind, self.codes[rows], self.sizes)


def choose_kind(data: Measurements, screen: str, settings: EvaluationSettings) -> ClusterKind:
    """Return what is to be resampled among the observations of one assay.

    Genes in a symmetric screen, among single mutants and where most rows have no query; query and array together
    wherever most rows have both, whatever the split: scores of one array share its strain as those of one query do,
    and a bootstrap of queries alone calls equal models different two to four times too often. Else queries. The
    settings may say otherwise.
    """
    chosen = settings.clusters.get(screen)
    if chosen is not None:
        return chosen
    rows = data.genotypes
    if data.symmetric.any() or rows.order.max(initial=1) == 1 or (rows.query >= 0).mean() < 0.5:
        return "gene"
    return "query_array" if (rows.array >= 0).mean() > 0.5 else "query"


def cluster_design(data: Measurements, kind: ClusterKind) -> ClusterDesign:
    """Return the clusters of the observations of one assay."""
    if kind == "gene":
        return _gene_design(data)
    ways = [_query_codes(data)]
    if kind == "query_array":
        ways.append(_dense(data.genotypes.array))
    codes = np.column_stack(ways)
    return ClusterDesign(kind, codes, tuple(int(way.max(initial=-1)) + 1 for way in ways))


def _gene_design(data: Measurements) -> ClusterDesign:
    order = int(data.genotypes.order.max(initial=1))
    genes = data.genotypes.genes[:, :order]
    present = np.unique(genes[genes >= 0])
    codes = np.where(genes >= 0, np.searchsorted(present, genes), -1)
    return ClusterDesign("gene", codes, (len(present),) * order)


def _query_codes(data: Measurements) -> NDArray[np.int64]:
    # A row without a query is a cluster of its genotype.
    alone = data.genotypes.query < 0
    return _dense(np.where(alone, data.genotype + data.genotypes.query.max(initial=0) + 1, data.genotypes.query))


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    present = np.unique(codes[codes >= 0])
    return np.where(codes >= 0, np.searchsorted(present, codes), -1)
