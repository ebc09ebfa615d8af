"""Principal components of tables with missing values."""

import numpy as np

from pipeline_lib.features.matrices import principal_components


def test_one_hidden_cause_of_many_columns_is_the_first_component() -> None:
    rng = np.random.default_rng(0)
    cause = rng.normal(size=300)
    values = (cause[:, None] * rng.uniform(0.5, 2, 40) + rng.normal(size=(300, 40))).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    first = principal_components(values, 3)[:, 0]
    assert np.corrcoef(first, cause)[0, 1] > 0.9
    assert np.isclose(first.std(), 1, atol=1e-4)


def test_a_narrow_table_is_standardised_and_a_gene_without_features_is_average() -> None:
    values = np.array([[1, 10], [3, 30], [np.nan, np.nan]], dtype=np.float32)
    np.testing.assert_allclose(principal_components(values, 5), [[-1, -1], [1, 1], [0, 0]])
