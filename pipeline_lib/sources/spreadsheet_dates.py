"""Dates that a spreadsheet program makes of gene names and of numbers."""

import re

_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar|februar|mrz|maerz|märz|april|mai|juni|juli|august|okt|dez|"
    "january|february|march|june|july|september|sept|october|november|december"
)
_DATE = re.compile(
    rf"""
    \d{{1,4}}[-/. ]\s?({_MONTHS})\.?([-/. ]\d{{2,4}})?    # 1-Oct, 01. Okt, 1-Oct-23
    | ({_MONTHS})\.?[-/. ]\d{{1,4}}                        # Oct-01
    | \d{{4}}-\d{{2}}-\d{{2}}([ T]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?)?   # 2023-10-01 00:00:00
    | \d{{1,2}}[/.]\d{{1,2}}[/.](\d{{2}}|\d{{4}})          # 10/1/2023, 1.10.2023
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FIRST_SERIAL, _LAST_SERIAL = 32874, 55153
"""Days since 1900 of the dates from 1990 to 2050, as a spreadsheet saves them where their format is lost."""


def looks_like_date(text: str) -> bool:
    """Decide whether `text` is a date as spreadsheet programs write them."""
    return _DATE.fullmatch(text.strip()) is not None


def looks_like_serial_date(text: str) -> bool:
    """Decide whether `text` is a date's number of days since 1900; for columns that hold no numbers."""
    digits = text.strip()
    return digits.isascii() and digits.isdecimal() and _FIRST_SERIAL <= int(digits) <= _LAST_SERIAL
