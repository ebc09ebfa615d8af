"""Assays: within one, values are comparable; between two, only after a learned scale and shift."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes

FITNESS, INTERACTION, CALL = (PHENOTYPES.index(name) for name in ("fitness", "interaction", "call"))
_SMALLEST_SD = 1e-6


@dataclass(frozen=True)
class Assays:
    """One assay for each screen, phenotype and order of the training fold, then one for each phenotype.

    The last `len(PHENOTYPES)` rows stand for assays that training never saw: they have the mean of the centres and
    scales of their phenotype.

    Attributes
    ----------
    codes
        int64 [A]: ``(screen * len(PHENOTYPES) + phenotype) * (MAX_ORDER + 1) + order``, ascending.
    centre, scale
        float64 [A + len(PHENOTYPES)]: what is taken off a value and what it is then divided by. Fitness is centred
        on the wild type (1), a call is left as it is.
    """

    codes: NDArray[np.int64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.centre)

    @classmethod
    def of(cls, train: Genotypes) -> Self:
        """Measure the assays of a training fold."""
        codes, inverse, count = np.unique(
            _codes(train.screen, train.phenotype, train.order), return_inverse=True, return_counts=True
        )
        mean = np.bincount(inverse, train.value) / count
        variance = np.bincount(inverse, (train.value - mean[inverse]) ** 2) / count
        phenotype = codes // (MAX_ORDER + 1) % len(PHENOTYPES)
        centre = np.select([phenotype == FITNESS, phenotype == CALL], [1.0, 0.0], mean)
        scale = np.where((phenotype == CALL) | (variance < _SMALLEST_SD**2), 1.0, np.sqrt(variance))
        unseen_centre, unseen_scale = [], []
        for code in range(len(PHENOTYPES)):
            of_phenotype = phenotype == code
            known = float(centre[of_phenotype].mean()) if of_phenotype.any() else float(code == FITNESS)
            unseen_centre.append(known)
            unseen_scale.append(float(scale[of_phenotype].mean()) if of_phenotype.any() else 1.0)
        return cls(codes, np.append(centre, unseen_centre), np.append(scale, unseen_scale))

    def phenotypes(self) -> NDArray[np.int64]:
        """Return the phenotype of every row, int64 [A + len(PHENOTYPES)]."""
        return np.append(self.codes // (MAX_ORDER + 1) % len(PHENOTYPES), np.arange(len(PHENOTYPES)))

    def labels(self) -> set[int]:
        """Return the phenotypes that training saw."""
        return set(self.phenotypes()[: len(self.codes)].tolist())

    def positions(
        self, screen: NDArray[np.int64], phenotype: NDArray[np.int64], order: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the assay of every genotype, int64 [n]; one that training never saw gets its phenotype's row.

        Parameters
        ----------
        screen, phenotype, order
            int64 [n]; screen -1: not stated.
        """
        codes = _codes(screen, phenotype, order)
        at = np.searchsorted(self.codes, codes).clip(max=max(len(self.codes) - 1, 0))
        seen = self.codes[at] == codes if len(self.codes) else np.zeros(len(codes), bool)
        return np.where(seen & (screen >= 0), at, len(self.codes) + phenotype)

    def state(self) -> dict[str, Any]:
        """Return the assays as tensors."""
        return {name: torch.from_numpy(getattr(self, name)) for name in ("codes", "centre", "scale")}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Self:
        """Return the assays that `state` was taken from."""
        return cls(**{name: state[name].numpy() for name in ("codes", "centre", "scale")})


def _codes(screen: NDArray[np.int64], phenotype: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    return (screen * len(PHENOTYPES) + phenotype) * (MAX_ORDER + 1) + order


_MODEL_SD = 0.5
"""SD, in units of the assay's, of what no model explains; it keeps one well-measured value from outweighing all."""


def inverse_variance(std: NDArray[np.float64], assay: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return weights 1 / (SD^2 + 0.25) with mean 1 within each assay; an unknown SD counts as the assay's mean one.

    Parameters
    ----------
    std
        float64 [n]: measured SD in units of the assay's own; NaN where unknown.
    assay
        int64 [n].
    """
    variance = std**2
    known = np.isfinite(variance)
    total = np.bincount(assay[known], variance[known], minlength=assay.max(initial=0) + 1)
    count = np.bincount(assay[known], minlength=assay.max(initial=0) + 1)
    typical = np.divide(total, count, out=np.zeros(len(total)), where=count > 0)
    weight = 1 / (np.where(known, variance, typical[assay]) + _MODEL_SD**2)
    mean = np.bincount(assay, weight) / np.maximum(np.bincount(assay), 1)
    return np.asarray(weight / mean[assay], dtype=np.float64)
