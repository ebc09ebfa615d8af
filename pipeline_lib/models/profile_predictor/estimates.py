"""What the profile predictor estimates of crosses, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.models.profile_predictor.kernels import Index, Matrix


@dataclass(frozen=True)
class CrossEstimates:
    """Estimates of n crosses.

    Attributes
    ----------
    value, std
        float64 [n]: estimated measurement and the SD of a new one.
    effects
        float64 [n, 2]: main effects of the query's and the array's side, predicted where training lacks the side.
    interaction
        float64 [n]: estimate of what the main effects leave.
    unseen
        bool [n, 2]: whether training lacks the side.
    unseen_genes
        bool [n, 3]: which of the genotype's genes stand on such a side.
    """

    value: Matrix
    std: Matrix
    effects: Matrix
    interaction: Matrix
    unseen: NDArray[np.bool_]
    unseen_genes: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.value)

    @classmethod
    def empty(cls, n: int) -> Self:
        """Return a table of `n` rows to be filled."""
        sides, genes = np.zeros((n, 2), dtype=bool), np.zeros((n, MAX_ORDER), dtype=bool)
        return cls(np.zeros(n), np.ones(n), np.zeros((n, 2)), np.zeros(n), sides, genes)

    def put(self, rows: Index, part: "CrossEstimates") -> None:
        """Write `part` at `rows`."""
        for name, values in vars(self).items():
            values[rows] = getattr(part, name)

    @classmethod
    def concatenate(cls, parts: Sequence["CrossEstimates"]) -> Self:
        """Return the crosses of all parts, one part after the other."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(cls.empty(0))})


@dataclass(frozen=True)
class CrossFitted:
    """Estimates of training observations that did not see them.

    An observation may stand in it several times: held out as a cell of the matrix, and as if training lacked its query,
    its array, or both.

    Attributes
    ----------
    observation
        int64 [m]: positions in the training fold.
    estimates
        [m].
    """

    observation: Index
    estimates: CrossEstimates
