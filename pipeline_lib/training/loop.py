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
from pipeline_lib.training.average import WeightAverage, write
from pipeline_lib.training.batches import (
    Columns,
    batch_count,
    batch_size,
    batches,
    epoch_order,
    epoch_size,
    fingerprint,
    sampling_weight,
    take,
    to_device,
)
from pipeline_lib.training.checkpoint import (
    checkpoint_path,
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
)
from pipeline_lib.training.gradients import term_gradient_norms
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.optimiser import Optimiser
from pipeline_lib.training.processes import Processes, local_device, open_processes
from pipeline_lib.training.progress import TrainingBar
from pipeline_lib.training.validation import DECIDING_SCORE, ValidationFold


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
    path = None
    if context.checkpoints is not None:
        identity = {
            "fit": key,
            "seed": context.seed,
            "settings": settings.model_dump(),
            "processes": processes.count,
            "train": fingerprint(train),
            "validation": fingerprint(validation),
        }
        path = checkpoint_path(context.checkpoints, identity)
    torch.manual_seed(context.seed)
    with _deterministic(device):
        fit = _Fit(network, to_device(train, device), to_device(validation, device), settings, context, processes)
        fit.resume(load_checkpoint(path))
        with TrainingBar(settings.epochs, fit.steps, visible=processes.rank == 0) as bar:
            bar.resume(fit.epoch * fit.steps, fit.epoch)
            if fit.epoch == 0:
                fit.score()
            while not fit.finished():
                fit.run_epoch(bar)
                if processes.rank == 0:
                    save_checkpoint(path, fit.state())
                processes.wait()
        fit.keep_best()
    history = pd.DataFrame(fit.history, columns=["epoch", "fold", "metric", "value"])
    return history.astype({"epoch": "int64", "value": "float64"})


class _Step(nn.Module):
    """Encode and decode as one call, which is what DDP and ``torch.compile`` wrap."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, columns: Columns) -> tuple[Tensor, Tensor]:
        """Return prediction and logarithmic SD, [n] each."""
        outputs: tuple[Tensor, Tensor] = self.network.decode(self.network.encode(), columns)
        return outputs


class _Fit:
    """What changes while a network is fitted: weights, their average, the best of them, the history."""

    def __init__(
        self,
        network: nn.Module,
        train: Columns,
        validation: Columns,
        settings: TrainingSettings,
        context: FitContext,
        processes: Processes,
    ) -> None:
        self._network, self._validation = network, ValidationFold(validation)
        self._settings, self._seed, self._processes = settings, context.seed, processes
        self._assay = train["assay"].cpu()
        # Calls that were made are few beside the background: a cap never leaves them out.
        self._rare = (train["is_call"] & (train["target"] > 0)).cpu()
        self._device, self._cap = train["target"].device, settings.max_per_assay_epoch
        sampled = sampling_weight(self._assay, self._rare, self._cap)
        self._train = dict(train) | {"weight": train["weight"] * sampled.to(self._device)}
        visited = epoch_size(self._assay, self._cap)
        self._batch_size = batch_size(visited, settings.batch_size, settings.minimum_steps)
        self.steps = batch_count(visited, self._batch_size)
        self._criterion = Criterion(settings.loss)
        self._average = WeightAverage(network, settings.average)
        step: nn.Module = _Step(network)
        if settings.compile:
            step = torch.compile(step)
        self._step = processes.share(step)
        self._optimiser = Optimiser(network, settings, settings.epochs * self.steps)
        self._best_score, self._best_epoch = -math.inf, 0
        self._best = [value.clone() for value in self._average.weights]
        self.epoch = 0
        self.history: list[tuple[int, str, str, float]] = []

    def finished(self) -> bool:
        """Return whether there is nothing left to do: all epochs are done or the validation score no longer rises."""
        stopped = self._validation.decides and self.epoch - self._best_epoch >= self._settings.patience
        return stopped or self.epoch >= self._settings.epochs or not self._optimiser.trains

    def run_epoch(self, bar: TrainingBar) -> None:
        """Visit the training fold once, then score the averaged weights."""
        self.epoch += 1
        order = epoch_order(self._assay, self._rare, self._cap, self._seed, self.epoch).to(self._device)
        self._network.train()
        totals: dict[str, Tensor] = {}
        parts = batches(order, self._batch_size, self._processes.rank, self._processes.count)
        for position, (rows, whole) in enumerate(parts):
            columns = take(self._train, rows)
            if position == 0:
                for name, norm in term_gradient_norms(self._network, self._criterion, columns).items():
                    self._log("train", f"gradient_norm_{name}", norm)
            terms = self._optimise(columns, position, share=len(rows) * self._processes.count / whole)
            for name, term in terms.items():
                totals[name] = totals.get(name, 0.0) + term * len(rows)
            bar.step(whole, self.epoch)
        means = {name: float(self._processes.sum(total)) / len(order) for name, total in totals.items()}
        loss = sum(means.values())
        for name, value in (means | {"loss": loss} | self._optimiser.figures).items():
            self._log("train", name, value)
        bar.epoch(loss, self.score())

    def _optimise(self, columns: Columns, position: int, share: float) -> dict[str, Tensor]:
        with self._processes.half_precision():
            mean, log_sd = self._step(columns)
        observed = (columns[name] for name in ("target", "weight", "is_call"))
        terms = self._criterion(mean.float(), log_sd.float(), *observed)
        step = (self.epoch - 1) * self.steps + position + 1
        # DDP averages over processes; parts of unequal length must count by their length.
        self._optimiser.step(share * torch.stack(list(terms.values())).sum(), step)
        self._average.update(step)
        return {name: term.detach() for name, term in terms.items()}

    def score(self) -> float:
        """Score the averaged weights, keep them where they are the best so far, and return their Pearson correlation.

        Without scores to choose by, every later average is better.
        """
        self._network.eval()
        with self._average.applied():
            metrics = self._validation.metrics(self._network)
        for name, value in metrics.items():
            self._log("validation", name, value)
        score = metrics.get(DECIDING_SCORE, float(self.epoch))
        # Summed, since processes that round differently must still stop together.
        score = float(self._processes.sum(torch.tensor(score, dtype=torch.float64, device=self._device)))
        if score > self._best_score:
            self._best_score, self._best_epoch = score, self.epoch
            self._best = [value.clone() for value in self._average.weights]
        return metrics.get("pearson", math.nan)

    def _log(self, fold: str, metric: str, value: float) -> None:
        self.history.append((self.epoch, fold, metric, value))

    def keep_best(self) -> None:
        """Leave the best averaged weights in the network."""
        write(list(self._network.parameters()), self._best)
        self._network.eval()

    def state(self) -> dict[str, Any]:
        """Return all that `resume` needs, as tensors and plain values."""
        return {
            "epoch": self.epoch,
            "parameters": [parameter.detach() for parameter in self._network.parameters()],
            "average": self._average.weights,
            "best": self._best,
            "best_score": self._best_score,
            "best_epoch": self._best_epoch,
            "optimiser": self._optimiser.state(),
            "random": random_state(self._device),
            "history": [list(row) for row in self.history],
        }

    def resume(self, state: Mapping[str, Any] | None) -> None:
        """Go back to what `state` returned; without one, stay at the start."""
        if state is None:
            return
        write(list(self._network.parameters()), state["parameters"])
        self._average.load(state["average"])
        self._best = list(state["best"])
        self._best_score, self._best_epoch, self.epoch = state["best_score"], state["best_epoch"], state["epoch"]
        self._optimiser.load(state["optimiser"])
        restore_random_state(state["random"], self._device)
        self.history = [tuple(row) for row in state["history"]]


@contextmanager
def _deterministic(device: torch.device) -> Iterator[None]:
    """Ask torch for kernels that give the same bits twice; on a GPU those that have none only warn."""
    before, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=device.type == "cuda")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
