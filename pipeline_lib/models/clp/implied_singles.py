"""Single-mutant fitness that the double and triple mutants of the same screen imply."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.models.baselines.multiplicative import singles_from_product
from pipeline_lib.models.clp.levels import CASES, Index, LevelGains, Values

_FITNESS = PHENOTYPES.index("fitness")


@dataclass(frozen=True)
class ImpliedSingles:
    """Refine the terms of single mutants that are predicted by themselves.

    Inside the product of a double mutant the implied fitness has no place: it has seen the value.

    Attributes
    ----------
    effects
        By screen, float64 [N]: single-mutant fitness less 1 whose product fits the fitness of double and triple mutants
        best (`singles_from_product`); NaN of genes that none of them lacks.
    gains
        By screen: weights of the term, the implied effect and a constant; of screens with single mutants.
    """

    effects: Mapping[str, Values]
    gains: Mapping[str, LevelGains]

    @classmethod
    def of(cls, train: Genotypes, size: int) -> Self:
        """Measure what is implied; the gains are fitted later (`with_gains`)."""
        effects = {}
        for screen, phenotype, rows in train.assays():
            several = rows[train.order[rows] > 1]
            if phenotype == _FITNESS and len(several):
                effects[train.screens[screen]] = singles_from_product(train.take(several), size) - 1
        return cls(effects, {})

    def with_gains(self, screen: str, singles: Genotypes, term: Values, std: Values, case: Index) -> "ImpliedSingles":
        """Fit how the term and what is implied are weighed, on terms that did not see their value.

        The value of `singles` is their effect: fitness less 1.
        """
        rows, implied = self._known(screen, singles)
        if not len(rows):
            return self
        design = np.stack([term[rows], implied, np.ones(len(rows))], axis=1)
        units = np.bincount(case[rows], minlength=CASES).astype(np.float64)
        target, expected = singles.value[rows], np.array([1.0, 0.0, 0.0])
        gains = LevelGains.least_squares(design, target, std[rows], case[rows], units, expected)
        return ImpliedSingles(self.effects, {**self.gains, screen: gains})

    def refined(self, screen: str, singles: Genotypes, term: Values, std: Values, case: Index) -> tuple[Values, Values]:
        """Return term and SD of single mutants, float64 [n] each; unchanged where nothing is implied."""
        if screen not in self.gains:
            return term, std
        rows, implied = self._known(screen, singles)
        design = np.stack([term[rows], implied, np.ones(len(rows))], axis=1)
        better, spread = term.copy(), std.copy()
        better[rows] = self.gains[screen].value(design, case[rows])
        spread[rows] = self.gains[screen].std(std[rows], case[rows])
        return better, spread

    def _known(self, screen: str, singles: Genotypes) -> tuple[Index, Values]:
        if screen not in self.effects:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        effect = self.effects[screen][singles.genes[:, 0]]
        rows = np.flatnonzero(~np.isnan(effect))
        return rows, effect[rows]

    def state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        return {"effects": dict(self.effects), "gains": {screen: vars(gains) for screen, gains in self.gains.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return what `state` was taken from."""
        return cls(state["effects"], {screen: LevelGains(**gains) for screen, gains in state["gains"].items()})
