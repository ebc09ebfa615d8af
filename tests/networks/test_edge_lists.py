"""Edge lists: BIONIC's inputs and a user's own table."""

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.layouts import read_edge_list, read_edge_table
from tests import table_files
from tests.networks.conftest import GENES


def test_a_list_without_weights_weighs_every_edge_1(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("YAL001C YBR123C\nYAL001C\tYDR362C\n\n")
    raw = read_edge_list(tmp_path / "list.txt")
    assert list(raw.table.iter_rows()) == [("YAL001C", "YBR123C", 1.0), ("YAL001C", "YDR362C", 1.0)]


@pytest.mark.parametrize(
    "text",
    [
        "A B 0.5\nA C 0.25\n",
        "A\tB\t0,5\nA\tC\t0,25\n",
        "A;B;0,5\nA;C;0,25\n",
        "A,B,0.5\nA,C,0.25\n",
        "A, B, 0.5\r\nA, C, 0.25\r\n",
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_list_is_the_same_with_every_separator_packing_and_encoding(
    tmp_path: Path, text: str, pack: Callable[[bytes], bytes], encoding: str
) -> None:
    (tmp_path / "list").write_bytes(pack(text.encode(encoding)))
    assert list(read_edge_list(tmp_path / "list").table.iter_rows()) == [("A", "B", 0.5), ("A", "C", 0.25)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("A B 0.5\nA C\n", "row 2 does not have 3 fields"),
        ("A B\nA C 0.5\n", "row 2 does not have 2 fields"),
        ("A B 0.5\nA C inf\n", "row 2 has no number as weight: 'inf'"),
        ("A B 0.5 x\n", "row 1 has 4 fields"),
        ("A B 0.5\nA C 1_000\n", "row 2 has no number as weight: '1_000'"),
        ("A B 0.5\nA C -\n", "row 2 has no number as weight: '-'"),
        ("", "holds no rows"),
        ("\n", "row 1 has 0 fields"),
    ],
)
def test_a_fault_of_a_list_is_named_with_its_row(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(PipelineError, match=complaint):
        read_edge_list(tmp_path / "list.txt")


def test_a_binary_file_is_no_list(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00", b"A B\x00\x01 0.5\n", b"PAR1....", b"A\x07B 0.5"):
        (tmp_path / "list.txt").write_bytes(content)
        with pytest.raises(PipelineError, match=r"begins as UTF-16 but is damaged|binary|Parquet|no text file"):
            read_edge_list(tmp_path / "list.txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.csv", b"source;target;weight\nYAL001C;TFC1;0.5\n"),
        ("own.txt", b"source,target,weight\nYAL001C,TFC1,0.5\n"),
        ("own.csv", "\ufeffsource,target,weight\r\nYAL001C,TFC1,0.5\r\n".encode()),
        ("own.tsv", "source\ttarget\tweight\tnote\nYAL001C\tTFC1\t0.5\t30 °C\n".encode("cp1252")),
        ("own.tsv", "source\ttarget\tweight\nYAL001C\tTFC1\t0.5\n".encode("utf-16")),
    ],
)
def test_separators_and_encodings_of_spreadsheets_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    raw = read_edge_table(tmp_path / name, {}, directed=False)
    assert list(raw.table.iter_rows()) == [("YAL001C", "TFC1", 0.5)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    edges=st.lists(
        st.tuples(st.sampled_from(GENES), st.sampled_from(GENES), st.floats(-1e6, 1e6)), min_size=1, max_size=30
    )
)
@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_what_a_user_writes_is_what_is_read(tmp_path: Path, ending: str, edges: list) -> None:
    table = pd.DataFrame(edges, columns=["regulator", "regulated", "strength"])
    path = tmp_path / f"own.{ending}"
    if ending == "parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, sep="," if ending == "csv" else "\t", index=False)
    columns = {"source": "regulator", "target": "regulated", "weight": "strength"}
    raw = read_edge_table(path, columns, directed=True)
    assert list(raw.table.iter_rows()) == edges
    assert raw.directed


EDGES = [("YAL001C", "YBR123C", 0.1), ("YAL001C", "YDR362C", 1e-12), ("YBR123C", "YDR362C", 1234.567890123456)]


@pytest.mark.parametrize("kind", table_files.KINDS)
def test_the_same_edges_are_read_from_every_kind_of_file_whatever_its_name(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame(EDGES, columns=["source", "target", "weight"])
    path = table_files.write(frame, kind, tmp_path / "own.tab")
    assert list(read_edge_table(path, {}, directed=False).table.iter_rows()) == EDGES


def test_a_weight_that_is_not_finite_is_refused_in_typed_columns_too(tmp_path: Path) -> None:
    frame = pd.DataFrame([("A", "B", 1.0), ("A", "C", np.inf)], columns=["source", "target", "weight"])
    frame.to_parquet(tmp_path / "own")
    with pytest.raises(PipelineError, match="row 2: column 'weight' holds 'inf'"):
        read_edge_table(tmp_path / "own", {}, directed=False)


def test_rows_of_delimiters_below_a_table_are_no_edges(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("source,target,weight\nYAL001C,YBR123C,0.5\n,,\n,,\n")
    assert read_edge_table(tmp_path / "own.csv", {}, directed=False).table.height == 1


def test_a_table_with_our_column_names_needs_no_description(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("target,source,note\nYAL001C,YBR123C,=1+1\n")
    raw = read_edge_table(tmp_path / "own.csv", {}, directed=False)
    assert list(raw.table.iter_rows()) == [("YBR123C", "YAL001C", 1.0)]


@pytest.mark.parametrize(
    ("text", "columns", "complaint"),
    [
        ("a,b\n1,2\n", {}, "there is no column 'source'; the header has: 'a', 'b'"),
        ("source,target\nx,y\n", {"weight": "score"}, "there is no column 'score'"),
        ("source,target\nx,y\n", {"wieght": "score"}, "unknown role 'wieght'"),
        ("source,target\nx,y\n,y\n", {}, "row 3 has no source"),
        ("source,target,weight\nx,y,1\nx,y,\n", {}, "row 3 has no number as weight"),
        ("source,target\nx,y,z\n", {}, "row 2: 3 fields where there should be 2"),
        ("", {}, "holds no rows"),
        ("source,target,weight\nx,y,1\nx,y,1_000\nx,y,b\n", {}, "row 3: column 'weight' holds '1_000'.*1 more rows"),
        ('source,target,weight\nx,y,"0,5"\n', {}, "row 2: column 'weight' holds '0,5', which is no number"),
    ],
)
def test_a_fault_of_a_table_is_named(tmp_path: Path, text: str, columns: dict[str, str], complaint: str) -> None:
    (tmp_path / "own.csv").write_text(text)
    with pytest.raises(PipelineError, match=complaint):
        read_edge_table(tmp_path / "own.csv", columns, directed=False)


def test_columns_named_like_our_own_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("row,line,source,target,weight\n9,x,YAL001C,YBR123C,0.5\n")
    raw = read_edge_table(tmp_path / "own.csv", {}, directed=False)
    assert list(raw.table.iter_rows()) == [("YAL001C", "YBR123C", 0.5)]


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"source": [["YAL001C"]], "target": ["YBR123C"]}).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(PipelineError, match="column 'source' is list"):
        read_edge_table(tmp_path / "own.parquet", {}, directed=False)


def test_a_truncated_parquet_table_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"source": GENES, "target": GENES}).to_parquet(tmp_path / "own.parquet")
    content = (tmp_path / "own.parquet").read_bytes()
    (tmp_path / "own.parquet").write_bytes(content[:-20])
    with pytest.raises(PipelineError, match="truncated or damaged"):
        read_edge_table(tmp_path / "own.parquet", {}, directed=False)


@pytest.mark.mirror
def test_the_published_lists_have_their_published_sizes(mirror: Path) -> None:
    # Krogan et al. 2006 report 7,123 interactions among 2,708 proteins; BIONIC's list has 7,075.
    krogan = read_edge_list(mirror / "bionic" / "Krogan-2006.txt").table
    assert len(krogan) == 7_075
    assert krogan["weight"].unique().to_list() == [1.0]
    # TFIIIC: TFC3 with TFC1 and TFC6.
    partners = set(krogan.filter(krogan["source"] == "YAL001C")["target"])
    assert {"YBR123C", "YDR362C"} <= partners
    hu = read_edge_list(mirror / "bionic" / "Hu-2007.txt").table
    assert len(hu) == 14_826
    assert hu["weight"].is_between(0, 1).all()
