"""One row a genotype beside the raw replicates: mean, pooled SD, number."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.genes.genotypes import MAX_ORDER
from pipeline_lib.genes.names import GeneNames

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("screen", "genes", "order", "phenotype", "condition", "value", "std", "spread", "n", "n_std")

_ASSAY = ("screen", "phenotype", "condition")
"""What is measured: values of one genotype in two conditions are no replicates."""


def aggregate(observations: Path, names: GeneNames, output: Path) -> None:
    """Write the aggregated view of the observations table.

    Parameters
    ----------
    observations
        The combined table.
    names
        The gene index.
    output
        `COLUMNS`. condition: null but in screens of several; value: mean; std: pooled SD, the root of the mean variance
        of the replicates whose SD is known (null where none is); spread: SD between the replicates (null for one); n:
        number of measurements, n_std: of which with an SD. Copies (column ``repeated``) do not count; rows that were
        only assumed (column ``assumed_tested``) stay out. P-values are not combined: none is made up.
    """
    import polars as pl

    genes = pl.Series(names.genes.to_pylist(), dtype=pl.String)
    rows = _measured(observations, genes)
    assays = rows.select(_ASSAY).unique().sort(_ASSAY).with_row_index("assay")
    codes = rows.select(_ASSAY).join(assays, on=_ASSAY, how="left", maintain_order="left", nulls_equal=True)
    assay = codes["assay"].to_numpy().astype(np.int64)
    key = rows["key"].to_numpy()
    order = np.lexsort((key, assay))
    starts = np.flatnonzero(_changes(assay[order]) | _changes(key[order]))
    first = order[starts]
    statistics = _statistics(rows["value"].to_numpy()[order], rows["std"].to_numpy()[order], starts)
    table = pl.DataFrame(
        {
            **{name: assays[name].cast(pl.String).gather(assay[first]) for name in _ASSAY},
            "order": rows["order"].gather(first),
            "genes": _gene_lists(pl.Series(key[first]), genes),
            **{name: pl.Series(values, nan_to_null=True) for name, values in statistics.items()},
        }
    )
    with atomic_path(output) as temporary:
        table.select(COLUMNS).write_parquet(temporary, compression="zstd")


def _changes(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a value differs from the one before it, bool [n]; the first one does."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def _statistics(
    value: NDArray[np.float64], std: NDArray[np.float64], starts: NDArray[np.int64]
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Describe groups of consecutive rows; sums run in row order, so that equal tables give equal bytes."""
    if not len(value):
        none: NDArray[np.float64] = np.empty(0)
        count = np.empty(0, dtype=np.int64)
        return {"value": none, "std": none, "spread": none, "n": count, "n_std": count}
    n = np.diff(np.append(starts, len(value)))
    mean = np.add.reduceat(value, starts) / n
    deviation = np.add.reduceat((value - np.repeat(mean, n)) ** 2, starts)
    known = np.isfinite(std)
    n_std = np.add.reduceat(known.astype(np.int64), starts)
    variance = np.add.reduceat(np.where(known, std, 0.0) ** 2, starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread, pooled = np.sqrt(deviation / (n - 1)), np.sqrt(variance / n_std)
    return {"value": mean, "std": pooled, "spread": spread, "n": n.astype(np.int64), "n_std": n_std}


def _measured(observations: Path, genes: "pl.Series") -> "pl.DataFrame":
    """Return what was measured once; the genes as one number: eight bytes instead of up to thirty of text."""
    import polars as pl

    rows = pl.scan_parquet(observations)
    present = rows.collect_schema().names()
    for mark in ("repeated", "assumed_tested"):
        if mark in present:
            rows = rows.filter(~pl.col(mark).fill_null(value=False))
    base = len(genes) + 1
    digits = (
        pl.col("genes").list.get(slot, null_on_oob=True).cast(pl.Enum(genes)).to_physical().cast(pl.Int64).add(1)
        for slot in range(MAX_ORDER)
    )
    key = pl.sum_horizontal(digit.fill_null(0) * base ** (MAX_ORDER - 1 - slot) for slot, digit in enumerate(digits))
    of_one_condition = pl.lit(None, dtype=pl.String).alias("condition")
    text = [(pl.col(name) if name in present else of_one_condition).cast(pl.Categorical) for name in _ASSAY]
    values = (pl.col(name).fill_null(float("nan")) for name in ("value", "std"))
    return rows.select(*text, "order", *values, key=key).collect()


def _gene_lists(key: "pl.Series", genes: "pl.Series") -> "pl.Series":
    """Return the gene lists that `_measured` made the numbers of."""
    import polars as pl

    base = len(genes) + 1
    labels = pl.concat([pl.Series([None], dtype=pl.String), genes])
    digits = [labels.gather((key // base ** (MAX_ORDER - 1 - slot)) % base) for slot in range(MAX_ORDER)]
    frame = pl.DataFrame({str(slot): digit for slot, digit in enumerate(digits)})
    return frame.select(genes=pl.concat_list(pl.all()).list.drop_nulls()).to_series()
