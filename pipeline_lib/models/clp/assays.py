"""What the network reads of genotypes: their assays and the closed-form terms of their fitness and interactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline_lib.artefacts import PHENOTYPES
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
