"""Numbers as people and programs write them into tables, and the dates that spreadsheet programs make of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Reason

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


_MISSING = (
    "",
    "-",
    "--",
    "---",
    ".",
    "..",
    "?",
    "\u2013",
    "\u2014",
    "\u2212",
    "na",
    "n/a",
    "n.a.",
    "nd",
    "n.d.",
    "nan",
    "-nan",
    "null",
    "none",
    "<na>",
    "\\n",
    "#n/a",
    "#n/a n/a",
    "#na",
    "#div/0!",
    "#num!",
    "#value!",
    "#ref!",
    "#name?",
    "#null!",
)
"""What stands where there is no measurement, in lower case; the last ones are errors of a spreadsheet's formulas."""

MISSING = tuple(dict.fromkeys((*_MISSING, *(word.upper() for word in _MISSING), "Null", "None", "NaN", "Nan", "-NaN")))
"""The same as programs spell it."""

_EXPONENT = "([eE][+-]?[0-9]+)?"
_GROUP_SIGNS = " '\u2019\u00a0\u2009\u202f"
_WITH_POINT = rf"^[+-]?([0-9]+\.[0-9]*|\.[0-9]+){_EXPONENT}$"
_WITHOUT_SIGN = rf"^[+-]?[0-9]+{_EXPONENT}$"
_WITH_COMMA = rf"^[+-]?[0-9]*,[0-9]+{_EXPONENT}$"
_POINT_OR_THOUSANDS = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"
_THOUSANDS_TO_TENS = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{2}0$"
_BELOW_A_THOUSAND = "^[+-]?[1-9][0-9]{0,2}$"
_COMMA_OR_THOUSANDS = "^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
_POINTS_BETWEEN_THOUSANDS = rf"^[+-]?[0-9]{{1,3}}(([.{_GROUP_SIGNS}][0-9]{{3}})+,[0-9]+|(\.[0-9]{{3}}){{2,}})$"
_COMMAS_BETWEEN_THOUSANDS = rf"^[+-]?[0-9]{{1,3}}(([,{_GROUP_SIGNS}][0-9]{{3}})+\.[0-9]+|(,[0-9]{{3}}){{2,}})$"

_LISTED = 40
"""Characters of a field that a reason shows."""

Place = tuple[int, str]
"""Row of the file, what stands there."""


class Sign(Enum):
    """What one value shows of the decimal sign of its column."""

    COMMA = "its decimal sign can only be a comma: 0,5 or 1.234,5"
    POINT = "its decimal sign is a point, or its commas can only lie between thousands: 0.5 or 1,234,567"
    EITHER = "its comma may be a decimal sign or lie between thousands: 1,234"
    SURE_POINT = "its point cannot lie between thousands: 0.5, not 1.234"
    THOUSANDS = "its point may lie between thousands: 12.500"
    BELOW_THOUSAND = "it has no sign and is below a thousand: 980"
    """No program writes both of the last two into one column of numbers with decimal points, but people write both
    where points lie between thousands."""


@dataclass(frozen=True)
class DecimalSigns:
    """The first value of a column that shows each sign; signs that none shows are left out."""

    first: Mapping[Sign, Place] = field(default_factory=dict)

    def then(self, later: "DecimalSigns") -> "DecimalSigns":
        """Return what this part of the column and a later one show together."""
        return DecimalSigns({**later.first, **self.first})

    def check(self, path: Path, column: str, *, comma_allowed: bool) -> None:
        """Refuse a column that has two decimal signs.

        Raises
        ------
        PipelineError
            When decimal commas and decimal points stand in one column.
        """
        commas = [self.first[sign] for sign in (Sign.COMMA, Sign.EITHER)[: 1 + comma_allowed] if sign in self.first]
        if commas and Sign.POINT in self.first:
            (row, text), (other_row, other) = commas[0], self.first[Sign.POINT]
            raise PipelineError(
                f"{path}: column '{column}' has commas (row {row}: '{text}') and points (row {other_row}: '{other}') "
                "as decimal signs; write points throughout, and nothing between thousands."
            )

    def check_whole(self, path: Path, column: str, *, comma_allowed: bool) -> None:
        """Refuse a whole column none of whose values shows what its commas mean.

        Raises
        ------
        PipelineError
            When every comma of the column, or every point, may be a decimal sign or lie between thousands.
        """
        if not comma_allowed:
            return
        if Sign.EITHER in self.first and Sign.COMMA not in self.first:
            row, text = self.first[Sign.EITHER]
            digits = text.replace(",", "")
            raise PipelineError(
                f"{path}: column '{column}' holds '{text}' (row {row}), which may be {text.replace(',', '.')} or "
                f"{digits}, and no other value shows which; write decimal points, and nothing between thousands."
            )
        if {Sign.THOUSANDS, Sign.BELOW_THOUSAND} <= set(self.first) and Sign.SURE_POINT not in self.first:
            (row, text), (other_row, other) = self.first[Sign.THOUSANDS], self.first[Sign.BELOW_THOUSAND]
            raise PipelineError(
                f"{path}: column '{column}' holds '{text}' (row {row}) beside '{other}' (row {other_row}), as if "
                "points lay between thousands, and no value shows that they do not; write nothing between thousands."
            )


@dataclass(frozen=True)
class Numbers:
    """A column of text, read as numbers.

    Attributes
    ----------
    values
        float64 [n]: NaN where missing or no number.
    wrong
        bool [n]: fields that are no number and not missing either.
    signs
        What the column shows of its decimal sign.
    """

    values: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    signs: DecimalSigns = field(default_factory=DecimalSigns)


def parse_numbers(encoded: pa.DictionaryArray, lines: NDArray[np.int64], *, comma_allowed: bool) -> Numbers:
    """Read a column of text as numbers.

    A number has ASCII digits, at most one decimal sign and at most one exponent (``1.5``, ``-.5``, ``1e-12``). Nothing
    lies between its thousands; hexadecimal, infinite and percentage values are no numbers. The minus of typography
    (U+2212) is a minus. A comma is the decimal sign of a column where `comma_allowed`, and where at least one value of
    the column can have it for nothing else (``0,5``; not ``1,234``): see `DecimalSigns.check_whole`.

    Parameters
    ----------
    encoded
        The column, dictionary-encoded: each distinct text is read once.
    lines
        int64 [n]: row of each field in the file.
    comma_allowed
        Whether a comma may be the decimal sign: never where commas separate the fields.
    """
    texts = pc.utf8_trim_whitespace(encoded.dictionary.cast(pa.string()))
    missing = is_missing(texts)
    texts = pc.replace_substring(texts, "\u2212", "-")
    point, comma = _matches(texts, _WITH_POINT), _matches(texts, _WITH_COMMA)
    number = point | _matches(texts, _WITHOUT_SIGN) | (comma & comma_allowed)
    written = pc.replace_substring(texts, ",", ".")
    values = np.asarray(pc.if_else(pa.array(number), written, None).cast(pa.float64()).fill_null(np.nan))
    # An exponent such as 1e400 is beyond what a float64 holds.
    values = np.where(np.isinf(values), np.nan, values)
    wrong = np.isnan(values) & ~missing
    either = _matches(texts, _COMMA_OR_THOUSANDS)
    codes = encoded.indices.to_numpy(zero_copy_only=False)

    def first(seen: NDArray[np.bool_]) -> Place:
        row = int(seen[codes].argmax())
        return int(lines[row]), encoded.dictionary[codes[row]].as_py()

    seen = {
        Sign.COMMA: (comma & ~either) | _matches(texts, _POINTS_BETWEEN_THOUSANDS),
        Sign.POINT: point | _matches(texts, _COMMAS_BETWEEN_THOUSANDS),
        Sign.EITHER: either,
        Sign.SURE_POINT: point & ~_matches(texts, _POINT_OR_THOUSANDS),
        Sign.THOUSANDS: _matches(texts, _THOUSANDS_TO_TENS),
        Sign.BELOW_THOUSAND: _matches(texts, _BELOW_A_THOUSAND),
    }
    signs = DecimalSigns({sign: first(those) for sign, those in seen.items() if those.any()})
    return Numbers(values[codes], wrong[codes], signs)


def truth_as_numbers(encoded: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a column of text with 1 in place of true and 0 in place of false."""
    texts = encoded.dictionary.cast(pa.string())
    places = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), pa.array(["false", "true"]))
    return pa.DictionaryArray.from_arrays(encoded.indices, pc.coalesce(places.cast(pa.string()), texts))


def is_missing(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Return which texts stand for no value, bool [n]."""
    return np.asarray(pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), pa.array(_MISSING)))


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    return np.asarray(pc.match_substring_regex(texts, pattern))


def no_number(column: str, text: str) -> Reason:
    """Return the reason for which a row is rejected that holds `text` where a number should be."""
    seen = text if len(text) <= _LISTED else f"{text[:_LISTED]}..."
    return Reason(f"column '{{}}' holds '{{}}', which is no number{_hint(text)}").of(column, seen)


def _hint(text: str) -> str:
    if looks_like_date(text):
        return " but a date, as a spreadsheet makes of one"
    if "%" in text:
        return "; write percentages as fractions"
    if re.search(r"\d[_'\u2019\s]\d|\d,\d{3}(\D|$)|\d\.\d{3}[.,]", text):
        return "; write nothing between thousands"
    return "; write a decimal point" if re.fullmatch(r"[-+]?\d*,\d+", text.strip()) else ""
