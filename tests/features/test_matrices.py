"""Feature tables over the gene index."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.features.matrices import read_feature_matrices


def write(path, genes, **columns):
    table = pd.DataFrame({"gene_index": np.asarray(genes, np.int64), **{k: np.float32(v) for k, v in columns.items()}})
    table.to_parquet(path)
    return path


def test_a_gene_without_a_row_is_missing_and_a_row_keeps_its_values(tmp_path):
    lengths = write(tmp_path / "proteome.parquet", [2, 0], length=[375.0, 100.0], pi=[np.nan, 5.4])
    growth = write(tmp_path / "flux.parquet", [1], growth=[0.5])
    matrices = read_feature_matrices([lengths, growth], num_genes=4)
    assert list(matrices) == ["flux", "proteome"]
    proteome = matrices["proteome"]
    assert proteome.dtype == np.float32
    assert proteome.shape == (4, 2)
    np.testing.assert_array_equal(proteome[:, 0], np.float32([100, np.nan, 375, np.nan]))
    np.testing.assert_array_equal(np.isnan(proteome[:, 1]), [False, True, True, True])


def test_no_feature_tables_give_an_empty_mapping():
    assert read_feature_matrices([], num_genes=4) == {}


def test_a_table_of_another_gene_index_is_refused(tmp_path):
    path = write(tmp_path / "flux.parquet", [7], growth=[0.5])
    with pytest.raises(PipelineError, match="names gene 7 of 4"):
        read_feature_matrices([path], num_genes=4)


def test_two_tables_of_one_name_are_refused(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [write(tmp_path / folder / "flux.parquet", [1], growth=[0.5]) for folder in (".", "other")]
    with pytest.raises(PipelineError, match="two feature tables 'flux'"):
        read_feature_matrices(paths, num_genes=4)


def test_a_gene_that_is_listed_twice_breaks_the_contract(tmp_path):
    path = write(tmp_path / "flux.parquet", [1, 1], growth=[0.5, 0.6])
    with pytest.raises(PipelineError, match="column 'gene_index'"):
        read_feature_matrices([path], num_genes=4)
