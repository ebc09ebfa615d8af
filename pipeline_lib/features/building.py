"""Put a reader's features into the one form that every later stage reads."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures
from pipeline_lib.genes.names import GeneNames

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
