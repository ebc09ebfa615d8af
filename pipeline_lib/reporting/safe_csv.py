"""CSV that a spreadsheet shows and never runs."""

import re

import pandas as pd

_LINE_END = re.compile(r"\r\n?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def neutral(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\n") and text and not _NUMBER.fullmatch(text) else text


def to_csv(table: pd.DataFrame) -> str:
    """Return the table as CSV, numbers in full precision, every text neutral.

    A carriage return inside a text becomes a line feed: the writer puts quotes around the one and not around the other,
    and a spreadsheet would take what follows it for the first cell of a new row.
    """
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = [_safe_cell("" if pd.isna(value) else str(value)) for value in safe[column]]
    return str(safe.rename(columns=lambda name: _safe_cell(str(name))).to_csv(index=False, lineterminator="\n"))


def _safe_cell(text: str) -> str:
    return _LINE_END.sub("\n", neutral(text))
