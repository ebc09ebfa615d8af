"""Random controls keep everything but which gene has which row."""

import numpy as np

from pipeline_lib.features.matrices import random_features


def table() -> np.ndarray:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 5)).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    values[::4] = np.nan
    return values


def test_rows_are_the_same_and_lie_on_the_same_genes() -> None:
    values, control = table(), random_features(table(), seed=3)
    np.testing.assert_array_equal(np.isnan(values).all(axis=1), np.isnan(control).all(axis=1))
    ordered = [part[np.lexsort(np.nan_to_num(part, nan=9).T)] for part in (values, control)]
    np.testing.assert_array_equal(*ordered)


def test_a_gene_rarely_keeps_its_row_and_the_seed_decides_which() -> None:
    values, control = table(), random_features(table(), seed=3)
    kept = (np.nan_to_num(values) == np.nan_to_num(control)).all(axis=1) & ~np.isnan(values).all(axis=1)
    assert kept.mean() < 0.05
    np.testing.assert_array_equal(control, random_features(table(), seed=3))
    assert not np.array_equal(np.nan_to_num(control), np.nan_to_num(random_features(table(), seed=4)))
