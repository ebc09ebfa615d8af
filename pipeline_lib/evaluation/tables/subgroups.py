"""Skill within subgroups of genotypes: metabolic, essential, well-connected genes; number of deletions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.evaluation.folds import AssayFold
from pipeline_lib.evaluation.intervals.estimates import Estimate
from pipeline_lib.evaluation.intervals.influence import of_correlation
from pipeline_lib.evaluation.measurements import Measurements, gene_share
from pipeline_lib.evaluation.metrics.moments import correlation, flatness

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GeneTraits:
    """What is known of every gene, indexed by gene: in the metabolic model, essential, number of neighbours.

    `essential` and `degree` are None where they are not known (no list of essential genes, no networks).
    """

    metabolic: NDArray[np.bool_]
    essential: NDArray[np.bool_] | None
    degree: NDArray[np.int64] | None


def gene_traits(genes: pd.DataFrame, edges: pd.DataFrame | None) -> GeneTraits:
    """Collect the traits out of the gene table (GENES) and the networks (EDGES; None or no rows: no degrees)."""
    ordered = genes.sort_values("gene_index")
    essential = ordered["essential"]
    degree = None
    if edges is not None and len(edges):
        ends = edges[["source", "target"]].to_numpy(np.int64)
        degree = np.bincount(ends.ravel(), minlength=len(ordered))
    return GeneTraits(
        metabolic=ordered["in_gem"].to_numpy(bool),
        essential=essential.fillna(value=False).to_numpy(bool) if essential.notna().any() else None,
        degree=degree,
    )


def levels(data: Measurements, traits: GeneTraits) -> pd.DataFrame:
    """Return the level of every observation: one column a subgroup that has at least two levels among them.

    ``metabolic`` and ``essential``: all, some or none of the deleted genes; ``order``: 1, 2 or 3; ``degree``: third
    of the genotype's least connected gene among the genotypes at hand (low, middle, high).
    """
    genes = data.genotypes.genes
    columns = {"metabolic": _share_level(gene_share(genes, traits.metabolic))}
    if traits.essential is not None:
        columns["essential"] = _share_level(gene_share(genes, traits.essential))
    columns["order"] = data.genotypes.order.astype(str)
    if traits.degree is not None:
        least = np.where(genes == NO_GENE, np.iinfo(np.int64).max, traits.degree[genes]).min(axis=1)
        third = np.searchsorted(np.quantile(least, [1 / 3, 2 / 3]), least, side="left")
        columns["degree"] = np.array(["low", "middle", "high"])[third]
    frame = pd.DataFrame(columns)
    several = [name for name in frame if (frame[name] != frame[name].iloc[0]).any()]
    return frame[several]


class SubgroupBootstrap:
    """Pearson's correlation within every level of every subgroup of one assay, on the assay's own resamples."""

    def __init__(self, assay: AssayFold, traits: GeneTraits, resamples: int) -> None:
        self._design, self._codes = assay.design, assay.design.codes
        self._resamples = assay.resamples.first(resamples)
        value = assay.data.genotypes.value
        self._y = value - value.mean()
        self._flat_y = flatness(value)
        frame = levels(assay.data, traits)
        self.members = {
            (str(name), str(level)): (frame[name] == level).to_numpy()
            for name in frame
            for level in sorted(frame[name].unique())
        }
        designs = {key: assay.design.take(member) for key, member in self.members.items()}
        self._clusters = {key: design.effective() for key, design in designs.items()}
        self.extents = {key: (len(design.codes), design.present()) for key, design in designs.items()}
        self._fixed = self._sums([np.ones(len(value)), self._y, self._y**2])

    def pearson(self, prediction: Floats) -> dict[tuple[str, str], Estimate]:
        """Return the estimate of every (subgroup, level) for predictions [n]."""
        if not self.members:
            return {}
        x = prediction - prediction.mean()
        flat = (flatness(prediction), self._flat_y)
        found = {}
        parts = zip(self.members, self._fixed, self._sums([x, x * x, x * self._y]), strict=True)
        for key, (n, sum_y, yy), (sum_x, xx, xy) in parts:
            values = _pearson((n, sum_x, sum_y, xx, xy, yy), flat)
            influence = self._influence(prediction, self.members[key]) if self._codes.shape[1] > 1 else None
            found[key] = Estimate(float(values[0]), values[1:], self._clusters[key], self._design.spread(influence))
        return found

    def _sums(self, columns: list[Floats]) -> Floats:
        """Return the sum of each of so many columns [n] over every level: [levels, columns, resamples + 1]."""
        member = np.stack(list(self.members.values()) or [np.zeros(len(self._y), dtype=bool)])
        within = (member[:, None, :] * np.stack(columns)).reshape(-1, len(self._y))
        return self._resamples.weighted_sums(self._codes, within).reshape(len(member), len(columns), -1)

    def _influence(self, prediction: Floats, member: NDArray[np.bool_]) -> Floats:
        x, y = prediction[member], self._y[member]
        influence = np.zeros(len(member))
        influence[member] = of_correlation(x - x.mean(), y - y.mean())
        return influence


def _pearson(sums: tuple[Floats, ...], flat: tuple[float, float]) -> Floats:
    n, x, y, xx, xy, yy = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return correlation(np.stack([xx - x * x / n, xy - x * y / n, yy - y * y / n]), n, flat)


def _share_level(share: Floats) -> NDArray[np.str_]:
    return np.select([share == 0, share == 1], ["none", "all"], default="some")
