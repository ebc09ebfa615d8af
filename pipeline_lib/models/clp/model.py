"""The cell latent perturbation model behind the interface of every model; what validation confirms is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import ClpSettings, ModelSettings
from pipeline_lib.config.training import LossName, TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.assays import Assays, Terms
from pipeline_lib.models.clp.encoders import cell_arrays, seen_by
from pipeline_lib.models.clp.levels import FluxBalance
from pipeline_lib.models.clp.network import ClpNetwork
from pipeline_lib.models.clp.task import (
    Task,
    closed_form_from_state,
    closed_form_state,
    columns,
    describe_levels,
    fitted_terms,
    flux_of,
    of_tested_cases,
)
from pipeline_lib.models.interface import Cell, FitContext, Prediction

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_FEWEST = 50
"""Validation observations of an assay without which nothing is confirmed."""
_CHUNK = 65_536


@torch.no_grad()
def keep_confirmed(network: ClpNetwork, validation: Mapping[str, Tensor]) -> None:
    """Set the share of every assay, the lower orders first: a fitness is made of the terms of its subsets.

    A correction that does not lower the validation loss by more than its standard error is dropped, so that a network
    that learned nothing leaves the closed form as it is. An assay with too few validation observations takes the mean
    share of the assays of its phenotype; without any, all is kept.
    """
    network.eval()
    device = next(network.parameters()).device
    encoded = network.encode()
    share = network.scale.share
    assay = validation["assay"]
    order = (validation["genes"] >= 0).sum(1)
    judged = torch.zeros(network.scale.seen, dtype=torch.bool)
    share.zero_()
    for level in (1, 2, 3):
        for code in assay[order == level].unique().tolist():
            rows = ((assay == code) & (order == level)).nonzero()[:, 0]
            if code >= network.scale.seen or len(rows) < _FEWEST:
                continue
            columns = {name: column[rows[:_CHUNK]].to(device) for name, column in validation.items()}
            losses = []
            for value in _SHARES:
                share[code] = value
                losses.append(_loss(network.decode(encoded, columns)[0], columns))
            share[code] = _confirmed(torch.stack(losses))
            _calibrate(network, code, *network.decode(encoded, columns), columns)
            judged[code] = True
    phenotype = network.phenotypes[: network.scale.seen]
    for code in range(network.scale.seen):
        if not judged[code]:
            others = judged & (phenotype == phenotype[code]).cpu()
            share[code] = share[others.to(device)].mean() if others.any() else float(not judged.any())


def _loss(value: Tensor, columns: Mapping[str, Tensor]) -> Tensor:
    target = columns["target"]
    logistic = functional.binary_cross_entropy_with_logits(value, target.clamp(0, 1), reduction="none")
    return torch.where(columns["is_call"], logistic, (value - target).square())


def _confirmed(losses: Tensor) -> float:
    """Return the share of the least loss [shares, n], or 0 where it is not clearly below that of none."""
    best = int(losses.mean(1).argmin())
    gain = losses[0] - losses[best]
    error = gain.std() / len(gain) ** 0.5
    return _SHARES[best] if float(gain.mean()) > float(error) else 0.0


def _calibrate(network: ClpNetwork, code: int, value: Tensor, log_sd: Tensor, columns: Mapping[str, Tensor]) -> None:
    """Move the level of the predicted SD of an assay so that errors are as large as predicted; a call has none."""
    if not bool(columns["is_call"].any()):
        squared = ((value - columns["target"]) / log_sd.exp()).square().mean()
        network.scale.level[code] += 0.5 * squared.clamp_min(1e-6).log()


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
        self.tasks, histories = [], []
        for task, table in self.prepare(train, cell, context):
            held = validation.take(np.isin(validation.screen, task.screens))
            judged = task.columns(held) | {"deciding": self._decides(held)}
            label = "+".join(train.screens[code] for code in task.screens)
            for member, network in enumerate(task.networks):
                history = context.trainer(
                    network,
                    of_tested_cases(table, judged),
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

    def fit_closed_form(
        self, train: Genotypes, validation: Genotypes, genotypes: Genotypes, cell: Cell, context: FitContext
    ) -> list[dict[str, Any]]:
        """Make what all fits on a training fold share; see `pipeline_lib.models.interface.FitsClosedForm`."""
        tasks = [task for task, _ in self.prepare(train, cell, context)]
        for task, rows in zip(tasks, _rows_of_tasks(tasks, genotypes), strict=True):
            task.columns(validation.take(np.isin(validation.screen, task.screens)))
            if len(rows):
                task.columns(genotypes.take(rows))
        return [level for task in tasks for level in describe_levels(task.closed_form)]

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
        measured_sd = self.settings.clp.measured_sd
        task = Task(screens, assays, main, closed_form, source, [], measured, measured_sd)
        task.networks = [self.new_network(task, cell, member) for member in range(self.settings.clp.ensemble)]
        cross_fitted = train.take(positions)
        if not self.settings.clp.profiles:
            terms = self._hide_genes(cross_fitted, terms)
        return task, columns(cross_fitted, terms, assays, measured_sd=measured_sd)

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

    def new_network(self, task: Task, cell: Cell, member: int) -> ClpNetwork:
        """Return a member of a task's ensemble with initial weights, for the cell as the model sees it (`seen_by`)."""
        torch.manual_seed(_member_seed(self.seed, member))
        arrays = cell_arrays(cell, self.settings.clp)
        return ClpNetwork(arrays, self.settings.clp, task.assays, torch.from_numpy(task.measured))

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict; a screen that no task trained on goes to the first task."""
        if not self.tasks:
            raise PipelineError("The model is not fitted; run `training fit` first.")
        value, std = np.empty(len(genotypes)), np.empty(len(genotypes))
        for task, rows in zip(self.tasks, _rows_of_tasks(self.tasks, genotypes), strict=True):
            if len(rows):
                value[rows], std[rows] = task.predict(genotypes.take(rows))
        return Prediction(value, std)

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
        if state["reads_flux"] and cell.knockouts.empty:
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
                model.settings.clp.measured_sd,
            )
            for member, weights in enumerate(saved["networks"]):
                network = model.new_network(task, cell, member)
                network.load_state_dict(weights)
                task.networks.append(network.eval())
            model.tasks.append(task)
        return model


def _rows_of_tasks(tasks: Sequence[Task], genotypes: Genotypes) -> list[NDArray[np.int64]]:
    """Return the rows that each task predicts; a screen that no task trained on goes to the first."""
    owner = np.zeros(len(genotypes), dtype=np.int64)
    for position, task in enumerate(tasks):
        owner[np.isin(genotypes.screen, task.screens)] = position
    return [np.flatnonzero(owner == position) for position in range(len(tasks))]


def _member_seed(seed: int, member: int) -> int:
    return seed + 1000 * member
