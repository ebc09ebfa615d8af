"""A model read back from its file, and what it was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.artefacts.tensors import load_tensors
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes
from pipeline_lib.config.model_registry import FLUX, SIMULATED_PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Cell, Model
from pipeline_lib.models.registry import restore
from pipeline_lib.training.trained_assays import TrainedAssay, read_assays


@dataclass(frozen=True)
class FittedModel:
    """A model read back from ``model.pt``, and what the codes of its genotypes stand for."""

    model: Model
    name: str
    screens: tuple[str, ...]
    strains: tuple[str, ...]
    assays: tuple[TrainedAssay, ...]

    def assay(self, screen: str | None = None, phenotype: str | None = None) -> TrainedAssay:
        """Return the assay in whose units to predict: the one with most training observations that fits the question.

        The flux models predict fitness and interaction in the metabolic model's own units where no screen is named
        and none in training measured them: an assay without a screen.

        Raises
        ------
        PipelineError
            When the model was not fitted on the screen, the phenotype, or the two together; lists what it was
            fitted on.
        """
        fitting = [
            assay for assay in self.assays if screen in {None, assay.screen} and phenotype in {None, assay.phenotype}
        ]
        if fitting:
            return max(fitting, key=lambda assay: sum(assay.observations))
        if self.name in FLUX and screen is None and phenotype in SIMULATED_PHENOTYPES:
            unmeasured = np.zeros_like(self.assays[0].genes)
            return TrainedAssay("", str(phenotype), (0,) * (MAX_ORDER + 1), unmeasured)
        requested = " of ".join(
            [
                *([f"the phenotype '{phenotype}'"] if phenotype is not None else []),
                *([f"the screen '{screen}'"] if screen is not None else []),
            ]
        )
        raise PipelineError(
            f"The model {self.name} was not fitted on {requested}; it was fitted on (screen/phenotype): "
            f"{', '.join(map(str, self.assays))}{self._without_screen(phenotype)}."
        )

    def _without_screen(self, phenotype: str | None) -> str:
        """Return the end of the sentence for what a flux model gives in no screen's units."""
        if self.name in FLUX and phenotype in SIMULATED_PHENOTYPES:
            return f"; leave the screen out for the {phenotype} that the metabolic model gives by itself"
        return ""


def load_fitted(path: Path, cell: Cell) -> FittedModel:
    """Read a fitted model and check that it was trained on the same gene index.

    Raises
    ------
    PipelineError
        When the file is missing or damaged, or the gene index differs.
    """
    saved = load_tensors(path)
    missing = {"model", "genes", "screens", "strains", "assays", "state"} - set(saved)
    if missing:
        raise PipelineError(f"{path} is not a fitted model: it lacks {', '.join(sorted(missing))}; fit one first.")
    _same_genes(saved["genes"], cell.genes["gene"].tolist(), path)
    return FittedModel(
        restore(saved["model"], saved["state"], cell),
        saved["model"],
        tuple(saved["screens"]),
        tuple(saved["strains"]),
        read_assays(saved["assays"]),
    )


def _same_genes(saved: Sequence[str], genes: Sequence[str], path: Path) -> None:
    if list(saved) == list(genes):
        return
    differing = sum(a != b for a, b in zip(saved, genes, strict=False))
    raise PipelineError(
        f"{path} was fitted on another gene index ({len(saved)} genes against {len(genes)}, "
        f"{differing} at other positions); give the gene table of its own run, or fit again."
    )


def genotypes_of(genes: NDArray[np.int64], fitted: FittedModel, screen: str, phenotype: str) -> Genotypes:
    """Return bare genotypes with the codes of `fitted`.

    Parameters
    ----------
    genes
        int64 [n, 3], ascending, -1 behind.
    fitted
        The model that is to predict them.
    screen, phenotype
        In whose units to predict what; a screen of '' is none.

    Raises
    ------
    PipelineError
        When the model does not know the screen, or there is no such phenotype.
    """
    n = len(genes)
    if screen and screen not in fitted.screens:
        raise PipelineError(f"The model knows no screen '{screen}'; it was fitted on {', '.join(fitted.screens)}.")
    if phenotype not in PHENOTYPES:
        raise PipelineError(f"There is no phenotype '{phenotype}'; phenotypes: {', '.join(PHENOTYPES)}.")
    code = fitted.screens.index(screen) if screen else -1
    none, unknown = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    return Genotypes(
        observation_id=np.arange(n, dtype=np.int64),
        genes=genes,
        screen=np.full(n, code, dtype=np.int64),
        phenotype=np.full(n, PHENOTYPES.index(phenotype), dtype=np.int64),
        query=none,
        array=none,
        value=unknown,
        std=unknown,
        temperature=unknown,
        screens=fitted.screens,
        strains=fitted.strains,
    )
