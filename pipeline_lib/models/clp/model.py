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

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import ClpSettings, ModelSettings
from pipeline_lib.config.training import LossName, TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.assays import Assays
from pipeline_lib.models.clp.cell_tensors import cell_arrays, seen_by
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.clp.columns import columns, of_asked_cases
from pipeline_lib.models.clp.flux_terms import FluxBalance
from pipeline_lib.models.clp.network import ClpNetwork, Encoded
from pipeline_lib.models.clp.shared_terms import (
    TermFiles,
    closed_form_from_state,
    closed_form_state,
    fitted_terms,
    flux_of,
)
from pipeline_lib.models.clp.shares import keep_confirmed
from pipeline_lib.models.clp.terms import Terms
from pipeline_lib.models.interface import Cell, FitContext, Prediction

_CHUNK = 4096


@dataclass
class Task:
    """Screens that train together, and what came of it.

    Attributes
    ----------
    screens
        Codes of its screens.
    assays
        Assays of its training fold.
    main
        Phenotype that is predicted where none is asked for.
    closed_form
        Makes the terms that the networks correct.
    source
        Gives these terms of any genotypes.
    networks
        One a member of the ensemble.
    measured
        bool [N]: genes of its training fold.
    encodings
        The wild type as each fitted network encodes it, filled when it is first asked to predict.
    """

    screens: list[int]
    assays: Assays
    main: int
    closed_form: ClosedForm
    source: ClosedForm | TermFiles
    networks: list[ClpNetwork]
    measured: NDArray[np.bool_]
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
        own = ClpSettings.model_validate(settings.clp.model_dump() | overrides)
        self.settings = settings.model_copy(update={"clp": own})
        chosen = training.loss if loss is None else training.loss.model_copy(update={"name": loss})
        self.training = training.model_copy(update={"loss": chosen})
        self.seed = 0
        self.tasks: list[Task] = []

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit a network a task; see `pipeline_lib.models.interface.Model.fit`."""
        if context.trainer is None:
            raise ValueError("the cell latent perturbation model needs FitContext.trainer")
        self.tasks, histories = [], []
        for task, table in self.prepare(train, cell, context):
            held = validation.take(np.isin(validation.screen, task.screens))
            judged = self.columns_of(held, task) | {"deciding": self._decides(held)}
            label = "+".join(train.screens[code] for code in task.screens)
            for member, network in enumerate(task.networks):
                history = context.trainer(
                    network,
                    of_asked_cases(table, judged),
                    judged,
                    self.training,
                    replace(context, seed=_member_seed(self.seed, member)),
                    json.dumps([label, member, self.settings.clp.model_dump()]),
                )
                keep_confirmed(network, judged)
                history["metric"] = f"{label}/{member}/" + history["metric"].astype(str)
                histories.append(history)
            self.tasks.append(task)
        return pd.concat(histories, ignore_index=True)

    def prepare(self, train: Genotypes, cell: Cell, context: FitContext) -> list[tuple[Task, dict[str, torch.Tensor]]]:
        """Return the tasks that a training fold falls into, the joint one first, and what each trains on.

        The networks have initial weights: they predict the closed form.
        """
        self.seed = context.seed
        cell = seen_by(cell, self.settings.clp, self.seed)
        separate = [code for code, screen in enumerate(train.screens) if screen in self.settings.clp.separate]
        joint = [code for code in range(len(train.screens)) if code not in separate]
        groups = [joint, *([code] for code in separate)]
        parts = [(screens, train.take(np.isin(train.screen, screens))) for screens in groups]
        return [self._new_task(part, screens, cell, context) for screens, part in parts if len(part)]

    def _new_task(
        self, train: Genotypes, screens: list[int], cell: Cell, context: FitContext
    ) -> tuple[Task, dict[str, torch.Tensor]]:
        assays = Assays.of(train)
        closed_form, positions, terms, source = fitted_terms(train, cell, self.settings, context)
        measured = np.zeros(len(cell.genes), dtype=bool)
        measured[train.genes[train.genes >= 0]] = True
        main = int(np.bincount(train.phenotype).argmax())
        task = Task(screens, assays, main, closed_form, source, [], measured)
        task.networks = [self._network(task, cell, member) for member in range(self.settings.clp.ensemble)]
        asked = train.take(positions)
        if not self.settings.clp.profiles:
            terms = self._hide_genes(asked, terms)
        return task, columns(asked, terms, assays, measured_sd=self.settings.clp.measured_sd)

    def _hide_genes(self, genotypes: Genotypes, terms: Terms) -> Terms:
        """Let some genes of each genotype count as unseen, so that the state of an unseen gene is trained."""
        generator = np.random.default_rng(self.seed)
        hidden = generator.random(terms.unseen.shape) < self.settings.clp.gene_mask
        return replace(terms, unseen=hidden & (genotypes.genes != NO_GENE))

    def _decides(self, validation: Genotypes) -> torch.Tensor:
        """Return which validation rows decide when training stops, bool [n]."""
        stop_on = self.training.stop_on
        if stop_on not in validation.screens:
            return torch.ones(len(validation), dtype=torch.bool)
        return torch.from_numpy(validation.screen == validation.screens.index(stop_on))

    def _network(self, task: Task, cell: Cell, member: int) -> ClpNetwork:
        torch.manual_seed(_member_seed(self.seed, member))
        arrays = cell_arrays(cell, self.settings.clp)
        return ClpNetwork(arrays, self.settings.clp, task.assays, torch.from_numpy(task.measured))

    def columns_of(self, genotypes: Genotypes, task: Task) -> dict[str, torch.Tensor]:
        """Return what the networks of `task` read of `genotypes`; their values are used as targets alone."""
        known = replace(genotypes, phenotype=_known_phenotype(genotypes.phenotype, task))
        terms = task.source.terms(known.without_values())
        return columns(known, terms, task.assays, measured_sd=self.settings.clp.measured_sd)

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
            if len(rows):
                value[rows], std[rows] = self._predict_task(genotypes.take(rows), task)
        return Prediction(value, std)

    def _predict_task(self, genotypes: Genotypes, task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        table = self.columns_of(genotypes, task)
        members = [_predict_network(network, task.encoded(network), table) for network in task.networks]
        is_call = table["is_call"].numpy()
        means = np.stack([np.where(is_call, expit(mean), mean) for mean, _ in members])
        mean = means.mean(0)
        # A call is 0 or 1: its variance follows from its probability.
        spread = np.stack(
            [
                np.where(is_call, np.sqrt(np.abs(value * (1 - value))), np.exp(log_sd))
                for value, (_, log_sd) in zip(means, members, strict=True)
            ]
        )
        # Law of total variance over the members of the ensemble.
        sd = np.sqrt((spread**2).mean(0) + means.var(0))
        assay = table["assay"].numpy()
        return mean * task.assays.scale[assay] + task.assays.centre[assay], sd * task.assays.scale[assay]

    def state(self) -> dict[str, Any]:
        """Return settings, assays, closed forms and weights as tensors and plain values."""
        return {
            "settings": self.settings.clp.model_dump(),
            "profile_predictor": self.settings.profile_predictor.model_dump(),
            "seed": self.seed,
            "reads_flux": any(isinstance(task.closed_form.flux, FluxBalance) for task in self.tasks),
            "tasks": [
                {
                    "screens": task.screens,
                    "main": task.main,
                    "assays": task.assays.state(),
                    "measured": torch.from_numpy(task.measured),
                    "closed_form": closed_form_state(task.closed_form),
                    "networks": [network.state_dict() for network in task.networks],
                }
                for task in self.tasks
            ],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], cell: Cell) -> Self:
        """Return the fitted model that `state` was taken from."""
        sections = {"clp": state["settings"], "profile_predictor": state["profile_predictor"]}
        model = cls(ModelSettings.model_validate(sections), TrainingSettings())
        model.seed = state["seed"]
        if state["reads_flux"] and cell.knockouts is None:
            raise PipelineError(
                "The model was fitted on growth by flux balance analysis, and the run has no metabolism/knockouts.fba."
                "parquet any more; run the workflow again."
            )
        cell = seen_by(cell, model.settings.clp, model.seed)
        for saved in state["tasks"]:
            closed_form = closed_form_from_state(saved["closed_form"], cell, flux_of(cell, model.settings))
            task = Task(
                list(saved["screens"]),
                Assays.from_state(saved["assays"]),
                saved["main"],
                closed_form,
                closed_form,
                [],
                saved["measured"].numpy(),
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


@torch.no_grad()
def _predict_network(
    network: ClpNetwork, encoded: Encoded, table: Mapping[str, torch.Tensor]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    network.eval()
    device = next(network.parameters()).device
    means, log_sds = [], []
    for start in range(0, len(table["assay"]), _CHUNK):
        part = {name: column[start : start + _CHUNK].to(device) for name, column in table.items()}
        mean, log_sd = network.decode(encoded, part)
        means.append(mean.double().cpu())
        log_sds.append(log_sd.double().cpu())
    return torch.cat(means).numpy(), torch.cat(log_sds).numpy()
