"""Train one DANGO network: rebuild the channels first, then fit the sets and go on rebuilding."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import Progress
from torch.nn import functional

from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.config.models import DangoSettings
from pipeline_lib.models.dango.network import DangoNetwork
from pipeline_lib.models.layers import on_device

SETS_AT_ONCE = 8_192
"""Sets scored at a time outside training: what bounds the memory."""


@dataclass(frozen=True)
class LabelledSets:
    """Sets of genes with their standardised values, on the CPU wherever the network is.

    Attributes
    ----------
    genes
        int64 [n, k]: gene indices, -1 where a slot is empty.
    assay
        int64 [n].
    value
        float32 [n]: in SDs from the mean of the assay.
    """

    genes: torch.Tensor
    assay: torch.Tensor
    value: torch.Tensor

    def __len__(self) -> int:
        return len(self.value)


@dataclass
class Progressed:
    """Where the training of a network stands: what a checkpoint holds besides the weights."""

    pretrained: int = 0
    joint: int = 0
    idle: int = 0
    kept: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


def log_cosh(error: torch.Tensor) -> torch.Tensor:
    """Return log(cosh(error)) without overflow: |x| + softplus(-2 |x|) - log 2."""
    size = error.abs()
    return size + functional.softplus(-2 * size) - float(np.log(2))


def weighted_pearson(score: torch.Tensor, sets: LabelledSets) -> float:
    """Return the Pearson correlation within each assay, averaged by its number of sets; 0 where none is defined."""
    total, weight = 0.0, 0
    for assay in sets.assay.unique():
        rows = sets.assay == assay
        pair = torch.stack([score[rows], sets.value[rows]]).double()
        if len(pair[0]) > 2 and bool((pair.std(dim=1) > 0).all()):
            total += float(torch.corrcoef(pair)[0, 1]) * int(rows.sum())
            weight += int(rows.sum())
    return total / weight if weight else 0.0


def _mean(losses: list[torch.Tensor]) -> float:
    """Return the mean of the losses of an epoch, read at once."""
    return float(np.mean(torch.stack(losses).tolist()))


class Trainer:
    """Train one network and keep its best epochs.

    Parameters
    ----------
    network
        Fresh, on its device.
    settings
        Epochs, batches, weights.
    frozen
        Whether pretrained parts stay as they are in the joint epochs.
    checkpoint
        File that each epoch is written to and that an interrupted training goes on from; None: none.
    """

    def __init__(
        self, network: DangoNetwork, settings: DangoSettings, *, frozen: bool, checkpoint: Path | None
    ) -> None:
        self.network = network
        self.settings = settings
        self.frozen = frozen
        self.checkpoint = checkpoint
        self.progressed = Progressed()
        self._device = network.embedding.weight.device

    def run(self, train: LabelledSets, validation: LabelledSets, progress: Progress, name: str) -> Progressed:
        """Pretrain and fit; the random numbers are torch's own, to be seeded (or forked) by the caller."""
        settings = self.settings
        optimiser = self._resume(self.optimiser())
        pretraining = settings.pretraining_epochs if len(self.network.encoders) else 0
        task = progress.add_task(name, total=pretraining + settings.epochs, completed=self._done)
        while self.progressed.pretrained < pretraining:
            self._pretraining_epoch(optimiser)
            self.progressed.pretrained += 1
            if self.progressed.pretrained == pretraining:
                optimiser = self._start_joint()
            self._save(optimiser)
            progress.update(task, completed=self._done)
        if pretraining == 0 and self.progressed.joint == 0:
            optimiser = self._start_joint()
        while self.progressed.joint < settings.epochs and self.progressed.idle < settings.patience:
            self._joint_epoch(optimiser, train)
            self._judge(validation)
            self.progressed.joint += 1
            self._save(optimiser)
            progress.update(task, completed=self._done)
        progress.remove_task(task)
        return self.progressed

    @property
    def _done(self) -> int:
        return self.progressed.pretrained + self.progressed.joint

    def optimiser(self) -> torch.optim.Adam:
        """Return a fresh optimiser of everything that is not frozen."""
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        return torch.optim.Adam(trained, lr=self.settings.learning_rate, fused=True)

    def _start_joint(self) -> torch.optim.Adam:
        """Return a fresh optimiser, as the authors do between the two phases."""
        if self.frozen:
            self.network.freeze()
        return self.optimiser()

    def _pretraining_epoch(self, optimiser: torch.optim.Adam) -> None:
        self.network.train()
        order = torch.randperm(self.network.embedding.num_embeddings)
        losses = []
        for genes in order.split(self.settings.pretraining_batch_size):
            _, loss = self.network.vectors_and_loss(genes[:0], genes)
            if loss.requires_grad:
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            losses.append(loss.detach())
        self._note("pretraining", "train", "reconstruction_loss", _mean(losses))

    def _joint_epoch(self, optimiser: torch.optim.Adam, train: LabelledSets) -> None:
        self.network.train()
        drawn = torch.randperm(len(train))[: self.settings.sets_an_epoch]
        fitted, rebuilt = [], []
        for rows in drawn.split(self.settings.batch_size):
            fit, rebuild = self.step(optimiser, train, rows)
            fitted.append(fit)
            rebuilt.append(rebuild)
        self._note("joint", "train", "log_cosh", _mean(fitted))
        if len(self.network.encoders) and not self.frozen:
            self._note("joint", "train", "reconstruction_loss", _mean(rebuilt))

    def step(
        self, optimiser: torch.optim.Adam, train: LabelledSets, rows: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take one joint step on `rows` (int64 [b], on the CPU) of `train`, without waiting for a GPU.

        Returns
        -------
        (log-cosh, reconstruction loss)
            float [], where the network is.
        """
        fit, rebuild = self._losses(train, rows)
        optimiser.zero_grad()
        (fit + self.settings.reconstruction_weight * rebuild).backward()
        optimiser.step()
        return fit.detach(), rebuild.detach()

    def _losses(self, train: LabelledSets, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        network, sets = self.network, train.genes[rows]
        wanted = sets[sets >= 0].unique()
        drawn = torch.randint(network.embedding.num_embeddings, (self.settings.reconstruction_genes,))
        vectors, rebuild = network.vectors_and_loss(wanted, drawn)
        slots = torch.where(sets >= 0, torch.searchsorted(wanted, sets.clamp(min=0)), -1)
        score = network.score(vectors, slots, train.assay[rows])
        return log_cosh(score - on_device(train.value[rows], self._device)).mean(), rebuild

    def _judge(self, validation: LabelledSets) -> None:
        """Score the validation fold and keep the epoch if it is among the best."""
        self.network.eval()
        with torch.no_grad():
            genes = torch.arange(self.network.embedding.num_embeddings)
            vectors = self.network.vectors(genes)
            parts = [
                self.network.score(vectors, validation.genes[rows], validation.assay[rows])
                for rows in torch.arange(len(validation)).split(SETS_AT_ONCE)
            ]
        score = torch.cat(parts).cpu() if parts else validation.value
        pearson = weighted_pearson(score, validation)
        self._note("joint", "validation", "pearson", pearson)
        self._note(
            "joint", "validation", "log_cosh", float(log_cosh(score - validation.value).mean()) if len(score) else 0.0
        )
        kept = self.progressed.kept
        if len(kept) == self.settings.kept_epochs:
            worst = min(range(len(kept)), key=lambda index: kept[index]["pearson"])
            if pearson <= kept[worst]["pearson"]:
                self.progressed.idle += 1
                return
            del kept[worst]
            self.progressed.idle = 0
        weights = {name: value.clone() for name, value in self.network.hypergraph.state_dict().items()}
        kept.append({"pearson": pearson, "vectors": vectors, "hypergraph": weights})

    def _note(self, phase: str, fold: str, metric: str, value: float) -> None:
        self.progressed.history.append(
            {"epoch": self._done, "fold": fold, "metric": metric, "value": value, "phase": phase}
        )

    def _save(self, optimiser: torch.optim.Adam) -> None:
        if self.checkpoint is None:
            return
        content = {
            "network": self.network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "progressed": copy.copy(vars(self.progressed)),
            "random": torch.get_rng_state(),
        }
        save_tensors(content, self.checkpoint)

    def _resume(self, optimiser: torch.optim.Adam) -> torch.optim.Adam:
        """Go on from the checkpoint where there is one."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return optimiser
        content = load_tensors(self.checkpoint, str(self._device))
        self.network.load_state_dict(content["network"])
        self.progressed = Progressed(**content["progressed"])
        pretraining = self.settings.pretraining_epochs if len(self.network.encoders) else 0
        if self.progressed.pretrained == pretraining:
            optimiser = self._start_joint()
        optimiser.load_state_dict(content["optimiser"])
        torch.set_rng_state(content["random"].cpu())
        return optimiser
