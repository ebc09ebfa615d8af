"""Charts of the page: where values lie on their axes, and names that cover neither points nor each other."""

from itertools import combinations

import pandas as pd
import pytest

from pipeline_lib.reporting.chart import Axis, Chart, Point, SignificanceAxis
from pipeline_lib.reporting.style import height, significance, ticks


def chart(points: list[Point]) -> Chart:
    return Chart("hits", "Hits", "", Axis.over([p.x for p in points], "predicted"), SignificanceAxis.up_to(100), points)


def apart(one, other) -> bool:
    return one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


def test_names_of_genotypes_of_one_significance_do_not_cover_each_other():
    points = [Point(-0.4 + 0.01 * place, 40.0, "model", "", f"YDR169C-A GENE{place}") for place in range(4)]
    points += [Point(0.1, 1.0, "rival", "", "RAD18 RAD55")]
    labels = chart(points).labels
    assert [label.text for label in labels][:2] == ["YDR169C-A GENE0", "YDR169C-A GENE1"]
    assert len(labels) >= 4
    assert all(apart(one.box, other.box) for one, other in combinations(labels, 2))
    assert all(label.box[0] >= 0 and label.box[1] <= 100 for label in labels)
    assert [label.away for label in labels if label.text == "RAD18 RAD55"] == [False]


def test_a_name_without_a_free_place_is_left_out_and_its_point_stays():
    points = [Point(0.0, 5.0, "model", "", "A" * 60), Point(1.0, 50.0, "model", "", "ACT1")]
    assert [label.text for label in chart(points).labels] == ["ACT1"]


def test_ten_times_the_significance_is_as_far_again_and_nothing_is_cut():
    assert height([1.3, 10, 100]).tolist() == pytest.approx([1.3, 10, 20])
    assert ticks(float(height(160))) == [0, 5, 10, 30, 100]
    axis = SignificanceAxis.up_to(167)
    assert 0 < axis.place(12) < axis.place(160) < 100
    assert [text for _, text in axis.ticks] == ["0", "5", "10", "30", "100"]


def test_a_p_value_of_zero_counts_as_the_smallest_other_one():
    assert significance(pd.Series([0.0, 1e-14, 0.1])).tolist() == pytest.approx([14, 14, 1])
    assert significance(pd.Series([1.0])).tolist() == [0]


def test_an_axis_of_counts_has_no_half_things():
    assert [text for _, text in Axis.over([1, 2, 3], "query").ticks] == ["1", "2", "3"]
