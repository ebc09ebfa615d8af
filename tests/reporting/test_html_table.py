"""Tables of the page: what is shown, what is exported, what is filtered by."""

import numpy as np
import pandas as pd

from pipeline_lib.reporting.html_table import html_table


def test_shown_with_three_digits_exported_in_full():
    table = html_table("t", "T", pd.DataFrame({"value": [1 / 3]}))
    (cell,) = table.rows[0]
    assert cell.text == "0.333"
    assert float(cell.value) == 1 / 3
    assert cell.number


def test_a_value_that_its_text_tells_is_carried_once():
    frame = pd.DataFrame({"n": [1200], "model": ["clp"], "value": [0.5], "gap": [np.nan]})
    assert [cell.carried for cell in html_table("t", "T", frame).rows[0]] == [None, None, "0.5", ""]


def test_long_words_are_given_width():
    frame = pd.DataFrame(
        {"assumption": ["short", "a sentence that goes on for longer than a narrow column could bear " * 2]}
    )
    assert [row[0].style for row in html_table("t", "T", frame).rows] == ["", "w"]


def test_gaps_are_dashes_and_empty_in_the_export():
    frame = pd.DataFrame({"f": [np.nan, 1.0], "i": pd.array([None, 1200], dtype="Int64"), "s": [None, "a"]})
    first, second = html_table("t", "T", frame).rows
    assert [cell.text for cell in first] == ["–", "–", ""]
    assert [cell.value for cell in first] == ["", "", ""]
    assert [cell.text for cell in second] == ["1.000", "1,200", "a"]


def test_flags_are_words_and_lists_are_shown():
    frame = pd.DataFrame({"held": [True, False], "genes": [["a", "b"], []]})
    assert [[cell.text for cell in row] for row in html_table("t", "T", frame).rows] == [
        ["yes", "['a', 'b']"],
        ["no", "[]"],
    ]


def test_filters_list_every_value_once():
    frame = pd.DataFrame({"split": ["b", "a", "b"], "n": [1, 2, 3]})
    (filtered,) = html_table("t", "T", frame, filters={"split": "a"}).filters
    assert (filtered.column, filtered.options, filtered.chosen) == (0, ["a", "b"], "a")


def test_links_are_told_row_by_row():
    frame = pd.DataFrame({"gene": ["ACT1", "b0001"]})
    rows = html_table("t", "T", frame, links={"gene": ["https://example.org/ACT1", ""]}).rows
    assert [row[0].link for row in rows] == ["https://example.org/ACT1", ""]
