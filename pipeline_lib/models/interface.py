"""The one interface of every model: fit on a fold, predict genotypes, say how sure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.flux_balance import OTHERS, medium_of
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    import torch


class KnockoutSolver(Protocol):
    """Finds the flux-balance results of genotypes that the table of knockouts lacks."""

    def __call__(
        self, genes: NDArray[np.int64], method: str, index: pd.DataFrame, medium: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fitness (wild type = 1) and interaction of distinct genotypes.

        Parameters
        ----------
        genes
            int64 [n, 3]: gene indices, then -1.
        method
            'fba' or 'moma'.
        index
            The gene table, for the names in errors.
        medium
            What the cells grow on; empty: the run's own medium.

        Returns
        -------
        (fitness, interaction)
            float64 [n] each; NaN where the solver failed; the interaction of a single deletion means nothing.
        """
        ...


def refuse_unsolved(
    genes: NDArray[np.int64],
    method: str,
    index: pd.DataFrame,
    medium: str = "",  # noqa: ARG001 - the protocol's
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Refuse genotypes that the table of knockouts lacks: nothing stands in for an optimum that nobody computed.

    Raises
    ------
    PipelineError
        Always; names the first of the genotypes.
    """
    first = "+".join(index["gene"].to_numpy()[genes[0][genes[0] != NO_GENE]])
    raise PipelineError(
        f"the '{method}' results of gene knockouts lack {len(genes)} genotypes, the first {first}; run metabolism "
        f"knockouts --method {method} on the observations that the model is fitted on, and give its file with "
        "--knockouts."
    )


@dataclass(frozen=True, eq=False)
class Cell:
    """What a model may know of the cell besides the measurements of its training fold.

    Attributes
    ----------
    genes, edges
        Tables of `pipeline_lib.artefacts.schemas` (GENES, EDGES).
    stoichiometry
        The dictionary of ``metabolism/stoichiometry.pt``.
    knockouts
        Flux-balance results a genotype (``metabolism/knockouts.parquet``), or None where none were computed:
        columns genes (list), order, method ('fba' or 'moma'), growth, fitness, interaction; where screens grow on
        different media, medium and screens (`pipeline_lib.artefacts.flux_balance`).
    solve
        What finds the results of genotypes that `knockouts` lacks; by default they are refused.
    features
        Feature tables of genes by name (``features/<name>.parquet``), each float32 [N, columns], NaN where a gene was
        not measured; empty where the run has none.
    """

    genes: pd.DataFrame
    edges: pd.DataFrame
    stoichiometry: dict[str, Any]
    knockouts: pd.DataFrame | None = None
    solve: KnockoutSolver = refuse_unsolved
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def medium_of(self, screen: str) -> str:
        """Return the medium whose knockouts a screen is held against; empty where all have the same."""
        if self.knockouts is None or "screens" not in self.knockouts or (self.knockouts["screens"] == OTHERS).all():
            return ""
        return medium_of(self.knockouts, screen)

    def on_medium(self, medium: str) -> "Cell":
        """Return the cell with the knockouts of one medium and a solver on it; with the empty text, itself."""
        if not medium or self.knockouts is None:
            return self
        rows = self.knockouts[self.knockouts["medium"] == medium].reset_index(drop=True)
        return replace(self, knockouts=rows, solve=partial(self.solve, medium=medium))


@dataclass(frozen=True)
class FitContext:
    """Where and how a model is fitted.

    Attributes
    ----------
    seed
        Seed of initial weights and of the order of batches.
    threads
        CPU threads to use.
    device
        'cpu' or 'cuda'.
    checkpoints
        Folder for checkpoints, one a configuration; None: keep none.
    shared
        Folder of what all fits of a run may share; None: keep nothing.
    trainer
        The training loop, for models that are networks; `pipeline_lib.training.fit` hands it in, since a model
        imports nothing of the later stage. None: models without a network need none.
    """

    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    checkpoints: Path | None = None
    shared: Path | None = None
    trainer: "Trainer | None" = None


@dataclass(frozen=True)
class Prediction:
    """Predicted values in the units of each observation's assay and their SD, where the model has one: float64 [n]."""

    value: NDArray[np.float64]
    std: NDArray[np.float64] | None = None


class Network(Protocol):
    """A torch module that the training loop can drive.

    The loop calls ``encode`` once an optimisation step, and once an evaluation, however many observations share its
    result.
    """

    def encode(self) -> Any:  # noqa: ANN401 - what `decode` takes
        """Return what all observations share: the encoded wild type.

        It knows no genotype: what a network reads of the training fold's measurements comes with each row of the
        columns, estimated without the measurement that the row is to predict.
        """
        ...

    def decode(self, encoded: Any, columns: Mapping[str, "torch.Tensor"]) -> tuple["torch.Tensor", "torch.Tensor"]:  # noqa: ANN401
        """Return the prediction [n] and the logarithm of its SD [n], in the units of ``columns['target']``.

        The SD needs no gradient where the network does not learn it.
        """
        ...


@runtime_checkable
class LearnsSpread(Protocol):
    """A `Network` with trainable parameters of the predicted SD alone; one without the method has none."""

    def spread_parameters(self) -> "list[torch.nn.Parameter]":
        """Return the parameters that only the predicted SD depends on.

        What the SD is computed from beside them must be detached: the loop clips the gradient of these parameters by
        itself, and that keeps the gradient of the SD out of the step of the others only where it does not reach them.
        """
        ...


class Trainer(Protocol):
    """The training loop: `pipeline_lib.training.loop.train_network`."""

    def __call__(
        self,
        network: Network,
        train: Mapping[str, "torch.Tensor"],
        validation: Mapping[str, "torch.Tensor"],
        settings: TrainingSettings,
        context: FitContext,
        key: str,
    ) -> pd.DataFrame:
        """Fit `network` in place and return its history (`HISTORY`).

        Parameters
        ----------
        network
            A `torch.nn.Module` that follows `Network`.
        train, validation
            Tensors of one length n each. The loop reads ``target`` float32 [n] (standardised within its assay, or 0/1
            for a call), ``weight`` float32 [n], ``assay`` long [n], ``phenotype`` long [n] (position in `PHENOTYPES`)
            and ``is_call`` bool [n], of the validation fold also ``deciding`` bool [n] where it is there: whether the
            row's assay counts for the choice of the epoch (see ``training.stop_on``; without the column every assay
            does). The network reads whatever else it needs.
        settings, context
            Section ``training`` of the configuration; seed, device, folder of checkpoints.
        key
            Name of this fit, under whose hash checkpoints are kept.
        """
        ...


class Model(Protocol):
    """Anything that predicts an observation from its genotype, screen and strains."""

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit on `train`, choose on `validation` alone, return the history (long form, `HISTORY`)."""
        ...

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict; a value of `genotypes` is never read."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what `from_state` needs, as tensors and plain values only."""
        ...

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model that `state` was taken from."""
        ...
