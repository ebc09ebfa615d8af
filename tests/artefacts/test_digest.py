"""Equal content has one hash, whatever holds it; any value, shape, name or order that differs has another."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline_lib.artefacts.tables import update_digest

TABLE = pd.DataFrame(
    {"genes": [np.array([1, 2]), np.array([3]), None], "method": ["fba", "moma", "fba"], "fitness": [1.0, 0.5, np.nan]}
)


def hashed(part):
    digest = hashlib.sha256()
    update_digest(digest, part)
    return digest.hexdigest()


def test_lists_and_arrays_of_equal_values_and_any_index_have_one_hash():
    as_lists = TABLE.assign(genes=[[1, 2], [3], None]).set_axis([7, 8, 9])
    assert hashed(as_lists) == hashed(TABLE)
    assert hashed(torch.arange(4.0)) == hashed(np.arange(4.0, dtype=np.float32))


@pytest.mark.parametrize(
    "other",
    [
        TABLE.assign(genes=[np.array([1]), np.array([2, 3]), None]),
        TABLE.assign(method=["fba", "fba", "fba"]),
        TABLE.assign(fitness=[1.0, 0.5, 0.0]),
        TABLE.rename(columns={"fitness": "growth"}),
        TABLE.iloc[::-1],
        TABLE.iloc[:2],
    ],
)
def test_another_value_name_or_order_has_another_hash(other):
    assert hashed(other) != hashed(TABLE)


def test_shape_and_kind_of_numbers_count():
    values = np.arange(6.0)
    assert len({hashed(part) for part in (values, values.reshape(2, 3), values.astype(np.float32))}) == 3
    assert hashed({"a": values, "b": values}) == hashed({"b": values, "a": values})
    assert hashed({"a": values}) != hashed({"b": values})
