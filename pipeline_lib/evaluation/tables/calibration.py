"""Whether errors are as large as predicted SDs, before and after recalibration on the validation fold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.folds import AssayFold, locate, split_fold
from pipeline_lib.evaluation.intervals.design import of_mean, of_rmse, of_slope, of_spread_ratio
from pipeline_lib.evaluation.intervals.estimates import Estimate, fold_seeds
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics.moments import pearson, rmse
from pipeline_lib.evaluation.predictions import FoldPredictions, PredictionFile, by_split, read_fold

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpreadRecalibration:
    """Corrections of Gaussian predictive distributions.

    Attributes
    ----------
    scale
        What every SD is multiplied by, so that standardised errors have a mean square of 1.
    levels
        Isotonic map from a nominal cumulative probability to the one observed (Kuleshov, Fenner and Ermon 2018,
        ICML, algorithm 1).
    """

    scale: float
    levels: IsotonicRegression


def recalibrate_value(prediction: Floats, value: Floats) -> IsotonicRegression:
    """Return the nondecreasing map from predictions [n] to the mean measured value [n]; constant beyond both ends."""
    return IsotonicRegression(increasing=True, out_of_bounds="clip").fit(prediction, value)


def cumulative(prediction: Floats, std: Floats, value: Floats) -> Floats:
    """Return the cumulative probability of every measured value [n] under its Gaussian prediction."""
    return np.asarray(stats.norm.cdf((value - prediction) / std))


def recalibrate_spread(prediction: Floats, std: Floats, value: Floats) -> SpreadRecalibration:
    """Fit both corrections on predictions, their SDs (above 0) and measured values [n]."""
    probability = np.sort(cumulative(prediction, std, value))
    observed = (np.arange(len(probability)) + 0.5) / len(probability)
    levels = IsotonicRegression(y_min=0, y_max=1, increasing=True, out_of_bounds="clip").fit(probability, observed)
    return SpreadRecalibration(float(np.sqrt(np.mean(((value - prediction) / std) ** 2))), levels)


def covered(probability: Floats, level: float) -> NDArray[np.bool_]:
    """Mark values [n] inside the central interval of a nominal level, by their cumulative probability."""
    return np.asarray(np.abs(probability - 0.5) <= level / 2)


MINIMUM_ROWS = 30
"""Validation rows of an assay that a recalibration must rest on."""

Key = tuple[str, str, float]
"""Quantity, recalibration and position (a bin's number, an interval's level, or 0)."""

Finding = tuple[float, Estimate]
"""What a calibrated model would show, and what this one does."""


def calibration_rows(
    data: Measurements, files: list[PredictionFile], settings: EvaluationSettings, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.CALIBRATION` for every model, split and assay.

    Raises
    ------
    PipelineError
        When a predictions file is broken, or two models of one split have different test folds.
    """
    fewer = settings.model_copy(update={"resamples": settings.ranking_resamples})
    for split, models in by_split(files).items():
        first = next(iter(models.values()))[0]
        fold = split_fold(data, split, read_fold(first, "test").observation_id, str(first.path), fewer)
        for model, seeds in models.items():
            findings: dict[tuple[str, str], dict[Key, list[Finding]]] = {}
            for file in seeds:
                test, validation = read_fold(file, "test"), read_fold(file, "validation")
                fold.check(test, str(file.path))
                held = data.take(locate(data, validation.observation_id, str(file.path)))
                fitted_on = {(screen, phenotype): rows for screen, phenotype, rows in held.assays()}
                for assay in fold.assays:
                    rows = fitted_on.get((assay.screen, assay.phenotype), np.empty(0, dtype=np.int64))
                    found = assay_findings(
                        assay, _part(test, assay.rows), held.take(rows), _part(validation, rows), settings
                    )
                    kept = findings.setdefault((assay.screen, assay.phenotype), {})
                    for key, finding in found.items():
                        kept.setdefault(key, []).append(finding)
                advance()
            for assay in fold.assays:
                labels = {
                    "model": model,
                    "split": split,
                    "screen": assay.screen,
                    "phenotype": assay.phenotype,
                }
                yield from _rows(labels, findings[assay.screen, assay.phenotype], assay, len(seeds), settings)


def assay_findings(
    assay: AssayFold,
    test: FoldPredictions,
    held: Measurements,
    validation: FoldPredictions,
    settings: EvaluationSettings,
) -> dict[Key, Finding]:
    """Return everything about one assay and one seed.

    Parameters
    ----------
    assay, test
        The test fold and its predictions, n rows.
    held, validation
        The validation fold and its predictions, for recalibration.
    settings
        Levels and bins.
    """
    found = _value_findings(assay, test.value, "none", settings)
    enough = len(held) >= MINIMUM_ROWS
    if enough:
        recalibrated = recalibrate_value(validation.value, held.genotypes.value).predict(test.value)
        found |= _value_findings(assay, recalibrated, "isotonic", settings)
    if (test.std > 0).all():
        found |= _spread_findings(assay, test.value, test.std, settings)
        if enough and (validation.std > 0).all():
            found |= _recalibrated_spread(assay, test, held, validation, settings)
    return found


def _value_findings(
    assay: AssayFold, prediction: Floats, recalibration: str, settings: EvaluationSettings
) -> dict[Key, Finding]:
    value = assay.data.genotypes.value
    sums = assay.moments.sums(prediction)
    xx, xy, yy = sums.centred()
    varied = xx / sums.n > sums.flat[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope, ratio = np.where(varied, xy / xx, np.nan), np.where(varied, np.sqrt(xx / yy), 0.0)
    x, y = prediction - prediction.mean(), value - value.mean()
    found: dict[Key, Finding] = {
        ("slope", recalibration, 0.0): (1.0, assay.estimate(slope, of_slope(x, y))),
        ("spread_ratio", recalibration, 0.0): (
            float(pearson(sums)[0]),
            assay.estimate(ratio, of_spread_ratio(x, y)),
        ),
        ("rmse", recalibration, 0.0): (np.nan, assay.estimate(rmse(sums), of_rmse(prediction, value))),
    }
    error = 0.0
    for position, (members, observed) in enumerate(_binned(assay, prediction, value, settings.bins)):
        expected = float(prediction[members].mean())
        error += float(members.mean()) * abs(observed.value - expected)
        found["reliability", recalibration, position + 1.0] = (expected, observed)
    # No interval: noise adds to absolute distances, so every resample's error is greater than the data's.
    no_draws = np.full(len(assay.resamples), np.nan)
    found["calibration_error", recalibration, 0.0] = (0.0, Estimate(error, no_draws, assay.clusters))
    return found


def _spread_findings(
    assay: AssayFold, prediction: Floats, std: Floats, settings: EvaluationSettings, recalibration: str = "none"
) -> dict[Key, Finding]:
    value = assay.data.genotypes.value
    found = _coverage(assay, cumulative(prediction, std, value), recalibration, settings)
    for position, (members, squared) in enumerate(_binned(assay, std, (value - prediction) ** 2, settings.bins)):
        expected = float(np.sqrt(np.mean(std[members] ** 2)))
        found["spread", recalibration, position + 1.0] = (expected, squared.square_root())
    return found


def _recalibrated_spread(
    assay: AssayFold,
    test: FoldPredictions,
    held: Measurements,
    validation: FoldPredictions,
    settings: EvaluationSettings,
) -> dict[Key, Finding]:
    fitted = recalibrate_spread(validation.value, validation.std, held.genotypes.value)
    found = _spread_findings(assay, test.value, test.std * fitted.scale, settings, "scaled")
    probability = cumulative(test.value, test.std, assay.data.genotypes.value)
    return found | _coverage(assay, fitted.levels.predict(probability), "isotonic", settings)


def _coverage(
    assay: AssayFold, probability: Floats, recalibration: str, settings: EvaluationSettings
) -> dict[Key, Finding]:
    everywhere = np.ones(len(probability), dtype=bool)
    return {
        ("coverage", recalibration, level): (level, _means(assay, covered(probability, level), [everywhere])[0])
        for level in settings.coverage_levels
    }


def _binned(assay: AssayFold, by: Floats, values: Floats, bins: int) -> list[tuple[NDArray[np.bool_], Estimate]]:
    """Return (members [n], mean of `values`) of bins of equal size by `by`; equal values share a bin."""
    edges = np.unique(np.quantile(by, np.linspace(0, 1, bins + 1)[1:-1]))
    member = np.searchsorted(edges, by, side="left")
    members = [member == position for position in np.unique(member)]
    return list(zip(members, _means(assay, values, members), strict=True))


def _means(assay: AssayFold, values: Floats | NDArray[np.bool_], members: list[NDArray[np.bool_]]) -> list[Estimate]:
    """Return the mean of `values` [n] among the members of every part."""
    inside = np.stack(members).astype(np.float64)
    sums = assay.resamples.weighted_sums(assay.design.codes, np.concatenate([inside, inside * values]))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums[len(members) :] / sums[: len(members)]
    return [assay.estimate(draws, of_mean(values, part)) for draws, part in zip(means, members, strict=True)]


def _part(predictions: FoldPredictions, rows: NDArray[np.int64]) -> FoldPredictions:
    return FoldPredictions(predictions.observation_id[rows], predictions.value[rows], predictions.std[rows])


def _rows(
    labels: dict[str, Any],
    findings: dict[Key, list[Finding]],
    assay: AssayFold,
    seeds: int,
    settings: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    for (quantity, recalibration, position), found in findings.items():
        folded = fold_seeds([value for _, value in found])
        low, high = folded.interval(settings.confidence)
        yield {
            **labels,
            "quantity": quantity,
            "recalibration": recalibration,
            "position": position,
            "expected": float(np.mean([expected for expected, _ in found])),
            "observed": folded.value,
            "low": low,
            "high": high,
            "n": len(assay.rows),
            "groups": assay.design.groups,
            "seeds": seeds,
        }
