"""Drawings lose bytes on their way into the page, and nothing that an eye sees."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.reporting.small_svg import small_svg

numbers = re.compile(r"-?\d+(?:\.\d+)?")


def test_a_drawing_keeps_its_elements_and_loses_bytes(run_folder) -> None:
    for path in sorted((run_folder / "figures").glob("*.svg")):
        text = path.read_text(encoding="utf-8")
        small = small_svg(text)
        assert len(small) < len(text)
        before, after = (ET.fromstring(content) for content in (text, small))  # noqa: S314 - drawn a moment ago
        assert [element.tag for element in before.iter()] == [element.tag for element in after.iter()]


@given(st.lists(st.tuples(st.floats(-900, 900), st.floats(-900, 900)), min_size=1))
def test_no_point_moves_by_more_than_a_hundredth(points) -> None:
    path = " L ".join(f"{x:.6f} {y:.6f}" for x, y in points)
    small = small_svg(f'<svg><path d="M {path}" transform="scale(0.015625)"/></svg>')
    assert "scale(0.015625)" in small
    drawn = small.split('"')[1]
    moved = [abs(float(a) - float(b)) for a, b in zip(numbers.findall(path), numbers.findall(drawn), strict=True)]
    assert max(moved) <= 0.005001


def test_words_are_left_alone() -> None:
    words = "<svg><title>d = 0.123456\nL 1.23456</title></svg>"
    assert small_svg(words) == words.replace("\n", " ")
