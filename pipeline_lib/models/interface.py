"""The one interface of every model: fit on a fold, predict genotypes in the units of each assay, state the SD."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    import torch

    from pipeline_lib.config.training import TrainingSettings


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


def no_knockouts() -> pd.DataFrame:
    """Return the table of flux-balance results of a run that computed none: no rows."""
    return pd.DataFrame(columns=["genes", "order", "method", "growth", "fitness", "interaction"])


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
        Flux-balance results a genotype (``metabolism/knockouts.parquet``), no rows where none were computed:
        columns genes (list), order, method ('fba' or 'moma'), growth, fitness, interaction; where screens grow on
        different media, medium and screens (`pipeline_lib.artefacts.schemas`).
    solve
        What finds the results of genotypes that `knockouts` lacks; by default they are refused.
    features
        Feature tables of genes by name (``features/<name>.parquet``), each float32 [N, columns], NaN where a gene was
        not measured; empty where the run has none.
    """

    genes: pd.DataFrame
    edges: pd.DataFrame
    stoichiometry: dict[str, Any]
    knockouts: pd.DataFrame = field(default_factory=no_knockouts)
    solve: KnockoutSolver = refuse_unsolved
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def medium_of(self, screen: str) -> str:
        """Return the medium whose knockouts a screen is held against; empty where all have the same."""
        from pipeline_lib.artefacts.schemas import OTHERS, medium_of

        # So it is of no rows.
        if "screens" not in self.knockouts or (self.knockouts["screens"] == OTHERS).all():
            return ""
        return medium_of(self.knockouts, screen)

    def on_medium(self, medium: str) -> "Cell":
        """Return the cell with the knockouts of one medium and a solver on it; with the empty text, itself."""
        if not medium:
            return self
        rows = self.knockouts[self.knockouts["medium"] == medium].reset_index(drop=True)
        return replace(self, knockouts=rows, solve=partial(self.solve, medium=medium))


def refuse_network(*_: Any, **__: Any) -> pd.DataFrame:  # noqa: ANN401 - the arguments of `Trainer`
    """Refuse to train a network where no training loop was handed in.

    Raises
    ------
    ValueError
        Always.
    """
    raise ValueError("this model is a network, and needs a training loop: give FitContext.trainer")


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
        imports nothing of the later stage. By default a network is refused.
    """

    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    checkpoints: Path | None = None
    shared: Path | None = None
    trainer: "Trainer" = refuse_network


@dataclass(frozen=True)
class Prediction:
    """Predicted values in the units of each observation's assay, and their SD.

    Attributes
    ----------
    value
        float64 [n].
    std
        float64 [n], read-only; NaN throughout of a model that states none: it leaves it out, or gives None.
    """

    value: NDArray[np.float64]
    std: NDArray[np.float64] = field(default_factory=lambda: np.array(np.nan))

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", np.broadcast_to(np.asarray(self.std, dtype=np.float64), self.value.shape))


HOST_COLUMNS = ("genes", "unseen", "phenotype", "is_call")
"""Columns that training leaves on the CPU: from them follows which rows, genes and reactions a batch touches, and how
many of them there are. On a GPU every such number would be waited for."""


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

        The SD needs no gradient where the network does not learn it. `HOST_COLUMNS` may be on the CPU whatever the
        device of the others.
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
        settings: "TrainingSettings",
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


@runtime_checkable
class FitsClosedForm(Protocol):
    """A model whose fits on one training fold share what is solved in closed form."""

    def fit_closed_form(
        self, train: Genotypes, validation: Genotypes, genotypes: Genotypes, cell: Cell, context: FitContext
    ) -> list[dict[str, Any]]:
        """Leave the closed form and its terms of all `genotypes` in ``context.shared``, where fits look for them.

        Returns
        -------
        list of dict
            The levels, as `pipeline_lib.models.clp.task.describe_levels` states them.
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


def non_negative_least_squares(
    features: NDArray[np.float64], target: NDArray[np.float64], ridge: float = 1e-4
) -> NDArray[np.float64]:
    """Return the weights [d] that are not negative and fit `target` [n] best by `features` [n, d].

    The normal equations are solved by their Cholesky factor (Lawson and Hanson 1974), so the cost is that of d, not n.
    `ridge` is in units of the mean square of a feature.
    """
    gram = features.T @ features
    gram = gram + ridge * max(np.trace(gram) / len(gram), 1e-12) * np.eye(len(gram))
    return non_negative_solution(gram, features.T @ target)


def non_negative_solution(gram: NDArray[np.float64], moment: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return w >= 0 [d] that minimises w'Aw - 2 w'b; A is `gram` [d, d], positive definite, and b is `moment` [d]."""
    lower = np.linalg.cholesky(gram)
    from scipy.optimize import nnls

    return np.asarray(nnls(lower.T, np.linalg.solve(lower, moment))[0])
