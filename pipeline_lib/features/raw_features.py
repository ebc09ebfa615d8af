"""Read a feature table with its reader: named genes and their numbers, before names are resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from pipeline_lib.config.features import FEATURE_READERS, FeatureSettings
from pipeline_lib.errors import PipelineError


@dataclass(frozen=True)
class RawFeatures:
    """Features as files list them.

    Parameters
    ----------
    genes
        Names of genes (str), one a row.
    numbers
        Columns of floats, one a feature; null where a gene was not measured.
    left_out
        Columns of the files that the reader's rule leaves out, by name, and why.
    rows
        Where each row stands in its file, for messages; empty where several rows of the files make one of these.
    merged_genes
        Whether rows may name one gene twice, as files older than a merger of open reading frames do; then one row is
        made of them. Where not, such a table is refused.
    """

    genes: pl.Series
    numbers: pl.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)
    rows: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.UInt32))
    merged_genes: bool = False


def as_float_columns(table: pl.DataFrame, path: Path, rows: pl.Series) -> pl.DataFrame:
    """Turn columns of text or numbers into float64; empty cells, ``NA`` and ``NaN`` become null.

    Parameters
    ----------
    table
        The columns, named as in the file.
    path, rows
        The file and the number of each row in it, for messages.

    Raises
    ------
    PipelineError
        Names the first column and row that hold something that is no finite number.
    """
    columns = []
    for name in table.columns:
        column = table[name]
        if column.dtype.is_nested() or column.dtype.is_temporal():
            raise PipelineError(
                f"{path}: column '{name}' holds {column.dtype}, not numbers; leave it out or turn it into numbers."
            )
        text = column.dtype == pl.String
        if text:
            column = column.str.strip_chars()
            column = column.set(column.str.to_uppercase().is_in(["", "NA", "NAN"]), None)
        numbers = column.cast(pl.Float64, strict=False)
        if not text:
            numbers = numbers.fill_nan(None)
        wrong = (column.is_not_null() & ~numbers.is_finite().fill_null(value=False)).arg_true()
        if not text:
            wrong = (numbers.is_infinite().fill_null(value=False)).arg_true()
        if len(wrong):
            more = f" ({len(wrong) - 1} more rows like it)" if len(wrong) > 1 else ""
            listed = str(column[wrong[0]])[:80]
            raise PipelineError(
                f"{path}, row {rows[wrong[0]]}: column '{name}' holds {listed!r}, which is no number{more}; leave the "
                "column out or code its classes as columns of 0 and 1."
            )
        columns.append(numbers.alias(name))
    return pl.DataFrame(columns)


def read_raw_features(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read one feature table with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, the files are not the ones that it needs, or they break its layout.
    """
    raw: RawFeatures = FEATURE_READERS.get(settings.reader).read(settings.reader, files, settings)
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
