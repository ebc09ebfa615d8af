"""The training loop of every network: whole folds as tensors on the device, the wild type encoded once a step."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import FitContext
from pipeline_lib.training.batches import Columns, EpochSampler, fingerprint, to_device
from pipeline_lib.training.checkpoint import (
    Checkpoint,
    CheckpointFile,
    NoCheckpoint,
    TrainingBar,
    checkpoint_path,
    random_state,
    restore_random_state,
)
from pipeline_lib.training.losses import DECIDING_SCORE, ValidationFold
from pipeline_lib.training.processes import Processes, local_device, open_processes
from pipeline_lib.training.step import BestWeights, OptimisationStep, write


def train_network(
    network: nn.Module,
    train: Columns,
    validation: Columns,
    settings: TrainingSettings,
    context: FitContext,
    key: str,
) -> pd.DataFrame:
    """Fit `network` in place and return its history (`pipeline_lib.artefacts.schemas.HISTORY`).

    AdamW with a warm-up and a cosine. The network is scored on the validation fold as it starts (epoch 0), and the
    running average of its weights after every epoch; the best of them is what `network` holds at the end, so that a
    training which only makes a good start worse leaves it as it was. Where the validation fold cannot decide, the last
    average is kept. The same inputs and seed give the same weights on a CPU, whether or not the fit was interrupted.

    Parameters
    ----------
    network
        A module that follows `pipeline_lib.models.interface.Network`.
    train, validation
        Columns of one length each: ``target`` float32 (mean 0 and SD 1 within its assay, or 0/1 for a call), ``weight``
        float32, ``assay`` and ``phenotype`` long, ``is_call`` bool, of the validation fold ``deciding`` bool where only
        some assays choose the epoch, and what else the network reads.
    settings, context
        Section ``training`` of the configuration; seed, device, folder of checkpoints.
    key
        Name of this fit among those that keep checkpoints in the same folder.
    """
    device = local_device(context.device)
    bfloat16 = settings.precision == "bfloat16" or (settings.precision == "auto" and device.type == "cuda")
    processes = open_processes(device, bfloat16=bfloat16)
    network.to(device)
    checkpoint: Checkpoint = NoCheckpoint()
    if context.checkpoints is not None:
        identity = {
            "fit": key,
            "seed": context.seed,
            "settings": settings.model_dump(),
            "processes": processes.count,
            "train": fingerprint(train),
            "validation": fingerprint(validation),
        }
        checkpoint = CheckpointFile(checkpoint_path(context.checkpoints, identity))
    torch.manual_seed(context.seed)
    with _deterministic(device):
        sampler = EpochSampler(train, device, settings, context.seed, processes)
        step = OptimisationStep(network, settings, settings.epochs * sampler.steps, processes)
        best = BestWeights(step.average.weights, settings.patience)
        fold = ValidationFold(to_device(validation, device))
        training = _Training(network, sampler, step, best, fold, processes, device)
        if state := checkpoint.load():
            training.resume(state)
        # The first process may be through a finished fit, and have removed its checkpoint, before another reads it.
        processes.wait()
        with TrainingBar(settings.epochs, sampler.steps, visible=processes.rank == 0) as bar:
            bar.resume(training.epoch * sampler.steps, training.epoch)
            if training.epoch == 0:
                training.score()
            while not training.is_finished(settings.epochs):
                training.run_epoch(bar)
                if processes.rank == 0:
                    checkpoint.save(training.state())
                processes.wait()
        best.write(network)
        network.eval()
    history = pd.DataFrame(training.history, columns=["epoch", "fold", "metric", "value"])
    return history.astype({"epoch": "int64", "value": "float64"})


class _Training:
    """A network that is being fitted: one epoch after another, each scored."""

    def __init__(
        self,
        network: nn.Module,
        sampler: EpochSampler,
        step: OptimisationStep,
        best: BestWeights,
        validation: ValidationFold,
        processes: Processes,
        device: torch.device,
    ) -> None:
        self._network, self._sampler, self._step = network, sampler, step
        self._best, self._validation, self._processes = best, validation, processes
        self._device = device
        self.epoch = 0
        self.history: list[tuple[int, str, str, float]] = []

    def is_finished(self, epochs: int) -> bool:
        """Return whether there is nothing left to do: all epochs are done or the validation score no longer rises."""
        stopped = self._validation.decides and self._best.is_stale(self.epoch)
        return stopped or self.epoch >= epochs or not self._step.optimiser.trains

    def run_epoch(self, bar: TrainingBar) -> None:
        """Visit the training fold once, then score the averaged weights."""
        self.epoch += 1
        self._network.train()
        totals: dict[str, Tensor] = {}
        visited = 0
        for position, batch in enumerate(self._sampler.batches(self.epoch)):
            if position == 0:
                for name, norm in self._step.term_norms(batch.columns).items():
                    self._log("train", f"gradient_norm_{name}", norm)
            number = (self.epoch - 1) * self._sampler.steps + position + 1
            for name, term in self._step.take(batch.columns, number, batch.share).items():
                totals[name] = totals.get(name, 0.0) + term * len(batch)
            visited += batch.size
            bar.step(batch.size, self.epoch)
        means = {name: float(self._processes.sum(total)) / visited for name, total in totals.items()}
        loss = sum(means.values())
        for name, value in (means | {"loss": loss} | self._step.optimiser.figures).items():
            self._log("train", name, value)
        bar.epoch(loss, self.score())

    def score(self) -> float:
        """Score the averaged weights, offer them as the best so far, and return their Pearson correlation.

        Without scores to choose by, every later average is better.
        """
        self._network.eval()
        with self._step.average.applied():
            metrics = self._validation.metrics(self._network)
        for name, value in metrics.items():
            self._log("validation", name, value)
        score = metrics.get(DECIDING_SCORE, float(self.epoch))
        # Summed, since processes that round differently must still stop together.
        score = float(self._processes.sum(torch.tensor(score, dtype=torch.float64, device=self._device)))
        self._best.offer(score, self.epoch, self._step.average.weights)
        return metrics.get("pearson", math.nan)

    def _log(self, fold: str, metric: str, value: float) -> None:
        self.history.append((self.epoch, fold, metric, value))

    def state(self) -> dict[str, Any]:
        """Return all that `resume` needs, as tensors and plain values."""
        return {
            "epoch": self.epoch,
            "parameters": [parameter.detach() for parameter in self._network.parameters()],
            "average": self._step.average.weights,
            **self._best.state(),
            "optimiser": self._step.optimiser.state(),
            "random": random_state(self._device),
            "history": [list(row) for row in self.history],
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` returned."""
        write(list(self._network.parameters()), state["parameters"])
        self._step.average.load(state["average"])
        self._best.load(state)
        self.epoch = state["epoch"]
        self._step.optimiser.load(state["optimiser"])
        restore_random_state(state["random"], self._device)
        self.history = [tuple(row) for row in state["history"]]


@contextmanager
def _deterministic(device: torch.device) -> Iterator[None]:
    """Use kernels of torch that give the same bits twice; on a GPU those that have none only warn."""
    before, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=device.type == "cuda")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
