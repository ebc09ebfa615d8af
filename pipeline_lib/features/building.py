"""Read a feature table with its reader, and put it into the one form that every later stage reads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from pipeline_lib.config.features import FEATURE_READERS, FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames


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


_GREATEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Losses:
    """What of the files did not become a feature."""

    rows: int
    """Rows that name a gene."""
    unknown_genes: int
    """Rows whose name means no gene, or no single gene, of the gene table."""
    rows_merged: int
    """Rows beyond the first of a gene that several rows name (open reading frames that were merged since, or names
    that were given away): rows under the gene's own name win over those under an alias, then the mean is taken."""
    columns_constant: int
    """Columns with one value for every gene of the gene table that has one, or with none."""
    columns_left_out: int
    """Columns that the reader's rule leaves out."""


def build_features(name: str, raw: RawFeatures, genes: pd.DataFrame) -> pd.DataFrame:
    """Resolve names, merge or refuse genes that are listed twice, drop columns that tell no genes apart.

    Parameters
    ----------
    name
        The table's name.
    raw
        What the reader gave.
    genes
        `pipeline_lib.artefacts.schemas.GENES` with ``aliases``.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.FEATURES`: ``gene_index`` (ascending) and float32 columns, missing values
        missing; a gene without any value has no row. ``attrs["losses"]`` counts what was dropped and
        ``attrs["left_out"]`` maps each column left out to the reason.

    Raises
    ------
    PipelineError
        When no name is a gene of the table, a gene is listed twice, a number is too large for float32, or no column is
        left.
    """
    positions = pl.Series("gene_index", GeneNames.from_table(genes).positions(raw.genes.to_arrow().cast(pa.string())))
    known = positions >= 0
    if not known.any():
        listed = ", ".join(repr(text) for text in raw.genes.head(3)) or "none"
        raise PipelineError(
            f"features '{name}': none of the {len(known)} genes is in the gene table of {len(genes)} (the first are "
            f"{listed}); check the column of genes and the organism."
        )
    if not raw.merged_genes:
        _refuse_repeats(name, raw, positions)
    indices, values = _merge_rows(positions.filter(known), raw.genes.filter(known), raw.numbers.filter(known), genes)
    _refuse_overflow(name, values)
    least, greatest = values.min().row(0), values.max().row(0)
    telling = [column for column, low, high in zip(values.columns, least, greatest, strict=True) if low != high]
    if not telling:
        raise PipelineError(
            f"features '{name}': none of its {values.width} columns differs between the {int(known.sum())} genes that "
            "are in the gene table; there is nothing to learn from it."
        )
    table = values.select(pl.col(telling).cast(pl.Float32)).insert_column(0, indices.alias("gene_index"))
    table = table.filter(~pl.all_horizontal(pl.col(telling).is_null()))
    frame = pd.DataFrame({column: table[column].to_numpy() for column in table.columns})
    losses = Losses(
        rows=len(known),
        unknown_genes=int((~known).sum()),
        rows_merged=int(known.sum()) - values.height,
        columns_constant=values.width - len(telling),
        columns_left_out=len(raw.left_out),
    )
    frame.attrs = {"losses": asdict(losses), "left_out": dict(raw.left_out)}
    return frame


def _merge_rows(
    positions: pl.Series, names: pl.Series, values: pl.DataFrame, genes: pd.DataFrame
) -> tuple[pl.Series, pl.DataFrame]:
    """Return gene indices (int64, ascending) and one row of values each: those under its own name, else the mean."""
    order = positions.arg_sort()
    indices, values = positions[order].cast(pl.Int64), values[order]
    if not indices.is_duplicated().any():
        return indices, values
    own = [pl.Series(genes[column].astype(str)).str.to_uppercase()[indices] for column in ("gene", "name")]
    name = names[order].str.strip_chars().str.to_uppercase()
    ranked = values.with_columns(gene_index=indices, alias=(name != own[0]) & (name != own[1]))
    best = ranked.filter(pl.col("alias") == pl.col("alias").min().over("gene_index")).drop("alias")
    merged = best.group_by("gene_index").mean().sort("gene_index")
    return merged["gene_index"], merged.drop("gene_index")


def _refuse_repeats(name: str, raw: RawFeatures, positions: pl.Series) -> None:
    """Refuse a gene that two rows name, by one name or by two."""
    known = positions.filter(positions >= 0)
    twice = known.filter(known.is_duplicated())
    if twice.is_empty():
        return
    first, second = (positions == twice[0]).arg_true()[:2]
    if len(raw.rows):
        where = f"rows {raw.rows[first]} ('{raw.genes[first]}') and {raw.rows[second]} ('{raw.genes[second]}')"
    else:
        where = f"the names '{raw.genes[first]}' and '{raw.genes[second]}'"
    more = f" ({twice.n_unique() - 1} more genes like it)" if twice.n_unique() > 1 else ""
    raise PipelineError(f"features '{name}': {where} mean one gene{more}; keep one row a gene.")


def _refuse_overflow(name: str, values: pl.DataFrame) -> None:
    for column in values.columns:
        magnitudes = values[column].abs().to_numpy()
        greatest = float(np.nanmax(magnitudes, initial=0.0))
        if greatest > _GREATEST:
            raise PipelineError(
                f"features '{name}': column '{column}' holds {greatest:g}, too large for a 32-bit number; take its "
                "logarithm."
            )
