"""What a screen measured twice: the same strains again, and other strains with the same genes."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.reporting.figures.ceilings import OTHER, SAME, agreement, draw_reproducibility, repeated_pairs


def observations(rows):
    """Rows of (genes, query, array, value); one screen of fitness at 30 degrees."""
    table = pd.DataFrame(rows, columns=["genes", "query", "array", "value"])
    return table.assign(screen="s", phenotype="fitness", temperature=30.0, repeated=pd.NA)


def values(pairs, kind):
    return pairs.loc[pairs["kind"] == kind, ["first", "second"]].to_numpy().tolist()


def test_a_cross_and_its_reciprocal_are_the_same_strains_and_another_allele_is_not():
    pairs = repeated_pairs(
        observations(
            [
                (["A", "B"], "a1", "b1", 0.5),
                (["A", "B"], "b1", "a1", 0.6),
                (["A", "B"], "a2", "b1", 0.9),
                (["A", "C"], "a1", "c1", 0.1),
            ]
        )
    )
    assert values(pairs, SAME) == [[0.5, 0.6]]
    assert values(pairs, OTHER) == [[0.5, 0.9]]


def test_no_genotype_counts_twice_however_often_it_was_measured():
    pairs = repeated_pairs(observations([(["A"], "a1", None, value) for value in (0.1, 0.2, 0.3, 0.4)]))
    assert values(pairs, SAME) == [[0.1, 0.2]]


def test_a_copy_is_no_repeat_and_another_temperature_no_second_measurement():
    table = observations(
        [(["A"], "a1", None, 0.9), (["A"], "a1", None, 0.9), (["B"], "b1", None, 0.8), (["B"], "b1", None, 0.4)]
    )
    table["repeated"] = pd.array([False, True, False, False], dtype="boolean")
    table.loc[3, "temperature"] = 26.0
    assert repeated_pairs(table).empty


def test_agreement_is_the_share_of_variance_that_repeats_have_in_common():
    """Signal of variance 3, noise of variance 1 in each measurement: an intraclass correlation of 0.75."""
    rng = np.random.default_rng(0)
    signal = rng.normal(scale=3**0.5, size=20_000)
    pairs = pd.DataFrame({"first": signal + rng.normal(size=20_000), "second": signal + rng.normal(size=20_000)})
    assert agreement(pairs) == pytest.approx(0.75, abs=0.02)
    swapped = pairs.rename(columns={"first": "second", "second": "first"})
    assert agreement(swapped) == pytest.approx(agreement(pairs), abs=1e-12)


def test_every_screen_is_shown_with_the_agreement_of_its_repeats():
    rng = np.random.default_rng(1)
    rows = [([f"G{gene}"], f"g{gene}", None, value) for gene in range(20) for value in rng.normal(gene, 0.1, 2)]
    drawn = draw_reproducibility(observations(rows), {})
    assert "the same strains again r = 1.00 (n = 20)" in drawn.alternative
    (legend,) = drawn.figure.axes[0].get_legend().get_texts()
    assert legend.get_text() == "the same strains again\nr = 1.00, n = 20"
    (panel,) = [axes for axes in drawn.figure.axes if axes.axison]
    assert panel.get_xlim() == panel.get_ylim()


def test_a_screen_without_repeats_is_named_as_one():
    drawn = draw_reproducibility(observations([(["A"], "a1", None, 0.9)]), {})
    assert "measured anything twice" in drawn.caption
