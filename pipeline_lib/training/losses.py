"""Losses of predicted values and their spread: one registry, every one equal to its closed form.

All take tensors of one length n: `mean` (predicted), `log_sd` (its logarithmic SD), `target` and `weight`, in units
of the assay's SD, and return a scalar. Weighted means divide by n, not by the sum of weights, so that parts of a
batch that several processes hold add up to the whole.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.layers import on_device

if TYPE_CHECKING:
    from pipeline_lib.config.training import LossSettings

Term = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def squared_error(mean: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean of squared residuals."""
    return (weight * (mean - target).square()).mean()


def log_cosh(mean: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean of log cosh(residual), which is quadratic near 0 and linear far out."""
    residual = (mean - target).abs()
    # log cosh r = |r| + log(1 + exp(-2|r|)) - log 2 does not overflow.
    return (weight * (residual + functional.softplus(-2 * residual) - math.log(2))).mean()


def huber(mean: Tensor, target: Tensor, weight: Tensor, delta: float) -> Tensor:
    """Return the weighted mean of Huber's loss."""
    return (weight * functional.huber_loss(mean, target, reduction="none", delta=delta)).mean()


def quantile(mean: Tensor, target: Tensor, weight: Tensor, level: float) -> Tensor:
    """Return the weighted mean pinball loss, least at the `level` quantile."""
    residual = target - mean
    return (weight * torch.maximum(level * residual, (level - 1) * residual)).mean()


def gaussian_crps(mean: Tensor, log_sd: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean continuous ranked probability score of N(mean, sd^2).

    Closed form of Gneiting and Raftery (2007), equation 21.
    """
    sd = log_sd.exp()
    z = (target - mean) / sd
    density = torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    below = torch.special.ndtr(z)
    return (weight * sd * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))).mean()


def gaussian_nll(mean: Tensor, log_sd: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean negative log likelihood of N(mean, sd^2), with its constant."""
    z = (target - mean) * torch.exp(-log_sd)
    return (weight * (log_sd + 0.5 * z.square() + 0.5 * math.log(2 * math.pi))).mean()


def concordance(mean: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return 1 minus Lin's (1989) concordance correlation of the batch."""
    total = weight.sum()
    mean_centre, target_centre = (weight * mean).sum() / total, (weight * target).sum() / total
    covariance = (weight * (mean - mean_centre) * (target - target_centre)).sum() / total
    spread = (weight * ((mean - mean_centre).square() + (target - target_centre).square())).sum() / total
    gap = (mean_centre - target_centre).square()
    # A batch of one value has no spread: its concordance is then that of the gap alone.
    return 1 - 2 * covariance / (spread + gap).clamp_min(torch.finfo(mean.dtype).tiny)


def wasserstein(mean: Tensor, target: Tensor) -> Tensor:
    """Return the 1-Wasserstein distance between the empirical distributions: sorted values, paired by rank."""
    return (mean.sort().values - target.sort().values).abs().mean()


def energy_distance(mean: Tensor, target: Tensor) -> Tensor:
    """Return the squared energy distance 2E|X-Y| - E|X-X'| - E|Y-Y'| (Szekely and Rizzo 2013).

    In one dimension it is twice the integral of the squared difference of the distribution functions, which sorting
    gives in O(n log n).
    """
    values, order = torch.cat([mean, target]).sort()
    n = len(mean)
    step = torch.where(order < n, 1.0, -1.0).to(values.dtype) / n
    difference = step.cumsum(0)[:-1]
    return 2 * (difference.square() * values.diff()).sum()


def kernel_kl(mean: Tensor, target: Tensor, bins: int = 128) -> Tensor:
    """Return KL(target || mean) between Gaussian kernel densities on a grid.

    The bandwidth is Silverman's rule on the targets; the grid spans both samples and three bandwidths more.
    """
    with torch.no_grad():
        bandwidth = 1.06 * target.std(correction=0).clamp_min(1e-3) * len(target) ** -0.2
        both = torch.cat([mean, target])
        grid = torch.linspace(0, 1, bins, dtype=mean.dtype, device=mean.device)
        low, high = both.min() - 3 * bandwidth, both.max() + 3 * bandwidth
        grid = low + grid * (high - low)

    def masses(sample: Tensor) -> Tensor:
        density = torch.exp(-0.5 * ((grid[:, None] - sample[None, :]) / bandwidth).square()).sum(1)
        return density / density.sum() + torch.finfo(sample.dtype).eps

    p, q = masses(target), masses(mean)
    return (p * (p.log() - q.log())).sum()


def _mse(mean: Tensor, log_sd: Tensor, target: Tensor, weight: Tensor) -> Tensor:  # noqa: ARG001 - one signature
    return squared_error(mean, target, weight)


def _without_spread(loss: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Term:
    def term(mean: Tensor, log_sd: Tensor, target: Tensor, weight: Tensor) -> Tensor:  # noqa: ARG001
        return loss(mean, target, weight)

    return term


def _divergence(distance: Callable[[Tensor, Tensor], Tensor], factor: float) -> Term:
    def term(mean: Tensor, log_sd: Tensor, target: Tensor, weight: Tensor) -> Tensor:  # noqa: ARG001
        return factor * distance(mean, target)

    return term


LOSSES: "dict[str, Callable[[LossSettings], dict[str, Term]]]" = {
    "mse": lambda s: {"mse": _mse},  # noqa: ARG005
    "log_cosh": lambda s: {"log_cosh": _without_spread(log_cosh)},  # noqa: ARG005
    "huber": lambda s: {"huber": _without_spread(lambda m, t, w: huber(m, t, w, s.huber_delta))},
    "quantile": lambda s: {"quantile": _without_spread(lambda m, t, w: quantile(m, t, w, s.quantile))},
    "crps": lambda s: {"crps": gaussian_crps},  # noqa: ARG005
    "concordance": lambda s: {"concordance": _without_spread(concordance)},  # noqa: ARG005
    "mse_wasserstein": lambda s: {"mse": _mse, "wasserstein": _divergence(wasserstein, s.divergence_weight)},
    "mse_energy": lambda s: {"mse": _mse, "energy": _divergence(energy_distance, s.divergence_weight)},
    "mse_kl": lambda s: {"mse": _mse, "kl": _divergence(kernel_kl, s.divergence_weight)},
}
"""Name to its terms; a term's own name is what the history logs."""

_SPREADS: dict[str, Term] = {"nll": gaussian_nll, "crps": gaussian_crps}


class Criterion:
    """The terms that are minimised together.

    Parameters
    ----------
    settings
        Section ``training.loss``.

    Raises
    ------
    PipelineError
        When the loss is unknown.
    """

    def __init__(self, settings: "LossSettings") -> None:
        if settings.name not in LOSSES:
            raise PipelineError(f"There is no loss '{settings.name}'; losses: {', '.join(LOSSES)}.")
        self._terms = LOSSES[settings.name](settings)
        # CRPS fits value and spread in one term; every other loss leaves the spread to a term of its own.
        self._spread_terms = {} if settings.name == "crps" else {"spread": _SPREADS[settings.spread]}

    def __call__(
        self, mean: Tensor, log_sd: Tensor, target: Tensor, weight: Tensor, is_call: Tensor
    ) -> dict[str, Tensor]:
        """Return every term of a batch, each already multiplied by its weight.

        Parameters
        ----------
        mean, log_sd, target, weight
            float32 [n]; a row with ``is_call`` holds a logit in `mean` and 0 or 1 in `target`.
        is_call
            bool [n]; on the CPU, whatever the device of the others, nothing is waited for.
        """
        terms: dict[str, Tensor] = {}
        n, is_call = len(target), is_call.cpu()
        measured, called = (chosen.nonzero()[:, 0] for chosen in (~is_call, is_call))
        share = len(measured) / n
        if len(measured):
            rows = on_device(measured, mean.device)
            m, s, t, w = mean[rows], log_sd[rows], target[rows], weight[rows]
            terms = {name: share * term(m, s, t, w) for name, term in self._terms.items()}
            terms |= {name: share * term(m.detach(), s, t, w) for name, term in self._spread_terms.items()}
        if len(called):
            rows = on_device(called, mean.device)
            logistic = functional.binary_cross_entropy_with_logits(
                mean[rows], target[rows], weight[rows], reduction="sum"
            )
            terms["call"] = logistic / n
        return terms
