"""AdamW over two groups of parameters, those of the predicted value and those of its SD, each clipped by itself."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import LearnsSpread


class Optimiser:
    """Steps of AdamW (Loshchilov and Hutter 2019) with a warm-up and a cosine.

    A score of the predicted SD can have a gradient that is orders of magnitude above that of the squared error. Clipped
    together, the value would hardly move; so each group has its own norm, and both the same greatest one.

    Parameters
    ----------
    network
        A network that follows `LearnsSpread` names the parameters of its SD; all others are those of the value.
    settings
        Step size, decay and greatest norm.
    total
        Number of steps of the whole training.
    """

    def __init__(self, network: nn.Module, settings: TrainingSettings, total: int) -> None:
        spread = set(map(id, network.spread_parameters())) if isinstance(network, LearnsSpread) else set()
        trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._groups = {
            "gradient_norm": [parameter for parameter in trainable if id(parameter) not in spread],
            "spread_gradient_norm": [parameter for parameter in trainable if id(parameter) in spread],
        }
        self._settings, self._total = settings, total
        self._adamw = torch.optim.AdamW(
            [{"params": group} for group in self._groups.values()],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            foreach=True,
        )
        self.trains = bool(trainable)
        """Whether any parameter can be trained."""
        self.figures: dict[str, float] = {}
        """Of the last step: ``learning_rate``, and the norm of each group's gradient before it was clipped,
        ``gradient_norm`` and, where there are parameters of the SD, ``spread_gradient_norm``."""

    def step(self, loss: Tensor, number: int) -> None:
        """Follow the gradient of `loss` by step `number` (from 1).

        Raises
        ------
        PipelineError
            When the norm of a gradient is not finite.
        """
        rate = learning_rate(self._settings, number, self._total)
        self.figures = {"learning_rate": rate}
        self._adamw.zero_grad(set_to_none=True)
        loss.backward()
        for group, (name, parameters) in zip(self._adamw.param_groups, self._groups.items(), strict=True):
            group["lr"] = rate
            if not parameters:
                continue
            norm = float(nn.utils.clip_grad_norm_(parameters, self._settings.gradient_clip, foreach=True))
            if not math.isfinite(norm):
                raise PipelineError(f"The gradient is {norm} at step {number}; lower training.learning_rate.")
            self.figures[name] = norm
        self._adamw.step()

    def state(self) -> dict[str, Any]:
        """Return all that `load` needs, as tensors and plain values."""
        return self._adamw.state_dict()

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self._adamw.load_state_dict(state)


def learning_rate(settings: TrainingSettings, step: int, total: int) -> float:
    """Return the step size of step `step` (from 1) of `total`: linear over the first tenth, then a cosine to 0."""
    warm = max(1, total // 10)
    if step <= warm:
        return settings.learning_rate * step / warm
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
