"""Choose hyperparameters on the validation fold, and keep what every setting scored."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """One setting and its root mean squared error on the validation fold (NaN where there is none)."""

    setting: str
    rmse: float


class Search(Generic[T]):
    """Keep the candidate with the least squared error on the validation fold; of equals, the first.

    An assay without validation observations keeps the middle candidate of its grid.

    Parameters
    ----------
    observed
        float64 [v]: the measurements of the validation fold.
    trials
        Number of candidates that will be offered.
    """

    def __init__(self, observed: NDArray[np.float64], trials: int) -> None:
        self._observed = observed
        self._middle = (trials - 1) // 2
        self._best: T | None = None
        self._least = np.inf
        self.trials: list[Trial] = []

    def offer(self, setting: str, predicted: NDArray[np.float64], candidate: T) -> None:
        """Score the validation predictions, float64 [v], of one candidate."""
        position = len(self.trials)
        if len(self._observed):
            rmse = float(np.sqrt(np.mean((self._observed - predicted) ** 2)))
            loss = rmse
        else:
            rmse, loss = float("nan"), float(abs(position - self._middle))
        self.trials.append(Trial(setting, rmse))
        if self._best is None or loss < self._least:
            self._best, self._least = candidate, loss

    @property
    def best(self) -> T:
        """The candidate that was kept."""
        if self._best is None:
            raise ValueError("no candidate was offered")
        return self._best
