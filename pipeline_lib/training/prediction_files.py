"""Write a table of predictions as parquet, csv or tsv, batch by batch."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.training.prediction_table import SCHEMA

STDOUT = Path("-")
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}

Write = Callable[[pa.RecordBatch], None]


def refuse_unknown_suffix(output: Path) -> None:
    """Refuse an output whose kind cannot be told by its suffix.

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
def prediction_writer(output: Path) -> Iterator[Write]:
    """Yield what writes batches of `SCHEMA` to `output`, which appears whole at the end; ``-`` is the standard output.

    In text the genes of a genotype are joined by ``+``, and what is not known is empty.

    Raises
    ------
    PipelineError
        When the suffix is unknown, or the file cannot be written.
    """
    refuse_unknown_suffix(output)
    if output == STDOUT:
        yield _text_writer(sys.stdout.buffer, ",")
        sys.stdout.buffer.flush()
        return
    with atomic_path(output) as temporary:
        if output.suffix.lower() == ".parquet":
            with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
                yield writer.write_batch
        else:
            with temporary.open("wb") as stream:
                yield _text_writer(stream, DELIMITERS[output.suffix.lower()])


def _text_writer(stream: BinaryIO, delimiter: str) -> Write:
    started = False

    def write(batch: pa.RecordBatch) -> None:
        nonlocal started
        import polars as pl

        frame = pl.DataFrame(pl.from_arrow(batch)).with_columns(pl.col("genes", "names").list.join("+"))
        frame.write_csv(stream, separator=delimiter, include_header=not started)
        started = True

    return write
