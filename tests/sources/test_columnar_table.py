"""Typed columns of every type that means numbers or text."""

import datetime as dt
import decimal
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather, ipc

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.own_table import columnar_header, read_columnar
from pipeline_lib.sources.row_block import Column, Rejections, RowBlock

COLUMNS = {"gene": Column(("gene",), "names"), "value": Column(("score",), "number")}


def parquet(path: Path, gene: pa.Array, score: pa.Array) -> tuple[RowBlock, Rejections]:
    pq.write_table(pa.table({"gene": gene, "score": score}), path)
    rejections = Rejections(path)
    return read_columnar(path, COLUMNS, rejections), rejections


@pytest.mark.parametrize(
    "score",
    [
        pa.array([1, None], pa.int8()),
        pa.array([1, None], pa.uint64()),
        pa.array([1, None], pa.float32()),
        pa.array([decimal.Decimal("1.00"), None]),
        pa.array([1, None]).dictionary_encode(),
        pa.array(["1", "-"]),
        pa.array(["1.0", None], pa.large_string()).dictionary_encode(),
    ],
)
def test_numbers_of_every_type_are_numbers(score: pa.Array, tmp_path: Path) -> None:
    block, _ = parquet(tmp_path / "t.parquet", pa.array(["TFC3", "SLA1"]), score)
    np.testing.assert_array_equal(block.number("value"), [1, np.nan])


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        (pa.array(["TFC3", None]), ["TFC3", ""]),
        (pa.array(["TFC3", None], pa.large_string()), ["TFC3", ""]),
        (pa.array(["TFC3", None]).dictionary_encode(), ["TFC3", ""]),
        (pa.array([["TFC3", "SLA1"], None]), ["TFC3+SLA1", ""]),
        (pa.array([["TFC3", None], []], pa.large_list(pa.large_string())), ["TFC3+", ""]),
        (pa.array([855, None]), ["855", ""]),
        (pa.array([dt.date(2022, 10, 1), None]), ["2022-10-01", ""]),
    ],
)
def test_names_of_every_type_are_text(gene: pa.Array, expected: list[str], tmp_path: Path) -> None:
    block, _ = parquet(tmp_path / "t.parquet", gene, pa.array([1.0, 2.0]))
    assert block.text("gene").to_pylist() == expected


def test_text_that_is_no_number_is_rejected_with_its_row(tmp_path: Path) -> None:
    block, rejections = parquet(tmp_path / "t.parquet", pa.array(["TFC3"] * 3), pa.array(["0.5", "1_000", "0.25"]))
    assert block.number("value").tolist() == [0.5, 0.25]
    assert rejections.rows == [2]


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (pa.array(["low", "high"]), "column 'score' is string, not number"),
        (pa.array([True, False]), "column 'score' is bool, not number"),
        (pa.array([dt.date(2022, 10, 1)] * 2), "column 'score' is date32"),
        (pa.array(["0,5", "0.5"]), "has commas .* and points"),
    ],
)
def test_a_column_of_another_type_is_refused_by_name(score: pa.Array, message: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=message):
        parquet(tmp_path / "t.parquet", pa.array(["TFC3", "SLA1"]), score)


@pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning")
def test_feather_of_both_versions_and_arrow_streams_are_read(tmp_path: Path) -> None:
    table = pa.table({"gene": ["TFC3"], "score": [1e-12]})
    written: dict[str, bytes] = {}
    for name, options in (("one", {"version": 1}), ("two", {}), ("two_plain", {"compression": "uncompressed"})):
        content = io.BytesIO()
        feather.write_feather(table, content, **options)
        written[name] = content.getvalue()
    content = io.BytesIO()
    with ipc.new_stream(content, table.schema) as stream:
        stream.write_table(table)
    written["stream"] = content.getvalue()
    for name, data in written.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert read_columnar(path, COLUMNS, Rejections(path)).number("value").tolist() == [1e-12]
        columnar_header(path, COLUMNS)
        path.write_bytes(data[:-40])
        with pytest.raises(PipelineError, match="truncated or damaged"):
            read_columnar(path, COLUMNS, Rejections(path))
