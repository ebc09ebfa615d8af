"""Every pair and triple of the chosen genes that no screen has tested, predicted by every seed of the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.config.calls import ScreenScores
from pipeline_lib.config.figures import ReportingSettings
from pipeline_lib.models.interface import Cell
from pipeline_lib.reporting.next_experiments import (
    choose_genes,
    choose_target,
    combined,
    measured_genotypes,
    suggest,
    untested,
    viable_genes,
)
from pipeline_lib.training.fitted_model import FittedModel, genotypes_of, load_fitted
from pipeline_lib.training.genotype_streams import Chunks, all_pairs, all_triples
from pipeline_lib.training.requested_genotypes import CHUNK


@dataclass(frozen=True)
class FittedSeeds:
    """The same model fitted from different seeds."""

    seeds: tuple[FittedModel, ...]

    @classmethod
    def read(cls, paths: Sequence[Path], cell: Cell) -> Self:
        """Read ``model.pt`` of every seed.

        Raises
        ------
        PipelineError
            When a file is damaged or belongs to another gene index.
        """
        return cls(tuple(load_fitted(path, cell) for path in paths))

    def predict(
        self, genes: NDArray[np.int64], screen: str, phenotype: str
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return mean and SD of genotypes int64 [n, 3], one pair of float64 [n] a seed; an unknown SD counts as 0."""
        predicted = []
        for fitted in self.seeds:
            prediction = fitted.model.predict(genotypes_of(genes, fitted, screen, phenotype))
            std = np.zeros(len(genes)) if prediction.std is None else np.nan_to_num(prediction.std)
            predicted.append((prediction.value, std))
        return predicted


def rank_untested(
    observations: pd.DataFrame,
    genes: pd.DataFrame,
    fitted: FittedSeeds,
    settings: ReportingSettings,
    scores: Mapping[str, ScreenScores],
) -> pd.DataFrame:
    """Return suggestions of pairs and of triples; an empty table where there is no model or no interaction screen."""
    parts = []
    viable = viable_genes(genes, observations)
    streams: tuple[tuple[int, int, Callable[[NDArray[np.int64], int], Chunks]], ...] = (
        (2, settings.pair_genes, all_pairs),
        (3, settings.triple_genes, all_triples),
    )
    for order, limit, stream in streams:
        target = choose_target(observations, order)
        if target is None or not fitted.seeds or target.screen not in fitted.seeds[0].screens:
            continue
        chosen = choose_genes(genes, observations, target, viable, limit)
        if len(chosen) < order:
            continue
        candidates = np.concatenate(list(stream(chosen, CHUNK)))
        candidates = untested(candidates, measured_genotypes(observations, genes, order), len(genes))
        if len(candidates):
            parts.append(
                suggest(
                    target,
                    candidates,
                    observations,
                    genes,
                    viable,
                    fitted.predict,
                    _threshold(scores, target.screen),
                    settings.suggestions,
                )
            )
    return combined(parts)


def _threshold(scores: Mapping[str, ScreenScores], screen: str) -> float:
    """Return the value below which an interaction of the screen is called; 0 where nothing is called."""
    calls = scores[screen].calls if screen in scores else None
    return 0.0 if calls is None else calls.negative
