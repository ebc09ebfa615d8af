"""A parquet file that is written table by table."""

import json
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

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
