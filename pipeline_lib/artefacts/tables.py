"""Read and write parquet tables that keep their contract."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.errors import PipelineError


def write_table(frame: pd.DataFrame, path: Path | str, schema: TableSchema | None = None) -> None:
    """Validate `frame` against `schema` and write it to `path` (parquet, zstd) atomically.

    Raises
    ------
    PipelineError
        When a column is missing or holds what the contract forbids, or the disk is full.
    """
    if schema is not None:
        frame = schema.validate(frame, path)
    with atomic_path(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def read_table(
    path: Path | str, schema: TableSchema | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read a parquet table; with `schema`, check that its columns are there.

    Raises
    ------
    PipelineError
        When the file is missing, truncated, not parquet, or lacks a column.
    """
    path = Path(path)
    if not path.exists():
        raise PipelineError(f"{path} does not exist; run the rule that makes it.")
    try:
        present = set(pq.read_schema(path).names)
        wanted = list(columns) if columns is not None else None
        required = set(wanted or ()) | (set(schema.columns) if schema is not None and wanted is None else set())
        missing = sorted(required - present)
        if missing:
            raise PipelineError(f"{path} lacks the column(s) {', '.join(missing)}; delete it and run again.")
        # pandas would hand pyarrow an open Python file, which pyarrow's threads may close after the interpreter
        # (about one process in a hundred then aborts at exit, apache/arrow#50482); a path has no such owner.
        return pq.read_table(path, columns=wanted, partitioning=None).to_pandas()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(
            f"{path} is truncated or not a parquet file ({reason}); delete it and run again."
        ) from error
