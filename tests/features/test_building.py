"""Names to gene indices, rows of one gene, columns that say nothing."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.features.building import RawFeatures, build_features


def raw(names: list[str], merged: bool = False, **columns: list[float | None]) -> RawFeatures:
    values = pl.DataFrame({name: pl.Series(column, dtype=pl.Float64) for name, column in columns.items()})
    rows = pl.arange(2, len(names) + 2, eager=True)
    return RawFeatures(pl.Series(names, dtype=pl.String), values, {}, rows, merged_genes=merged)


def test_systematic_standard_and_alias_names_mean_their_gene(genes: pd.DataFrame) -> None:
    table = build_features("own", raw(["cdc28", "YAL001C", "FUN15"], x=[1.0, 2.0, 3.0]), genes)
    assert table["gene_index"].tolist() == [0, 1, 3]
    assert table["x"].tolist() == [2.0, 3.0, 1.0]
    assert table["x"].dtype == np.float32


def test_unknown_and_ambiguous_names_are_dropped_and_counted(genes: pd.DataFrame) -> None:
    table = build_features("own", raw(["TFC3", "VPS8", "SHARED", "tRNA"], x=[1.0, 2.0, 3.0, 4.0]), genes)
    assert table["gene_index"].tolist() == [0, 1]
    assert table.attrs["losses"]["unknown_genes"] == 2


def test_a_name_wins_over_another_genes_alias(genes: pd.DataFrame) -> None:
    table = build_features("own", raw(["TRP2", "TFC3"], x=[1.0, 2.0]), genes)
    assert table["gene_index"].tolist() == [0, genes.index[genes["name"] == "TRP2"][0]]


def test_one_gene_under_two_names_is_refused_with_both_rows(genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match=r"rows 2 \('TFC3'\) and 4 \('FUN24'\) mean one gene; keep one row a gene"):
        build_features("own", raw(["TFC3", "VPS8", "FUN24"], x=[1.0, 2.0, 3.0]), genes)


def test_of_merged_reading_frames_the_genes_own_name_wins(genes: pd.DataFrame) -> None:
    table = build_features("gfp", raw(["FUN24", "TFC3", "VPS8"], True, x=[9.0, 1.0, 2.0]), genes)
    assert table["x"].tolist() == [1.0, 2.0]
    assert table.attrs["losses"]["rows_merged"] == 1


def test_rows_under_names_of_one_rank_are_averaged(genes: pd.DataFrame) -> None:
    table = build_features("gfp", raw(["TFC3", "YAL001C", "VPS8"], True, x=[1.0, 3.0, 0.0]), genes)
    assert table["x"].tolist() == [2.0, 0.0]


def test_constant_and_empty_columns_are_dropped_and_counted(genes: pd.DataFrame) -> None:
    table = build_features(
        "own", raw(["TFC3", "VPS8"], same=[7.0, 7.0], one=[None, 3.0], none=[None, None], x=[0.0, 1.0]), genes
    )
    assert list(table) == ["gene_index", "x"]
    assert table.attrs["losses"]["columns_constant"] == 3


def test_a_table_of_constant_columns_is_refused(genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="none of its 1 columns differs between the 2 genes"):
        build_features("own", raw(["TFC3", "VPS8"], same=[7.0, 7.0]), genes)


def test_missing_values_stay_missing_and_a_gene_without_any_has_no_row(genes: pd.DataFrame) -> None:
    table = build_features("own", raw(["TFC3", "VPS8", "TFC1"], x=[1.0, None, 2.0], y=[None, None, 3.0]), genes)
    assert table["gene_index"].tolist() == [0, 2]
    assert table.loc[0, "x"] == 1.0


def test_genes_of_another_organism_are_refused_with_their_names(genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match=r"none of the 2 genes is in the gene table of 8.*'b0001'"):
        build_features("own", raw(["b0001", "b0002"], x=[1.0, 2.0]), genes)


def test_a_number_beyond_32_bits_is_refused_by_its_column(genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="column 'x' holds 1e\\+300, too large"):
        build_features("own", raw(["TFC3", "VPS8"], x=[1e300, 1.0]), genes)
