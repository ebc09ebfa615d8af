"""The closed-form terms of genotypes, and what the network reads beside them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER

EVIDENCE = (
    "term",
    "interaction",
    "sum_of_effects",
    "product_of_effects",
    "log_sd",
    "one_side_unseen",
    "both_sides_unseen",
    "flux_interaction",
    "flux_fitness",
    "flux_grows_less",
)
"""What the network reads of a set of genes beside its latent, in units of the SD of its assay's terms."""
_FARTHEST = 10.0


@dataclass(frozen=True)
class Terms:
    """Closed-form terms of n genotypes, each in its screen, phenotype and order.

    Attributes
    ----------
    term
        float64 [n]: single-mutant fitness less 1, epsilon or tau; the measurement itself for other phenotypes than
        fitness, log odds for calls.
    std
        float64 [n]: SD of a new measurement.
    single
        float64 [n, 3]: single-mutant fitness of each gene; 1 where there is no deletion. Of fitness alone.
    pair
        float64 [n, 3]: epsilon of the pairs of a triple, in the order of `decomposition.PAIRS`; of a pair, its own in
        the first place. Of fitness alone, 0 elsewhere.
    unit
        float64 [n, 3]: SD of the terms of order 1, 2 and 3 in this screen and phenotype.
    evidence
        float32 [n, 10]: `EVIDENCE`.
    pair_evidence
        float32 [n, 3, 10]: the same of the pairs of triples whose fitness is predicted.
    unseen
        bool [n, 3]: genes whose profile the estimates did without.
    case
        int64 [n]: which sides the estimates did without (`pipeline_lib.models.clp.levels.CASES`).
    """

    term: NDArray[np.float64]
    std: NDArray[np.float64]
    single: NDArray[np.float64]
    pair: NDArray[np.float64]
    unit: NDArray[np.float64]
    evidence: NDArray[np.float32]
    pair_evidence: NDArray[np.float32]
    unseen: NDArray[np.bool_]
    case: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.term)

    @classmethod
    def empty(cls, n: int) -> Self:
        """Return the terms of `n` genotypes that change nothing, to be filled."""
        width = len(EVIDENCE)
        return cls(
            np.zeros(n),
            np.ones(n),
            np.ones((n, MAX_ORDER)),
            np.zeros((n, MAX_ORDER)),
            np.ones((n, MAX_ORDER)),
            np.zeros((n, width), dtype=np.float32),
            np.zeros((n, MAX_ORDER, width), dtype=np.float32),
            np.zeros((n, MAX_ORDER), dtype=bool),
            np.zeros(n, dtype=np.int64),
        )

    def put(self, rows: NDArray[np.int64], part: "Terms") -> None:
        """Write `part` at `rows`."""
        for name, values in vars(self).items():
            values[rows] = getattr(part, name)

    def take(self, rows: NDArray[np.int64]) -> "Terms":
        """Return the genotypes at `rows`."""
        return Terms(**{name: values[rows] for name, values in vars(self).items()})

    @staticmethod
    def concatenate(parts: list["Terms"]) -> "Terms":
        """Return the genotypes of all parts."""
        return Terms(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(Terms.empty(0))})


def bounded(evidence: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return evidence in float32, kept from running away."""
    return np.clip(evidence, -_FARTHEST, _FARTHEST).astype(np.float32)
