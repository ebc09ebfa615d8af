"""Read a network with its reader: edges between gene names, and text files cut into fields with their line numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline_lib.config.networks import NETWORK_READERS, NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.text_lines import read_text
from pipeline_lib.sources.written_numbers import parse_numbers


@dataclass(frozen=True)
class RawEdges:
    """Edges as a file lists them.

    Parameters
    ----------
    table
        ``source`` and ``target`` (names, str) and ``weight`` (float64), one row a row of the file.
    directed
        Whether source acts on target; otherwise the order of the two means nothing.
    """

    table: pl.DataFrame
    directed: bool

    def gene_names(self) -> list[str]:
        """Return the distinct names of the file, sorted."""
        return pl.concat([self.table["source"], self.table["target"]]).drop_nulls().unique().sort().to_list()


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, packed or not; see `read_text`.

    Raises
    ------
    PipelineError
        When the file is missing, is cut short, or is no text.
    """
    return read_text(path).splitlines()


def split_lines(
    lines: list[str],
    path: Path,
    columns: Mapping[str, int],
    width: int,
    first_row: int = 1,
    separators: str = "",
) -> pl.DataFrame:
    """Cut lines into fields at blanks, tabs and `separators`.

    Parameters
    ----------
    lines
        The lines; empty ones are left out.
    path
        The file, for messages.
    columns
        Name and position of each field that is wanted.
    width
        Number of fields that every line must have.
    first_row
        Number of the first line in the file, counted from 1.
    separators
        More characters that separate fields.

    Returns
    -------
    DataFrame
        ``row`` (line number in the file) and `columns`, as text.

    Raises
    ------
    PipelineError
        Names the first line that has another number of fields.
    """
    table = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("row", offset=first_row)
    table = table.with_columns(pl.col("line").str.strip_chars()).filter(pl.col("line") != "")
    table = table.with_columns(pl.col("line").str.extract_all(f"[^ \t{separators}]+").alias("fields"))
    refuse_rows(table, pl.col("fields").list.len() != width, path, f"does not have {width} fields")
    return table.select("row", *(pl.col("fields").list.get(at).alias(name) for name, at in columns.items()))


def as_numbers(table: pl.DataFrame, columns: tuple[str, ...], path: Path) -> pl.DataFrame:
    """Turn text columns into finite numbers (float64), by the rules of `parse_numbers`.

    Raises
    ------
    PipelineError
        Names the first row with something else, or the column whose decimal sign is not clear.
    """
    numbers = table
    for column in columns:
        encoded = pa.array(table[column].to_arrow(), pa.string()).dictionary_encode()
        parsed = parse_numbers(encoded, table["row"].to_numpy().astype(np.int64), comma_allowed=True)
        parsed.signs.check(path, column, comma_allowed=True)
        parsed.signs.check_whole(path, column, comma_allowed=True)
        numbers = numbers.with_columns(pl.Series(column, parsed.values))
        refuse_rows(numbers, pl.col(column).is_nan(), path, f"has no number as {column}", listed=table[column])
    return numbers


def refuse_rows(table: pl.DataFrame, bad: pl.Expr, path: Path, complaint: str, listed: pl.Series | None = None) -> None:
    """Raise `PipelineError` for the first row of `table` (column ``row``) where `bad` holds."""
    wrong = table.select(bad.fill_null(value=True).alias("bad"))["bad"].arg_true()
    if len(wrong) == 0:
        return
    position = wrong[0]
    text = str((listed if listed is not None else table["line"])[position])[:80]
    more = f" ({len(wrong) - 1} more rows like it)" if len(wrong) > 1 else ""
    raise PipelineError(f"{path}, row {table['row'][position]} {complaint}: {text!r}{more}.")


def read_network(files: Mapping[str, Path], settings: NetworkSettings) -> RawEdges:
    """Read one network with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, or the files are not the ones that it needs.
    """
    raw: RawEdges = NETWORK_READERS.get(settings.reader).read(settings.reader, files, settings)
    return raw
