"""A parquet file that is written table by table."""

from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.screens.batch import PANDAS_METADATA

ROW_GROUP = 1 << 20


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
                self._writer.add_key_value_metadata({"pandas": PANDAS_METADATA})
            self._writer.close()
