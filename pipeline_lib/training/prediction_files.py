"""Write a table of predictions as parquet, csv or tsv, batch by batch."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.training.prediction_table import plain

STDOUT = Path("-")
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}

REPEATING = [
    "genes.list.element",
    "names.list.element",
    "order",
    "phenotype",
    "screen",
    "unit",
    "genes_seen",
    "fold",
]
"""Columns of few distinct values; to look for them among predictions would take as long as to write them."""

Write = Callable[[pa.RecordBatch], None]


def refuse_unknown_suffix(output: Path) -> None:
    """Refuse an output whose suffix is of no kind that can be written.

    Raises
    ------
    PipelineError
        When it is neither ``-`` nor ends in .parquet, .csv, .tsv or .txt.
    """
    if output != STDOUT and output.suffix.lower() not in {".parquet", *DELIMITERS}:
        raise PipelineError(
            f"{output}: predictions are written as .parquet, .csv, .tsv or .txt (tabs), not '{output.suffix}'; choose "
            "one of these suffixes, or '-' for csv on the standard output."
        )


@contextmanager
def prediction_writer(output: Path, *, as_json: bool = False) -> Iterator[Write]:
    """Yield what writes batches of `SCHEMA` to `output`, which appears whole at the end; ``-`` is the standard output.

    In text the genes of a genotype are joined by ``+``, and what is not known is empty. With `as_json` the standard
    output gets one JSON object a line.

    Raises
    ------
    PipelineError
        When the suffix is unknown, or the file cannot be written.
    """
    refuse_unknown_suffix(output)
    if output == STDOUT:
        yield _json_writer(sys.stdout.buffer) if as_json else _text_writer(sys.stdout.buffer, ",")
        sys.stdout.buffer.flush()
        return
    with atomic_path(output) as temporary:
        if output.suffix.lower() == ".parquet":
            with ExitStack() as opened:
                yield _parquet_writer(temporary, opened)
        else:
            with temporary.open("wb") as stream:
                yield _text_writer(stream, DELIMITERS[output.suffix.lower()])


def _parquet_writer(path: Path, opened: ExitStack) -> Write:
    writer: pq.ParquetWriter | None = None

    def write(batch: pa.RecordBatch) -> None:
        nonlocal writer
        if writer is None:
            # Readers find text in the file; that it came encoded is no business of theirs.
            writer = pq.ParquetWriter(
                path,
                batch.schema,
                compression="zstd",
                store_schema=False,
                use_dictionary=REPEATING,
                write_statistics=False,
            )
            opened.enter_context(writer)
        writer.write_batch(batch)

    return write


def _text_writer(stream: BinaryIO, delimiter: str) -> Write:
    started = False

    def write(batch: pa.RecordBatch) -> None:
        nonlocal started
        import polars as pl

        frame = pl.DataFrame(pl.from_arrow(plain([batch]))).with_columns(pl.col("genes", "names").list.join("+"))
        # Written by Python, whose errors (a full disk, a closed pipe) the command line knows.
        stream.write(frame.write_csv(separator=delimiter, include_header=not started).encode())
        started = True

    return write


def _json_writer(stream: BinaryIO) -> Write:
    def write(batch: pa.RecordBatch) -> None:
        import polars as pl

        stream.write(pl.DataFrame(pl.from_arrow(plain([batch]))).write_ndjson().encode())

    return write
