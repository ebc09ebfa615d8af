"""Read each screen to a parquet file, put the screens of a run into one table, one row a genotype beside it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.artefacts.tables import ROW_GROUP, ParquetStream, read_batches
from pipeline_lib.config.registry import load
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.config.screens import Order, Phenotype, ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import gene_coverage, refuse_other_organism
from pipeline_lib.genes.names import MAX_ORDER, GeneNames
from pipeline_lib.screens.batch import REJECTED_SCHEMA, Source, constant
from pipeline_lib.sources.row_block import Expected, Reason, RejectedRows

if TYPE_CHECKING:
    import polars as pl


_TOLERATED = 0.2
"""Share of the rows that may be rejected for reasons of which few are expected."""

_MOST = 0.5
"""Share that may be rejected for one reason that is expected of up to half of the rows."""

_ENOUGH = 20


@dataclass
class ReadCounts:
    """What became of a screen's rows.

    Attributes
    ----------
    observations
        Number written.
    accepted
        Number of rows of the files that were not rejected.
    left_out
        Number that the settings (orders, phenotypes, conditions, only) leave out.
    rejected
        Number of rejected rows by reason.
    """

    observations: int = 0
    accepted: int = 0
    left_out: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)

    def summary(self) -> list[tuple[str, int]]:
        """Return the numbers of rejected rows by kind of reason: without the names and numbers in it."""
        kinds: Counter[str] = Counter()
        for reason, n in self.rejected.items():
            kinds[reason.kind] += n
        return kinds.most_common()


def read_screen(
    name: str,
    settings: ScreenSettings,
    files: Mapping[str, Path],
    names: GeneNames,
    output: Path,
    rejected_output: Path,
) -> ReadCounts:
    """Read a screen and write its observations and its rejected rows.

    Parameters
    ----------
    name
        The screen's name in every table.
    settings
        Its section of the configuration.
    files
        Its files by role.
    names
        The gene index.
    output, rejected_output
        Parquet files: OBSERVATIONS, numbered from 0 within the screen, and REJECTED.

    Raises
    ------
    PipelineError
        When a file cannot be read, is empty, or its layout is not the reader's.
    """
    source = Source(files, names, settings)
    counts = ReadCounts()
    first_fault = ""
    with ExitStack() as stack:
        observations = stack.enter_context(ParquetStream(stack.enter_context(atomic_path(output))))
        rejected = stack.enter_context(ParquetStream(stack.enter_context(atomic_path(rejected_output))))
        for batch in load(SCREEN_READERS.get(settings.reader).target)(source):
            kept = _wanted(batch.observations, settings, names)
            counts.left_out += batch.observations.num_rows - kept.num_rows
            observations.write(_labelled(kept, name, counts.observations))
            counts.observations += kept.num_rows
            counts.accepted += batch.accepted
            rejected.write(_of_screen(batch.rejected.table(), name))
            first_fault = first_fault or _first_fault(batch.rejected)
            counts.rejected.update(batch.rejected.reasons)
            _check(name, counts, first_fault)
        refuse_other_organism(gene_coverage("screen", name, names, names.looked_up), names)
        _check_whole(name, counts)
        if not counts.observations:
            raise PipelineError(
                f"screen '{name}': no row became an observation ({sum(counts.rejected.values())} rejected, "
                f"{counts.left_out} left out by the settings); {first_fault or _usual(counts)}"
            )
    return counts


def _of_screen(rejected: pa.Table, screen: str) -> pa.Table:
    names = pa.array([screen] * rejected.num_rows, pa.string())
    return rejected.add_column(0, "screen", names).cast(REJECTED_SCHEMA)


def _labelled(table: pa.Table, screen: str, start: int) -> pa.Table:
    n = table.num_rows
    numbered = table.add_column(0, "screen", constant(screen, n))
    return numbered.add_column(0, "observation_id", pa.array(np.arange(start, start + n, dtype=np.int64)))


def _wanted(table: pa.Table, settings: ScreenSettings, names: GeneNames) -> pa.Table:
    """Leave out what the settings do not ask for."""
    if set(settings.orders) != set(get_args(Order)):
        table = table.filter(pc.is_in(table.column("order"), pa.array(settings.orders, pa.int64())))
    if set(settings.phenotypes) != set(get_args(Phenotype)):
        table = table.filter(pc.is_in(table.column("phenotype").cast(pa.string()), pa.array(settings.phenotypes)))
    if settings.conditions is not None:
        table = table.filter(pc.is_in(table.column("condition").cast(pa.string()), pa.array(settings.conditions)))
    if settings.only == "metabolic":
        lists = table.column("genes").combine_chunks()
        # Systematic names by now: a look-up of names would count them among those of the file.
        in_gem = names.in_gem[
            pc.index_in(lists.flatten().cast(pa.string()), names.genes).to_numpy(zero_copy_only=False)
        ]
        owner = lists.value_parent_indices().to_numpy(zero_copy_only=False)
        keep = np.zeros(table.num_rows, dtype=bool)
        keep[owner[in_gem]] = True
        table = table.filter(pa.array(keep))
    return table


def _first_fault(rejected: RejectedRows) -> str:
    return next(
        (
            f"{file}: row {row}: {reason}."
            for file, row, reason in zip(rejected.files, rejected.rows, rejected.reasons, strict=True)
            if reason.expected is Expected.FEW
        ),
        "",
    )


def _usual(counts: ReadCounts) -> str:
    if not counts.rejected and not counts.left_out:
        return "its files hold no rows; give the whole files."
    if not counts.rejected:
        return "look at orders, phenotypes, conditions and only in the configuration."
    reason, n = counts.rejected.most_common(1)[0]
    return f"most often ({n} rows): {reason}."


def _check(name: str, counts: ReadCounts, first_fault: str) -> None:
    """Refuse a file of another layout instead of reading what is left of it."""
    faults = sum(n for reason, n in counts.rejected.items() if reason.expected is Expected.FEW)
    rows = counts.accepted + sum(counts.rejected.values())
    if faults >= _ENOUGH and faults > _TOLERATED * rows:
        raise PipelineError(
            f"screen '{name}': {faults} of {rows} rows do not fit the layout of its reader; {first_fault}"
        )


def _check_whole(name: str, counts: ReadCounts) -> None:
    """Refuse a file most of whose rows are rejected for one reason that shows it is not what the settings state."""
    rows = counts.accepted + sum(counts.rejected.values())
    for reason, n in counts.rejected.items():
        if reason.expected is Expected.UP_TO_HALF and n >= _ENOUGH and n > _MOST * rows:
            raise PipelineError(
                f"screen '{name}': {n} of {rows} rows are rejected for one reason: {reason}; give the phenotype and "
                "the columns that the file has."
            )


_BATCH_ROWS = 1 << 19


def combine_observations(parts: Sequence[Path], names: GeneNames, output: Path) -> int:
    """Write the observations of every part, in the order given, numbered from 0; return how many.

    Columns that only some screens have are null in the others. Memory is bounded by one batch.

    Raises
    ------
    PipelineError
        When a part is missing, truncated, lacks a column, repeats another part's screen, or names a gene that is not
        in the index.
    """
    files = [_open(part) for part in parts]
    schema = pa.unify_schemas([file.schema_arrow.remove_metadata() for file in files])
    seen: dict[str, Path] = {}
    start = 0
    with atomic_path(output) as temporary, ParquetStream(temporary) as stream:
        stream.write(schema.empty_table())
        for part, file in zip(parts, files, strict=True):
            for batch in file.iter_batches(_BATCH_ROWS):
                table = pa.Table.from_batches([batch])
                for screen in pc.unique(table.column("screen")).to_pylist():
                    if seen.setdefault(screen, part) != part:
                        raise PipelineError(
                            f"{part}: screen '{screen}' is also in {seen[screen]}; give each screen once."
                        )
                _check_genes(table, names, part)
                numbers = pa.array(np.arange(start, start + table.num_rows, dtype=np.int64))
                start += table.num_rows
                stream.write(_conform(table.set_column(0, "observation_id", numbers), schema))
    return start


def combine_rejected(parts: Sequence[Path], output: Path) -> int:
    """Write the rejected rows of every part, in the order given; return how many."""
    tables = [_open(part).read().cast(REJECTED_SCHEMA) for part in parts]
    table = pa.concat_tables(tables) if tables else REJECTED_SCHEMA.empty_table()
    with atomic_path(output) as temporary, ParquetStream(temporary) as stream:
        stream.write(table)
    return int(table.num_rows)


def _open(path: Path) -> pq.ParquetFile:
    if not path.exists():
        raise PipelineError(f"{path} does not exist; run the rule that makes it.")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(
            f"{path} is truncated or not a parquet file ({reason}); delete it and run again."
        ) from error


def _check_genes(table: pa.Table, names: GeneNames, part: Path) -> None:
    missing = [name for name in OBSERVATIONS.columns if name not in table.column_names]
    if missing:
        raise PipelineError(f"{part} lacks the column(s) {', '.join(missing)}; delete it and run again.")
    genes = pc.unique(table.column("genes").combine_chunks().flatten())
    unknown = genes.filter(pc.invert(pc.is_in(genes, names.genes)))
    if len(unknown):
        raise PipelineError(f"{part}: gene '{unknown[0]}' is not in the gene index; read the screen again.")


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the columns of `schema`, null where the table has none."""
    columns = [
        table.column(field.name) if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


COLUMNS = ("screen", "genes", "order", "phenotype", "condition", "value", "std", "spread", "n", "n_std")

_ASSAY = ("screen", "phenotype", "condition")
"""What is measured: values of one genotype in two conditions are no replicates."""

_UNMEASURED = ("repeated", "assumed_tested")
"""Columns that show that a row is a copy, or was never measured."""


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
    order = np.lexsort((rows.key, rows.assay))
    starts = np.flatnonzero(_changes(rows.assay[order]) | _changes(rows.key[order]))
    first = order[starts]
    statistics = _statistics(rows.value[order], rows.std[order], starts)
    del order, starts
    with atomic_path(output) as temporary, ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        # Texts and lists part by part: those of 20 million genotypes at once would take gigabytes.
        for start in range(0, max(len(first), 1), ROW_GROUP):
            part = slice(start, start + ROW_GROUP)
            group = first[part]
            table = pl.DataFrame(
                {
                    **{name: rows.assays[name].gather(rows.assay[group]) for name in _ASSAY},
                    "order": rows.order[group].astype(np.int64),
                    "genes": _gene_lists(pl.Series(rows.key[group]), genes),
                    **{name: pl.Series(values[part], nan_to_null=True) for name, values in statistics.items()},
                }
            )
            content = table.select(COLUMNS).to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(temporary, content.schema, compression="zstd"))
            writer.write_table(content)


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


@dataclass(frozen=True)
class _Rows:
    """What was measured, n rows; the genes of each as one number: eight bytes instead of up to thirty of text.

    Attributes
    ----------
    assays
        One row an assay: screen, phenotype and condition, sorted.
    assay
        int64 [n]: row of `assays`.
    key, order
        int64 [n]: the genes, see `_gene_lists`, and int8 [n]: how many.
    value, std
        float64 [n].
    """

    assays: "pl.DataFrame"
    assay: NDArray[np.int64]
    key: NDArray[np.int64]
    order: NDArray[np.int8]
    value: NDArray[np.float64]
    std: NDArray[np.float64]


def _measured(observations: Path, genes: "pl.Series") -> _Rows:
    """Read what was measured once, part by part."""
    import polars as pl

    values = [pl.col(name).fill_null(float("nan")) for name in ("value", "std")]
    met: dict[tuple[str | None, ...], int] = {}
    parts = []
    for batch in read_batches(observations, OBSERVATIONS, (*_ASSAY, "genes", "order", "value", "std", *_UNMEASURED)):
        rows = pl.DataFrame(pl.from_arrow(batch))
        for mark in set(_UNMEASURED) & set(rows.columns):
            rows = rows.filter(~pl.col(mark).fill_null(value=False))
        if "condition" not in rows.columns:
            rows = rows.with_columns(condition=pl.lit(None, dtype=pl.String))
        here = rows.select(_ASSAY).unique()
        numbers = here.with_columns(
            assay=pl.Series([met.setdefault(assay, len(met)) for assay in here.rows()], dtype=pl.Int64)
        )
        rows = rows.join(numbers, on=_ASSAY, how="left", maintain_order="left", nulls_equal=True)
        parts.append(rows.select("assay", pl.col("order").cast(pl.Int8), *values, key=genotype_key(genes)))
    texts = pl.DataFrame(list(met), schema=dict.fromkeys(_ASSAY, pl.String), orient="row")
    assays = texts.with_row_index("met").sort(_ASSAY)
    renumbered = np.empty(len(met), dtype=np.int64)
    renumbered[assays["met"].to_numpy()] = np.arange(len(met))
    whole = pl.concat(parts)
    return _Rows(
        assays,
        renumbered[whole["assay"].to_numpy()],
        *(whole[name].to_numpy() for name in ("key", "order", "value", "std")),
    )


def genotype_key(genes: "pl.Series") -> "pl.Expr":
    """Return one number a list of genes, the column ``genes``; `genes` holds all names, in the order of their index."""
    import polars as pl

    base = len(genes) + 1
    digits = (
        pl.col("genes").list.get(slot, null_on_oob=True).cast(pl.Enum(genes)).to_physical().cast(pl.Int64).add(1)
        for slot in range(MAX_ORDER)
    )
    return pl.sum_horizontal(digit.fill_null(0) * base ** (MAX_ORDER - 1 - slot) for slot, digit in enumerate(digits))


def gene_of_key(key: "pl.Expr", slot: int, genes: int) -> "pl.Expr":
    """Return the index of the gene in place `slot` of a `genotype_key`, of `genes` in all; -1 where there is none."""
    base = genes + 1
    gene: pl.Expr = (key // base ** (MAX_ORDER - 1 - slot)) % base - 1
    return gene


def _gene_lists(key: "pl.Series", genes: "pl.Series") -> "pl.Series":
    """Return the gene lists that `_measured` made the numbers of."""
    import polars as pl

    base = len(genes) + 1
    labels = pl.concat([pl.Series([None], dtype=pl.String), genes])
    digits = [labels.gather((key // base ** (MAX_ORDER - 1 - slot)) % base) for slot in range(MAX_ORDER)]
    frame = pl.DataFrame({str(slot): digit for slot, digit in enumerate(digits)})
    return frame.select(genes=pl.concat_list(pl.all()).list.drop_nulls()).to_series()
