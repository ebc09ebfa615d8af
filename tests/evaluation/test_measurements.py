"""The observations as arrays."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.measurements import gene_share, read_measurements, two_sided


def test_a_one_sided_p_value_is_doubled_and_a_two_sided_one_is_not() -> None:
    assert two_sided(np.array([0.01, 0.01, 0.5]), np.array([1.0, 2.0, 1.0])).tolist() == [0.02, 0.01, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1), st.sampled_from([1.0, 2.0]))
def test_a_two_sided_p_value_is_a_probability_and_never_below_the_released_one(
    released: list[float], sides: float
) -> None:
    both = two_sided(np.array(released), np.full(len(released), sides))
    assert (both >= np.array(released)).all()
    assert (both <= 1).all()


def test_released_p_values_of_a_null_screen_are_uniform_once_doubled(measure: Callable, observe: Callable) -> None:
    released = (np.arange(1000) + 0.5) / 2000
    data = measure(observe([("A", "B")] * 1000, np.zeros(1000), p_value=released, p_sided=1))
    assert data.p_released.max() < 0.5
    counts, _ = np.histogram(data.p_value, bins=10, range=(0, 1))
    assert counts.tolist() == [100] * 10


def test_an_e_map_is_symmetric_and_a_query_by_array_screen_is_not(
    measure: Callable, emap: Callable, crosses: Callable
) -> None:
    data = measure(emap(6), crosses(3, 4))
    assert data.symmetric[:15].all()
    assert not data.symmetric[15:].any()


def test_a_damp_allele_is_altered_and_a_deletion_is_not(measure: Callable, observe: Callable) -> None:
    kinds = [["deletion", "deletion"], ["damp", "deletion"], ["unspecified", "deletion"], ["ts", "ts"]]
    data = measure(observe([("A", "B")] * 4, np.zeros(4), kinds=kinds))
    assert data.altered.tolist() == [False, True, False, True]


def test_the_share_of_metabolic_genes_ignores_absent_genes() -> None:
    genes = np.array([[0, 1, 2], [0, -1, -1], [1, 2, -1]])
    assert gene_share(genes, np.array([True, True, False])).tolist() == pytest.approx([2 / 3, 1, 0.5])


def test_a_table_without_p_values_is_refused_in_one_sentence(
    tmp_path: object, table: Callable, observe: Callable
) -> None:
    frame = table(observe([("A", "B")], [0.1]))
    path = tmp_path / "observations.parquet"  # type: ignore[operator]
    write_table(frame.drop(columns="p_value"), path)
    with pytest.raises(PipelineError, match=r"lacks the column\(s\) p_value"):
        read_measurements(path)


def test_a_gene_outside_the_index_is_named(tmp_path: object, table: Callable, observe: Callable) -> None:
    path = tmp_path / "observations.parquet"  # type: ignore[operator]
    write_table(table(observe([("A", "B")], [0.1])), path, OBSERVATIONS)
    with pytest.raises(PipelineError, match="gene 'B' is not in the gene index"):
        read_measurements(path, pd.DataFrame({"gene_index": [0], "gene": ["A"]}))
