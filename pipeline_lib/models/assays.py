"""The units of each assay: one phenotype of one screen, shifted and scaled to mean 0 and SD 1."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.errors import PipelineError


@dataclass(frozen=True)
class AssayScales:
    """Shift and scale of every assay of a training fold; no other fold is ever looked at.

    Attributes
    ----------
    screens, phenotypes
        Name of the screen and of the phenotype of each assay, length A.
    rows
        int64 [A]: training observations of each assay.
    shift, scale
        float64 [A]: mean and SD of the training values (SD 1 where all values are equal).
    """

    screens: tuple[str, ...]
    phenotypes: tuple[str, ...]
    rows: NDArray[np.int64]
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, train: Genotypes) -> Self:
        """Take mean and SD of each assay of `train`.

        Raises
        ------
        PipelineError
            When the training fold is empty.
        """
        assays = train.assays()
        if not assays:
            raise PipelineError("The training fold holds no observation; choose another split or a larger screen.")
        values = [train.value[rows] for _, _, rows in assays]
        deviations = np.array([part.std() for part in values])
        return cls(
            screens=tuple(train.screens[screen] if screen >= 0 else "" for screen, _, _ in assays),
            phenotypes=tuple(PHENOTYPES[phenotype] for _, phenotype, _ in assays),
            rows=np.array([len(part) for part in values], dtype=np.int64),
            shift=np.array([part.mean() for part in values]),
            scale=np.where(deviations > 0, deviations, 1.0),
        )

    def __len__(self) -> int:
        return len(self.screens)

    def codes(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """Return the assay in whose units each genotype is predicted, int64 [n].

        An assay that the training fold lacks is stood in for by its largest assay of the same phenotype, and by its
        largest assay where it lacks the phenotype too.
        """
        largest = np.argsort(-self.rows, kind="stable")
        codes = np.full(len(genotypes), largest[0], dtype=np.int64)
        for screen, phenotype, rows in genotypes.assays():
            name = genotypes.screens[screen] if screen >= 0 else None
            kind = PHENOTYPES[phenotype] if phenotype >= 0 else None
            same = [code for code in largest if self.phenotypes[code] == kind]
            exact = [code for code in same if self.screens[code] == name]
            codes[rows] = (exact or same or [largest[0]])[0]
        return codes

    def standardise(self, genotypes: Genotypes) -> NDArray[np.float64]:
        """Return the measured values in SDs from the mean of their assay, float64 [n]."""
        codes = self.codes(genotypes)
        return np.asarray((genotypes.value - self.shift[codes]) / self.scale[codes])

    def restore(self, score: NDArray[np.floating[Any]], codes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return standardised scores in the units of their assay, float64 [n]."""
        return np.asarray(self.shift[codes] + self.scale[codes] * score, dtype=np.float64)

    def residuals(self, genotypes: Genotypes, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the root mean squared residual of `predicted` in each assay, float64 [A].

        It is the spread of a prediction that has none of its own. An assay without an observation in `genotypes` has
        the SD of its training values.
        """
        codes, squared = self.codes(genotypes), (genotypes.value - predicted) ** 2
        count = np.bincount(codes, minlength=len(self))
        total = np.bincount(codes, weights=squared, minlength=len(self))
        return np.where(count > 0, np.sqrt(total / np.maximum(count, 1)), self.scale)

    def state(self) -> dict[str, Any]:
        """Return plain lists, for `from_state`."""
        return {
            "screens": list(self.screens),
            "phenotypes": list(self.phenotypes),
            "rows": self.rows.tolist(),
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the scales that `state` was taken from."""
        return cls(
            screens=tuple(state["screens"]),
            phenotypes=tuple(state["phenotypes"]),
            rows=np.array(state["rows"], dtype=np.int64),
            shift=np.array(state["shift"], dtype=np.float64),
            scale=np.array(state["scale"], dtype=np.float64),
        )
