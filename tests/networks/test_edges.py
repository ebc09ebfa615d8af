"""One form for every network: gene indices, each edge once, losses counted."""

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.artefacts.schemas import EDGES
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.edges import RawEdges, build_edges
from tests.networks.conftest import ALIASES, GENES, NAMES, gene_table


def raw(*edges: tuple[str, str, float], directed: bool = False) -> RawEdges:
    schema = {"source": pl.String, "target": pl.String, "weight": pl.Float64}
    return RawEdges(pl.DataFrame(list(edges), schema=schema, orient="row"), directed=directed)


def rows(table: pd.DataFrame) -> list[tuple[int, int, float]]:
    return list(table[["source", "target", "weight"]].itertuples(index=False, name=None))


def test_both_directions_of_an_undirected_edge_are_one(genes: pd.DataFrame) -> None:
    edges = build_edges("n", raw(("YBR123C", "YAL001C", 0.4), ("YAL001C", "YBR123C", 0.6)), genes, 0.0)
    assert rows(edges) == [(0, 2, 0.6)]
    assert edges.attrs["losses"]["rows_repeated"] == 1


def test_both_directions_of_a_directed_edge_are_two(genes: pd.DataFrame) -> None:
    both = raw(("YBR123C", "YAL001C", 1.0), ("YAL001C", "YBR123C", 1.0), directed=True)
    edges = build_edges("n", both, genes, 0.0)
    assert rows(edges) == [(0, 2, 1.0), (2, 0, 1.0)]
    assert edges["directed"].all()


def test_standard_names_and_aliases_find_their_gene(genes: pd.DataFrame) -> None:
    edges = build_edges("n", raw(("tfc3", "SRM5", 1.0), ("FUN15", "YKL211C", 1.0)), genes, 0.0)
    assert rows(edges) == [(0, 3, 1.0), (1, 6, 1.0)]


def test_a_standard_name_wins_over_an_alias_and_a_shared_alias_means_nothing(genes: pd.DataFrame) -> None:
    edges = build_edges("n", raw(("TRP2", "CLB2", 1.0), ("SHARED", "CLB2", 1.0)), genes, 0.0)
    assert rows(edges) == [(5, 7, 1.0)]
    assert edges.attrs["losses"]["unknown_genes"] == 1


def test_every_row_is_an_edge_or_a_counted_loss(genes: pd.DataFrame) -> None:
    edges = build_edges(
        "n",
        raw(
            ("YAL001C", "YBR123C", 0.9),
            ("YBR123C", "YAL001C", 0.9),
            ("YAL001C", "YAL001C", 0.9),
            ("YAL001C", "TFC3", 0.9),
            ("YAL001C", "tRNA", 0.9),
            ("tRNA", "snR17", 0.9),
            ("YAL001C", "YAL002W", 0.1),
        ),
        genes,
        0.5,
    )
    assert rows(edges) == [(0, 2, 0.9)]
    assert edges.attrs["losses"] == {
        "rows": 7,
        "unknown_genes": 2,
        "rows_unknown": 2,
        "rows_self": 2,
        "rows_repeated": 1,
        "edges_below_minimum": 1,
    }


def test_a_network_of_another_organism_is_refused(genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="network 'n' has no edge left: of 1 rows 1 name unknown genes"):
        build_edges("n", raw(("b0001", "b0002", 1.0)), genes, 0.0)


NAME = st.sampled_from([*GENES, *NAMES, "FUN15", "unknown", "SHARED", ""])


@given(edges=st.lists(st.tuples(NAME, NAME, st.floats(0, 1)), max_size=40), directed=st.booleans())
def test_the_form_holds_whatever_the_file_lists(edges: list[tuple[str, str, float]], directed: bool) -> None:
    genes = gene_table(GENES, NAMES, ALIASES)
    try:
        table = build_edges("n", raw(*edges, directed=directed), genes, 0.0)
    except PipelineError:
        return
    EDGES.validate(table, "edges")
    losses = table.attrs["losses"]
    assert len(table) == losses["rows"] - losses["rows_unknown"] - losses["rows_self"] - losses["rows_repeated"]
    assert not table.duplicated(["source", "target"]).any()
    assert (table["source"] != table["target"]).all()
    assert directed or (table["source"] < table["target"]).all()
    assert table.equals(build_edges("n", raw(*reversed(edges), directed=directed), genes, 0.0))
