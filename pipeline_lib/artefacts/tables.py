"""Read and write parquet tables that keep their contract and tensors that run no code; hash what a fit is made of."""

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
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


def write_arrow(table: pa.Table, path: Path | str) -> None:
    """Write a table of arrow to `path` (parquet, zstd) atomically; text stands in the file as plain text."""
    with atomic_path(path) as temporary, ParquetStream(temporary) as stream:
        stream.write(table)


def read_table(
    path: Path | str, schema: TableSchema | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read a parquet table; with `schema`, check that its columns are there.

    Raises
    ------
    PipelineError
        When the file is missing, truncated, not parquet, or lacks a column.
    """
    with _readable(path) as known:
        wanted = list(columns) if columns is not None else None
        _check_columns(known, schema, wanted)
        # pandas would hand pyarrow an open Python file, which pyarrow's threads may close after the interpreter
        # (about one process in a hundred then aborts at exit, apache/arrow#50482); a path has no such owner.
        table: pd.DataFrame = pq.read_table(known, columns=wanted, partitioning=None).to_pandas()
        return table


def read_batches(path: Path | str, schema: TableSchema, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield a parquet table part by part, so that memory does not grow with its rows.

    Parameters
    ----------
    path, schema
        As `read_table`; all columns of the contract must be there.
    columns
        Columns to read; those that the file does not have are left out.

    Raises
    ------
    PipelineError
        As `read_table`.
    """
    with _readable(path) as known:
        present = _check_columns(known, schema, None)
        # Decoding on more threads would hold several parts in memory at a time.
        with pq.ParquetFile(known) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=[name for name in columns if name in present]):
                yield pa.Table.from_batches([batch])


@contextmanager
def _readable(path: Path | str) -> Iterator[Path]:
    """Give the path of a file that is there; one that turns out to be damaged is one sentence."""
    path = Path(path)
    if not path.exists():
        raise PipelineError(f"{path} does not exist; run the rule that makes it.")
    try:
        yield path
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(
            f"{path} is truncated or not a parquet file ({reason}); delete it and run again."
        ) from error


def _check_columns(path: Path, schema: TableSchema | None, wanted: Sequence[str] | None) -> set[str]:
    """Return the columns of a file; refuse it where one that is wanted, or of the contract, is missing."""
    present = set(pq.read_schema(path).names)
    required = set(wanted or ()) | (set(schema.columns) if schema is not None and wanted is None else set())
    missing = sorted(required - present)
    if missing:
        raise PipelineError(f"{path} lacks the column(s) {', '.join(missing)}; delete it and run again.")
    return present


BATCH_ROWS = 1 << 20

ROW_GROUP = 1 << 20

_NEVER_MISSING = {"observation_id", "order", "replicate", "row"}
"""Columns that the contracts want as plain numpy integers."""


def _pandas_metadata(schema: pa.Schema) -> str:
    """Return what makes pandas read integers and truth values as such although some are missing."""
    columns = []
    for field in schema:
        if pa.types.is_boolean(field.type):
            kind, numpy_type = "bool", "boolean"
        elif pa.types.is_integer(field.type) and field.name not in _NEVER_MISSING:
            kind, numpy_type = "int64", "Int64"
        else:
            continue
        columns.append(
            {
                "name": field.name,
                "field_name": field.name,
                "pandas_type": kind,
                "numpy_type": numpy_type,
                "metadata": None,
            }
        )
    return json.dumps({"index_columns": [], "column_indexes": [], "columns": columns, "pandas_version": "2.3.0"})


class ParquetStream:
    """A parquet file that is written table by table; all have the columns of the first.

    Dictionary-encoded columns become plain text for whoever reads the file, and integers with missing values stay
    integers in pandas.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, table: pa.Table) -> None:
        """Append the rows of `table`."""
        if self._writer is None:
            # Without arrow's own schema in the file, dictionary columns are read back as plain text.
            self._writer = pq.ParquetWriter(
                self._path, table.schema, store_schema=False, compression="zstd", compression_level=1
            )
            self._names = table.column_names
        if table.num_rows:
            self._writer.write_table(table.select(self._names), row_group_size=ROW_GROUP)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is not None:
            if kind is None:
                self._writer.add_key_value_metadata({"pandas": _pandas_metadata(self._writer.schema)})
            self._writer.close()


def save_tensors(content: Mapping[str, Any], path: Path | str) -> None:
    """Write a dictionary of tensors, numbers, strings, lists and dictionaries to `path` atomically."""
    import torch

    # Given a path, torch writes its name into the file; the temporary one would make every file unlike the last.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save(dict(content), stream)


def load_tensors(path: Path | str, device: str = "cpu") -> dict[str, Any]:
    """Read what `save_tensors` wrote, with ``weights_only=True``: code in a planted file does not run.

    Raises
    ------
    PipelineError
        When the file is missing, truncated, or holds anything but tensors and plain values.
    """
    import torch

    path = Path(path)
    if not path.exists():
        raise PipelineError(f"{path} does not exist; run the rule that makes it.")
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise PipelineError(
            f"{path} holds objects other than tensors and plain values and was not loaded; make it anew."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise PipelineError(f"{path} is truncated or not a tensor file; delete it and run again.") from error
    if not isinstance(content, dict):
        raise PipelineError(f"{path} does not hold a dictionary of tensors; delete it and run again.")
    return content


def to_tensors(value: Any) -> Any:  # noqa: ANN401 - a tree of arrays and plain values
    """Replace every array of a nested dictionary or list by a tensor of the same bytes."""
    import numpy as np
    import torch

    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: to_tensors(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_tensors(part) for part in value]
    return value


def to_arrays(value: Any) -> Any:  # noqa: ANN401 - a tree of tensors and plain values
    """Replace every tensor of a nested dictionary or list by an array: the inverse of `to_tensors`."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: to_arrays(part) for key, part in value.items()}
    if isinstance(value, list):
        return [to_arrays(part) for part in value]
    return value


def update_digest(digest: Any, part: Any) -> None:  # noqa: ANN401 - a hash, and whatever is hashed
    """Take an array, a tensor, a table, a mapping of these or plain values into a hash of `hashlib`."""
    import torch

    if isinstance(part, torch.Tensor):
        part = part.cpu().numpy()
    if isinstance(part, np.ndarray) and part.dtype != object:
        digest.update(f"{part.dtype} {part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    elif isinstance(part, pd.DataFrame):
        _update_by_table(digest, part)
    elif isinstance(part, Mapping):
        for key in sorted(part):
            digest.update(key.encode())
            update_digest(digest, part[key])
    else:
        digest.update(repr(list(part) if isinstance(part, np.ndarray) else part).encode())


def _update_by_table(digest: Any, table: pd.DataFrame) -> None:  # noqa: ANN401
    """Take the columns of a table in, without its index; an Arrow stream holds lists as well as numbers."""
    content = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, content.schema) as writer:
        writer.write_table(content)
    digest.update(stream.getvalue())
