"""How good a network is on the validation fold, by phenotype and on the assays that decide."""

import math
from dataclasses import dataclass

import torch
from sklearn.metrics import average_precision_score
from torch import Tensor

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Network
from pipeline_lib.training.batches import Columns, take

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
