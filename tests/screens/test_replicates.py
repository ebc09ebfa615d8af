"""Replicates are numbered in the order in which they come."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.screens.strain_pairs import PairReplicates, repeated_values, replicate_numbers

KEYS = st.lists(st.integers(-3, 3), max_size=40)


@given(KEYS)
def test_a_replicates_number_is_how_often_its_key_came_before(keys: list[int]) -> None:
    expected = [keys[:row].count(key) for row, key in enumerate(keys)]
    assert replicate_numbers(np.array(keys, dtype=np.int64)).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40), st.integers(1, 10))
def test_pairs_are_numbered_across_batches_and_in_both_directions(pairs: list[tuple[int, int]], batch: int) -> None:
    replicates = PairReplicates(genes=5)
    array = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    numbers = [n for start in range(0, len(pairs), batch) for n in replicates.number(array[start : start + batch])]
    unordered = [frozenset(pair) for pair in pairs]
    assert numbers == [unordered[:row].count(pair) for row, pair in enumerate(unordered)]


def test_a_copy_has_the_same_key_value_and_sd() -> None:
    keys = np.array([1, 1, 2, 1, 1, 1])
    value = np.array([0.5, 0.5, 0.5, 0.5, 0.6, 0.5])
    std = np.array([0.1, 0.1, 0.1, 0.2, 0.1, np.nan])
    assert repeated_values(keys, value, std).tolist() == [False, True, False, False, False, False]


def test_without_an_sd_an_equal_value_is_no_copy() -> None:
    keys, value = np.array([1, 1]), np.array([1.0, 1.0])
    assert not repeated_values(keys, value, np.full(2, np.nan)).any()
