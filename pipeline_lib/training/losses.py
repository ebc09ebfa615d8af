"""Losses of predicted values and their spread, and how good a network is on the validation fold.

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
from dataclasses import dataclass

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.models.interface import Network
from pipeline_lib.training.batches import Columns, take

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


DECIDING_SCORE = "deciding_score"
"""The metric that chooses the epoch."""
_CALL = PHENOTYPES.index("call")


@dataclass(frozen=True, eq=False)
class ValidationAssay:
    """The validation rows of one assay.

    Attributes
    ----------
    phenotype
        Position in `PHENOTYPES`.
    rows
        long [m]: where they are among the columns.
    target
        float32 [m].
    deciding
        Whether it counts for the choice of the epoch.
    """

    phenotype: int
    rows: Tensor
    target: Tensor
    deciding: bool

    def varies(self) -> bool:
        """Return whether two targets differ: nothing correlates with a constant, and nothing ranks it."""
        return bool((self.target != self.target[0]).any())

    def score(self, prediction: Tensor) -> float:
        """Return the average precision of calls, or the Pearson correlation of any other phenotype.

        Parameters
        ----------
        prediction
            float32 [n] of the whole fold.
        """
        own = prediction[self.rows]
        if self.phenotype == _CALL:
            from sklearn.metrics import average_precision_score

            return float(average_precision_score(self.target.cpu().numpy(), own.cpu().numpy()))
        return pearson(own, self.target)


class ValidationFold:
    """A validation fold that is cut into assays once and scores networks.

    Scores of several assays are averaged with the square root of their number of rows as weight: with that number
    itself one large screen would be all, and without weights the noise of an assay of a few rows would count as much as
    a whole screen. Nothing is compared across assays, since a pooled correlation would reward knowing which screen a
    value is from.

    Parameters
    ----------
    columns
        On the device of the network: ``target`` float32 [n]; ``assay`` and ``phenotype`` long [n]; ``deciding`` bool
        [n], equal within an assay, where only some assays choose the epoch; and what the network reads.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns, self._target = columns, columns["target"]
        self._measured = columns["phenotype"] != _CALL
        deciding = columns.get("deciding", torch.ones_like(self._measured))
        self._assays = []
        for code in columns["assay"].unique().tolist():
            rows = (columns["assay"] == code).nonzero()[:, 0]
            phenotype, decides = int(columns["phenotype"][rows[0]]), bool(deciding[rows[0]])
            self._assays.append(ValidationAssay(phenotype, rows, self._target[rows], decides))
        self._scored = [assay for assay in self._assays if assay.varies()]
        self.decides = bool(self._scored)
        """Whether one epoch can be preferred to another: in some assay two values differ."""

    def metrics(self, network: Network) -> dict[str, float]:
        """Return every metric of a network in evaluation mode; none where there are no rows.

        Returns
        -------
        dict
            ``deciding_score``: mean over the assays that decide (all, where none of them can be scored), each by its
            own measure; missing where no assay can be scored. ``average_precision_call``, and ``pearson_`` before the
            name of any other phenotype: mean over its assays in which two values differ. ``pearson``: mean of the
            correlations of all assays, calls among them, by their number of rows. ``mse``: mean squared residual of all
            rows but calls.

        Raises
        ------
        PipelineError
            When a prediction is not finite.
        """
        if not len(self._target):
            return {}
        prediction, _ = predict_columns(network, self._columns)
        if not bool(prediction.isfinite().all()):
            row = int((~prediction.isfinite()).nonzero()[0, 0])
            raise PipelineError(
                f"The network predicts {float(prediction[row])} for row {row} of the validation fold; lower "
                "training.learning_rate."
            )
        correlations = [len(part.rows) * pearson(prediction[part.rows], part.target) for part in self._assays]
        found = {"pearson": sum(correlations) / len(self._target)}
        if bool(self._measured.any()):
            found["mse"] = float((prediction - self._target)[self._measured].square().mean())
        scores = [(assay, assay.score(prediction)) for assay in self._scored]
        for code, phenotype in enumerate(PHENOTYPES):
            own = [pair for pair in scores if pair[0].phenotype == code]
            if own:
                found[f"{'average_precision' if code == _CALL else 'pearson'}_{phenotype}"] = _mean(own)
        if scores:
            found[DECIDING_SCORE] = _mean([pair for pair in scores if pair[0].deciding] or scores)
        return found


def _mean(scores: list[tuple[ValidationAssay, float]]) -> float:
    """Return the mean score by the square roots of the numbers of rows."""
    weights = [math.sqrt(len(assay.rows)) for assay, _ in scores]
    return sum(weight * score for weight, (_, score) in zip(weights, scores, strict=True)) / sum(weights)


@torch.no_grad()
def predict_columns(network: Network, columns: Columns, size: int = 65_536) -> tuple[Tensor, Tensor]:
    """Return prediction and logarithmic SD, float32 [n] each: one encoding, then `size` rows at a time."""
    encoded = network.encode()
    n = len(next(iter(columns.values())))
    parts = [network.decode(encoded, take(columns, slice(start, start + size))) for start in range(0, n, size)]
    return torch.cat([mean.float() for mean, _ in parts]), torch.cat([log_sd.float() for _, log_sd in parts])


def pearson(a: Tensor, b: Tensor) -> float:
    """Return the correlation of two vectors; 0 where one of them is constant."""
    a, b = a.double() - a.double().mean(), b.double() - b.double().mean()
    norm = float(a.norm() * b.norm())
    return float(a @ b) / norm if norm > 0 else 0.0
