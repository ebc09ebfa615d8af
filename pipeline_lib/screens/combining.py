"""Put the screens of a run into one table; the observation's number is made here, once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.artefacts.tables import ParquetStream
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.batch import REJECTED_SCHEMA

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
    return table.num_rows


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
