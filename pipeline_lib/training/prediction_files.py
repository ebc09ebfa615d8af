"""Write a table of predictions as parquet, csv or tsv, batch by batch."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
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
        with _text_writer(sys.stdout.buffer, ",") as write:
            yield write
        sys.stdout.buffer.flush()
        return
    with atomic_path(output) as temporary:
        if output.suffix.lower() == ".parquet":
            with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
                yield writer.write_batch
        else:
            with _text_writer(temporary, DELIMITERS[output.suffix.lower()]) as write:
                yield write


@contextmanager
def _text_writer(where: object, delimiter: str) -> Iterator[Write]:
    schema = pa.schema([field.with_type(pa.string()) if pa.types.is_list(field.type) else field for field in SCHEMA])
    options = pyarrow.csv.WriteOptions(delimiter=delimiter, quoting_style="needed", quoting_header="none")
    with pyarrow.csv.CSVWriter(where, schema, write_options=options) as writer:

        def write(batch: pa.RecordBatch) -> None:
            columns = [
                pc.binary_join(column, "+") if pa.types.is_list(column.type) else column for column in batch.columns
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))

        yield write
