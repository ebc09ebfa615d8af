"""Whether predictions and their SDs mean what they say, before and after recalibration on the validation fold."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.folds import AssayFold, assay_seed, locate, split_fold
from pipeline_lib.evaluation.intervals import Estimate, fold_seeds
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics import estimate
from pipeline_lib.evaluation.moments import pearson, rmse
from pipeline_lib.evaluation.predictions import FoldPredictions, PredictionFile, by_split, read_fold
from pipeline_lib.evaluation.recalibration import covered, cumulative, recalibrate_spread, recalibrate_value

Floats = NDArray[np.float64]

MINIMUM_ROWS = 30
"""Validation rows of an assay that a recalibration must rest on."""

Key = tuple[str, str, float]
"""Quantity, recalibration and position (a bin's number, an interval's level, or 0)."""

Finding = tuple[float, Estimate]
"""What a calibrated model would show, and what this one does."""


def calibration_rows(
    data: Measurements, files: list[PredictionFile], settings: EvaluationSettings, advance: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.schemas.CALIBRATION` for every model, split and assay.

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
                fold.check(test, file)
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
                    "model": model, "split": split, "screen": assay.screen, "phenotype": assay.phenotype,
                }  # fmt: skip
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
    groups = assay.design.groups
    sums = assay.moments.sums(prediction)
    xx, xy, yy = sums.centred()
    correlation = pearson(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(xx / sums.n > sums.flat[0], xy / xx, np.nan)
        ratio = np.where(xx / sums.n > sums.flat[0], np.sqrt(xx / yy), 0.0)
    found: dict[Key, Finding] = {
        ("slope", recalibration, 0.0): (1.0, estimate(slope, groups)),
        ("spread_ratio", recalibration, 0.0): (float(correlation[0]), estimate(ratio, groups)),
        ("rmse", recalibration, 0.0): (np.nan, estimate(rmse(sums), groups)),
    }
    share, expected, observed = _binned(
        assay, prediction, np.stack([prediction, assay.data.genotypes.value]), settings.bins
    )
    for position in range(len(share)):
        found["reliability", recalibration, position + 1.0] = (
            float(expected[position, 0]), estimate(observed[position], groups),
        )  # fmt: skip
    error = float(np.nansum(share[:, 0] * np.abs(observed[:, 0] - expected[:, 0])))
    # No interval: noise adds to absolute distances, so every resample's error is greater than the data's.
    found["calibration_error", recalibration, 0.0] = (
        0.0,
        Estimate(error, np.full(len(assay.resamples), np.nan), groups),
    )
    return found


def _spread_findings(
    assay: AssayFold, prediction: Floats, std: Floats, settings: EvaluationSettings, recalibration: str = "none"
) -> dict[Key, Finding]:
    value, groups = assay.data.genotypes.value, assay.design.groups
    found = _coverage(assay, cumulative(prediction, std, value), recalibration, settings)
    _, expected, observed = _binned(assay, std, np.stack([std**2, (value - prediction) ** 2]), settings.bins)
    for position in range(len(expected)):
        found["spread", recalibration, position + 1.0] = (
            float(np.sqrt(expected[position, 0])), estimate(np.sqrt(observed[position]), groups),
        )  # fmt: skip
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
    levels = settings.coverage_levels
    columns = np.stack([np.ones(len(probability)), *(covered(probability, level) for level in levels)])
    sums = assay.resamples.weighted_sums(assay.design.codes, columns)
    return {
        ("coverage", recalibration, level): (level, estimate(inside / sums[0], assay.design.groups))
        for level, inside in zip(levels, sums[1:], strict=True)
    }


def _binned(assay: AssayFold, by: Floats, columns: Floats, bins: int) -> tuple[Floats, Floats, Floats]:
    """Return (share of rows, mean of the first column, mean of the second) in bins of equal size by the values `by`.

    Equal values share a bin, so there may be fewer bins. Each float64 [bins, resamples + 1].
    """
    edges = np.unique(np.quantile(by, np.linspace(0, 1, bins + 1)[1:-1]))
    _, member = np.unique(np.searchsorted(edges, by, side="left"), return_inverse=True)
    number = int(member.max()) + 1
    inside = (member == np.arange(number)[:, None]).astype(np.float64)
    stacked = np.concatenate([inside, inside * columns[0], inside * columns[1]])
    sums = assay.resamples.weighted_sums(assay.design.codes, stacked).reshape(3, number, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[0] / sums[0].sum(axis=0), sums[1] / sums[0], sums[2] / sums[0]


def _part(predictions: FoldPredictions, rows: NDArray[np.int64]) -> FoldPredictions:
    return FoldPredictions(predictions.observation_id[rows], predictions.value[rows], predictions.std[rows])


def _rows(
    labels: dict[str, Any],
    findings: dict[Key, list[Finding]],
    assay: AssayFold,
    seeds: int,
    settings: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    seed = assay_seed(settings, labels["split"], labels["model"])
    for (quantity, recalibration, position), found in findings.items():
        folded = fold_seeds([value for _, value in found], seed)
        low, high = folded.interval(settings.confidence)
        yield {
            **labels, "quantity": quantity, "recalibration": recalibration, "position": position,
            "expected": float(np.mean([expected for expected, _ in found])), "observed": folded.value, "low": low,
            "high": high, "n": len(assay.rows), "groups": assay.design.groups, "seeds": seeds,
        }  # fmt: skip
