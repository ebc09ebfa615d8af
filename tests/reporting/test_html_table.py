"""Tables of the page: what is shown, what is exported, what is filtered by."""

import base64
import gzip
import json
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.reporting.html import FIRST, HtmlTable, html_table


def unpacked(table: HtmlTable) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(table.data)))


def test_shown_with_three_digits_exported_in_full():
    table = html_table("t", "T", pd.DataFrame({"value": [1 / 3]}))
    (cell,) = table.rows[0]
    assert cell.text == "0.333"
    assert cell.value == 1 / 3
    assert table.columns[0].number
    assert unpacked(table) == {"digits": [3], "rows": [[1 / 3]]}


def test_the_data_hold_every_row_and_the_page_the_first_of_those_that_are_chosen():
    frame = pd.DataFrame({"split": ["random", "unseen"] * 20, "n": range(40)})
    table = html_table("t", "T", frame, filters={"split": "unseen"})
    assert [row[1].value for row in table.first] == [1 + 2 * place for place in range(FIRST)]
    assert [row[1] for row in unpacked(table)["rows"]] == list(range(40))


def test_a_choice_that_no_row_has_hides_none():
    frame = pd.DataFrame({"split": ["a", "b"]})
    (filtered,) = html_table("t", "T", frame, filters={"split": "random"}).filters
    assert filtered.chosen == ""
    assert len(html_table("t", "T", frame, filters={"split": "random"}).first) == 2


def test_no_text_ends_the_element_that_the_data_stand_in():
    hostile = "</script><script>alert(1)</script>&\u2028"
    table = html_table("t", "T", pd.DataFrame({"gene": [hostile]}))
    assert "<" not in table.data
    assert unpacked(table)["rows"] == [[hostile]]


def test_long_words_are_given_width():
    frame = pd.DataFrame(
        {"assumption": ["short", "a sentence that goes on for longer than a narrow column could bear " * 2]}
    )
    assert [row[0].wide for row in html_table("t", "T", frame).rows] == [False, True]


def test_gaps_are_dashes_and_empty_in_the_export():
    frame = pd.DataFrame({"f": [np.nan, 1.0], "i": pd.array([None, 1200], dtype="Int64"), "s": [None, "a"]})
    first, second = html_table("t", "T", frame).rows
    assert [cell.text for cell in first] == ["–", "–", ""]
    assert [cell.value for cell in first] == [None, None, ""]
    assert [cell.text for cell in second] == ["1.000", "1,200", "a"]


def test_flags_are_words_and_lists_are_shown():
    frame = pd.DataFrame({"held": [True, False], "genes": [["a", "b"], []]})
    assert [[cell.text for cell in row] for row in html_table("t", "T", frame).rows] == [
        ["yes", "['a', 'b']"],
        ["no", "[]"],
    ]


def test_filters_list_every_value_once():
    frame = pd.DataFrame({"split": ["b", "a", "b"], "n": [1, 2, 3], "screen": "one"})
    (filtered,) = html_table("t", "T", frame, filters={"split": "a", "screen": ""}).filters
    assert (filtered.column, filtered.options, filtered.chosen) == (0, ["a", "b"], "a")


def test_links_go_with_their_row():
    frame = pd.DataFrame({"gene": ["ACT1", "b0001"]})
    table = html_table("t", "T", frame, links={"gene": ["https://example.org/ACT1", ""]})
    assert [row[0].link for row in table.rows] == ["https://example.org/ACT1", ""]
    assert unpacked(table)["rows"] == [[["ACT1", "https://example.org/ACT1"]], ["b0001"]]
