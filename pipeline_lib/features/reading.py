"""Read a feature table with the reader of its settings."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipeline_lib.config.feature_readers import FEATURE_READERS
from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.config.registry import load
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures


def read_raw_features(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read one feature table with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, the files are not the ones that it needs, or they break its layout.
    """
    layout = FEATURE_READERS.get(settings.reader)
    layout.refuse_other_files(settings.reader, files)
    raw: RawFeatures = load(layout.target)(files, settings)
    return without_columns(raw, settings.leave_out)


def without_columns(raw: RawFeatures, leave_out: list[str]) -> RawFeatures:
    """Leave out the columns whose name holds one of the words, whatever the case.

    Raises
    ------
    PipelineError
        When a word matches no column, or no column is left.
    """
    reasons: dict[str, str] = {}
    for word in leave_out:
        matched = [column for column in raw.numbers.columns if word.lower() in column.lower()]
        if not matched:
            raise PipelineError(f"leave_out: no column holds '{word}'; the first column is '{raw.numbers.columns[0]}'.")
        reasons |= dict.fromkeys(matched, f"named by leave_out: '{word}'")
    kept = raw.numbers.drop(list(reasons))
    if kept.width == 0:
        raise PipelineError("leave_out: no column is left; name fewer words.")
    return replace(raw, numbers=kept, left_out={**raw.left_out, **reasons})
