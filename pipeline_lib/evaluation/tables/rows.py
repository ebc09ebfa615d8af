"""Columns of the tables that the evaluation writes, and rows that keep their contract, even where there are none."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.artefacts.tables import write_table


def text_column() -> pa.Column:
    """Return a column of names."""
    return pa.Column(str)


def number_column() -> pa.Column:
    """Return a column of numbers, NaN where there is none."""
    return pa.Column("float64", nullable=True)


def count_column() -> pa.Column:
    """Return a column of numbers of rows, clusters or seeds."""
    return pa.Column("int64", pa.Check.ge(0))


def share_column() -> pa.Column:
    """Return a column of shares or probabilities, NaN where there is none."""
    return pa.Column("float64", pa.Check.in_range(0, 1), nullable=True)


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path, schema: TableSchema) -> None:
    """Write rows (each a mapping from column to value) to `path`.

    Raises
    ------
    PipelineError
        When a row breaks the contract, or the disk is full.
    """
    listed = list(rows)
    frame = pd.DataFrame(listed) if listed else empty_table(schema)
    # A column without a single value has no type of its own; a nullable one may be mixed with None.
    frame = frame.astype({name: str(column.dtype) for name, column in schema.columns.items() if column.nullable})
    write_table(frame, path, schema)


def empty_table(schema: TableSchema) -> pd.DataFrame:
    """Return a table without rows whose columns have the types of the contract."""
    return pd.DataFrame({name: pd.Series(dtype=str(column.dtype)) for name, column in schema.columns.items()})
