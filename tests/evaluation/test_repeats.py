"""Which rows repeat each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.evaluation.ceilings.reliability import (
    Repeats,
    find_repeats,
    joint_codes,
    order_weights,
    raw_queries,
    repeats,
)
from pipeline_lib.evaluation.measurements import Measurements


def _raw_repeats(data: Measurements) -> dict[str, Repeats]:
    return find_repeats(data, raw_queries(data))


@pytest.mark.parametrize(
    ("second", "method"),
    [
        ({}, "replicates"),
        ({"array": [f"H{code}_dma2" for code in range(20)]}, "repeated_genotypes"),
        (
            {"array": [f"H{code}_damp2" for code in range(20)], "kinds": [["deletion", "damp"]] * 20},
            "alleles",
        ),
    ],
)
def test_rows_are_distinguished_by_what_repeats(
    measure: Callable, twins: Callable, second: dict[str, Any], method: str
) -> None:
    found = _raw_repeats(measure(twins(20, **second)))
    assert list(found) == [method]
    assert found[method].groups == 20
    assert len(found[method].rows) == 40


def test_another_temperature_is_another_measurement(measure: Callable, twins: Callable) -> None:
    assert not _raw_repeats(measure(twins(20, temperature=30.0)))


def test_a_swapped_cross_repeats_the_genotype_but_within_another_query(measure: Callable, twins: Callable) -> None:
    swapped = {"query": [f"H{code}_sn1" for code in range(20)], "array": [f"G{code}_dma1" for code in range(20)]}
    data = measure(twins(20, **swapped))
    assert list(_raw_repeats(data)) == ["repeated_genotypes"]
    assert not find_repeats(data, data.genotypes.query)


def test_raw_interactions_of_one_triple_repeat_only_with_the_same_query(measure: Callable, observe: Callable) -> None:
    """epsilon of query AB and array C is not epsilon of query AC and array B; tau is one number."""
    triples = [(f"A{code}", f"B{code}", f"C{code}") for code in range(20)]
    others = [(a, b, f"D{code}") for code, (a, b, _) in enumerate(triples)]
    swapped = [(a, c, f"E{code}") for code, (a, _, c) in enumerate(triples)]

    def crossed(sets: list[tuple[str, str, str]], query: str) -> pd.DataFrame:
        names = [f"{a}+{b}_{query}" for a, b, _ in sets]
        return observe(sets, np.zeros(20), query=names, array=[f"{c}_dma" for *_, c in sets])

    frame = pd.concat(
        [
            crossed(triples, "tm1"),
            crossed(others, "tm1"),
            crossed([(a, c, b) for a, b, c in triples], "tm2"),
            crossed(swapped, "tm2"),
        ]
    )
    assert list(_raw_repeats(measure(frame))) == ["repeated_genotypes"]
    assert not _raw_repeats(measure(frame.assign(phenotype="raw_interaction")))


def test_orders_weigh_as_in_the_whole_screen() -> None:
    # 80 pairs and 20 triples; 20 pairs and 10 triples were made twice.
    order = np.repeat([2, 3], [80, 20])
    rows = np.append(np.arange(40), np.arange(80, 100))
    found = repeats(np.repeat(np.arange(30), 2), rows)
    weight = order_weights(order, found)
    assert weight is not None
    # Degrees of freedom are 20 and 10, so errors are averaged by 0.8 and 0.2.
    assert weight[:40].sum() / weight[40:].sum() == pytest.approx((0.8 / 20 * 40) / (0.2 / 10 * 20))
    assert order_weights(np.repeat([2, 3], [80, 20]), repeats(np.repeat(np.arange(20), 2), np.arange(40))) is None


def test_joint_codes_tell_every_combination_apart() -> None:
    codes = joint_codes(np.array([1, 1, 2, 2, 1]), np.array(["a", "b", "a", "b", "a"]))
    assert codes[0] == codes[4]
    assert len(np.unique(codes)) == 4
