"""No cell of an exported table runs in a spreadsheet."""

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.reporting.results_table import neutral, to_csv


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_formulas_become_text(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.08", "+3", "1e-05", "-1.5e+10", "YAL001C", ""])
def test_numbers_and_names_stay(text):
    assert neutral(text) == text


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_line_end_in_a_name_begins_no_row_of_its_own(end):
    content = to_csv(pd.DataFrame({"name": [f"YAL001C{end}=1+1"]}))
    assert content == 'name\n"YAL001C\n=1+1"\n'


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")), min_size=1))
def test_every_cell_comes_back_and_none_starts_a_formula(texts):
    content = to_csv(pd.DataFrame({"=name": texts, "value": range(len(texts))}))
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["'=name"] for row in rows] == [re.sub("\r\n?", "\n", neutral(text)) for text in texts]
    assert all(row["'=name"][:1] not in set("=@") for row in rows)
