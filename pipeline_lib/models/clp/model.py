"""The cell latent perturbation model behind the interface of every model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import expit

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import LossName, TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.assays import Assays, columns
from pipeline_lib.models.clp.cell_tensors import CellArrays, cell_arrays
from pipeline_lib.models.clp.network import ClpNetwork, Encoded
from pipeline_lib.models.clp.profiles import Profiles, digenic_interactions, measure_profiles
from pipeline_lib.models.interface import Cell, FitContext, Prediction

_CHUNK = 8_192


@dataclass
class Task:
    """Screens that train together, and the networks that came of it.

    Attributes
    ----------
    screens
        Codes of its screens.
    assays
        Assays of its training fold.
    main
        Phenotype that is predicted where none is asked for.
    networks
        One a member of the ensemble.
    measured
        bool [N]: genes of its training fold.
    profiles
        Training profiles, or None.
    encodings
        The wild type as each fitted network encodes it, filled when it is first asked to predict.
    """

    screens: list[int]
    assays: Assays
    main: int
    networks: list[ClpNetwork]
    measured: NDArray[np.bool_]
    profiles: Profiles | None
    encodings: dict[int, Encoded] = field(default_factory=dict)

    @torch.no_grad()
    def encoded(self, network: ClpNetwork) -> Encoded:
        """Return the wild type as a fitted network encodes it: once, however often it predicts."""
        if id(network) not in self.encodings:
            self.encodings[id(network)] = network.eval().encode()
        return self.encodings[id(network)]


class Clp:
    """Cell latent perturbation model; implements `pipeline_lib.models.interface.Model`.

    Parameters
    ----------
    settings, training
        Sections ``models`` and ``training`` of the configuration.
    loss
        The loss instead of that of `training`.
    **overrides
        Fields of `ClpSettings` that make an ablation.
    """

    def __init__(
        self,
        settings: ModelSettings,
        training: TrainingSettings,
        loss: LossName | None = None,
        **overrides: Any,  # noqa: ANN401
    ) -> None:
        self.settings = ClpSettings.model_validate(settings.clp.model_dump() | overrides)
        chosen = training.loss if loss is None else training.loss.model_copy(update={"name": loss})
        self.training = training.model_copy(update={"loss": chosen})
        self.seed = 0
        self.tasks: list[Task] = []

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit a network a task; see `pipeline_lib.models.interface.Model.fit`."""
        if context.trainer is None:
            raise ValueError("the cell latent perturbation model needs FitContext.trainer")
        histories = []
        self.tasks = self.prepare(train, cell, context.seed)
        for task in self.tasks:
            part, held = (fold.take(np.isin(fold.screen, task.screens)) for fold in (train, validation))
            label = "+".join(train.screens[code] for code in task.screens)
            for member, network in enumerate(task.networks):
                history = context.trainer(
                    network,
                    self.columns_of(part, task),
                    self.columns_of(held, task),
                    self.training,
                    replace(context, seed=_member_seed(self.seed, member)),
                    json.dumps([label, member, self.settings.model_dump()]),
                )
                history["metric"] = f"{label}/{member}/" + history["metric"].astype(str)
                histories.append(history)
        return pd.concat(histories, ignore_index=True)

    def prepare(self, train: Genotypes, cell: Cell, seed: int) -> list[Task]:
        """Return the tasks that a training fold falls into, with networks of initial weights; the joint one first."""
        self.seed = seed
        separate = [code for code, screen in enumerate(train.screens) if screen in self.settings.separate]
        joint = [code for code in range(len(train.screens)) if code not in separate]
        groups = [joint, *([code] for code in separate)]
        parts = [(screens, train.take(np.isin(train.screen, screens))) for screens in groups]
        return [self._new_task(part, screens, cell) for screens, part in parts if len(part)]

    def _new_task(self, train: Genotypes, screens: list[int], cell: Cell) -> Task:
        assays = Assays.of(train)
        profiles = measure_profiles(train, assays, self.settings.profile_limit) if self.settings.profiles else None
        measured = np.zeros(len(cell.genes), dtype=bool)
        measured[train.genes[train.genes >= 0]] = True
        main = int(np.bincount(train.phenotype).argmax())
        task = Task(screens, assays, main, [], measured, profiles if profiles and len(profiles.genes) else None)
        task.networks = [self._network(task, cell, member) for member in range(self.settings.ensemble)]
        self._start_gains(task, train)
        return task

    def _start_gains(self, task: Task, train: Genotypes) -> None:
        pairs = self.columns_of(train.take(digenic_interactions(train)), task)
        for member, network in enumerate(task.networks):
            if network.attention is not None:
                seed = _member_seed(self.seed, member)
                network.attention.start_gains(pairs["genes"][:, :2], pairs["target"], self.settings.gene_mask, seed)

    def arrays(self, cell: Cell) -> CellArrays:
        """Return the cell as the settings want to see it."""
        return cell_arrays(cell, self.settings, self.seed)

    def _network(self, task: Task, cell: Cell, member: int) -> ClpNetwork:
        torch.manual_seed(_member_seed(self.seed, member))
        measured = torch.from_numpy(task.measured)
        return ClpNetwork(self.arrays(cell), self.settings, task.assays, measured, task.profiles)

    def columns_of(self, genotypes: Genotypes, task: Task) -> dict[str, torch.Tensor]:
        """Return what the networks of `task` and the training loop read of `genotypes`."""
        phenotype = _known_phenotype(genotypes.phenotype, task)
        return columns(genotypes, task.assays, phenotype, measured_sd=self.settings.measured_sd)

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict; a screen that no task trained on goes to the first task."""
        if not self.tasks:
            raise PipelineError("The model is not fitted; run `training fit` first.")
        value, std = np.empty(len(genotypes)), np.empty(len(genotypes))
        owner = np.zeros(len(genotypes), dtype=np.int64)
        for position, task in enumerate(self.tasks):
            owner[np.isin(genotypes.screen, task.screens)] = position
        for position, task in enumerate(self.tasks):
            rows = np.flatnonzero(owner == position)
            value[rows], std[rows] = self._predict_task(genotypes.take(rows), task)
        return Prediction(value, std)

    def _predict_task(self, genotypes: Genotypes, task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        table = self.columns_of(genotypes, task)
        members = [_predict_network(network, task.encoded(network), table) for network in task.networks]
        is_call = table["is_call"].numpy()
        means = np.stack([np.where(is_call, expit(mean), mean) for mean, _ in members])
        mean = means.mean(0)
        # A call is 0 or 1: its variance follows from its probability.
        spread = np.stack([np.where(is_call, np.sqrt(np.abs(m * (1 - m))), np.exp(log_sd))
                           for m, (_, log_sd) in zip(means, members, strict=True)])  # fmt: skip
        # Law of total variance over the members of the ensemble.
        sd = np.sqrt((spread**2).mean(0) + means.var(0))
        assay = table["assay"].numpy()
        return mean * task.assays.scale[assay] + task.assays.centre[assay], sd * task.assays.scale[assay]

    def state(self) -> dict[str, Any]:
        """Return settings, assays, profiles and weights as tensors and plain values."""
        return {
            "settings": self.settings.model_dump(),
            "seed": self.seed,
            "tasks": [
                {
                    "screens": task.screens,
                    "main": task.main,
                    "assays": task.assays.state(),
                    "measured": torch.from_numpy(task.measured),
                    "profiles": _profile_state(task.profiles),
                    "networks": [network.state_dict() for network in task.networks],
                }
                for task in self.tasks
            ],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], cell: Cell) -> Self:
        """Return the fitted model that `state` was taken from."""
        model = cls(ModelSettings(clp=ClpSettings.model_validate(state["settings"])), TrainingSettings())
        model.seed = state["seed"]
        for saved in state["tasks"]:
            profiles = saved["profiles"]
            task = Task(
                list(saved["screens"]),
                Assays.from_state(saved["assays"]),
                saved["main"],
                [],
                saved["measured"].numpy(),
                Profiles(**{name: part.numpy() for name, part in profiles.items()}) if profiles else None,
            )
            for member, weights in enumerate(saved["networks"]):
                network = model._network(task, cell, member)
                network.load_state_dict(weights)
                task.networks.append(network.eval())
            model.tasks.append(task)
        return model


def _member_seed(seed: int, member: int) -> int:
    return seed + 1000 * member


def _known_phenotype(phenotype: NDArray[np.int64], task: Task) -> NDArray[np.int64]:
    """Replace a phenotype that is not asked for, or that the task never saw, by the task's main one."""
    return np.where(np.isin(phenotype, list(task.assays.labels())), phenotype, task.main)


def _profile_state(profiles: Profiles | None) -> dict[str, torch.Tensor]:
    if profiles is None:
        return {}
    return {name: torch.from_numpy(getattr(profiles, name)) for name in ("genes", "effect", "value", "known")}


@torch.no_grad()
def _predict_network(
    network: ClpNetwork, encoded: Encoded, table: Mapping[str, torch.Tensor]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    network.eval()
    device = next(network.parameters()).device
    means, log_sds = [], []
    for rows in torch.arange(len(table["assay"])).split(_CHUNK):
        mean, log_sd = network.decode(encoded, {name: table[name][rows].to(device) for name in table})
        means.append(mean.double().cpu())
        log_sds.append(log_sd.double().cpu())
    return torch.cat(means).numpy(), torch.cat(log_sds).numpy()
