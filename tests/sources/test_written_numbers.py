"""What is a number, what is missing, and what the decimal sign of a column is."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.written_numbers import MISSING, DecimalSigns, Numbers, no_number, parse_numbers

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def parsed(*texts: str, comma_allowed: bool = True) -> Numbers:
    encoded = pa.array(texts, pa.string()).dictionary_encode()
    return parse_numbers(encoded, np.arange(2, 2 + len(texts)), comma_allowed=comma_allowed)


def check(numbers: Numbers, *, comma_allowed: bool = True) -> None:
    numbers.signs.check(Path("t.csv"), "score", comma_allowed=comma_allowed)
    numbers.signs.check_whole(Path("t.csv"), "score", comma_allowed=comma_allowed)


@given(st.lists(FLOATS, min_size=1))
def test_every_number_keeps_all_its_digits(values: list[float]) -> None:
    assert parsed(*map(repr, values)).values.tolist() == values


@given(st.lists(FLOATS, min_size=1))
def test_a_decimal_comma_gives_the_same_number_as_a_point(values: list[float]) -> None:
    commas = [repr(value).replace(".", ",") for value in values]
    assert parsed(*commas).values.tolist() == values


@given(st.text(max_size=12))
def test_any_text_is_a_number_missing_or_neither(text: str) -> None:
    numbers = parsed(text)
    assert np.isfinite(numbers.values[0]) or numbers.wrong[0] or text.strip().lower() in {*MISSING, "\u2212"}


@pytest.mark.parametrize(
    "text", ["", " ", "-", "--", ".", "?", "n/a", "NA", "NaN", "nan", "null", "None", "#N/A", "#DIV/0!", "n.d."]
)
def test_what_stands_for_no_measurement_is_missing(text: str) -> None:
    numbers = parsed(text)
    assert np.isnan(numbers.values[0])
    assert not numbers.wrong[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-12", 1e-12), (".5", 0.5), ("1.", 1.0), ("+2", 2.0), (" 0.25\u00a0", 0.25), ("\u22120.5", -0.5)],
)
def test_spellings_of_a_number(text: str, value: float) -> None:
    assert parsed(text).values.tolist() == [value]


@pytest.mark.parametrize(
    "text",
    [
        "1_000",
        "0x10",
        "1e5f",
        "1d-5",
        "\uff11",
        "inf",
        "-Infinity",
        "1e400",
        "5%",
        "1,234.5",
        "1.234,5",
        "1.234.567",
        "1,234,567",
        "1 234",
        "1'234",
        "1\u00a0234",
        "<0.05",
        "2022-10-01",
        "1-Oct",
        "TRUE",
        "1e",
        "--1",
    ],
)
def test_what_is_no_number_is_not_reinterpreted(text: str) -> None:
    for comma_allowed in (True, False):
        numbers = parsed(text, comma_allowed=comma_allowed)
        assert numbers.wrong[0]
        assert np.isnan(numbers.values[0])


@pytest.mark.parametrize("text", ["0,5", "1,234", "12,500"])
def test_a_comma_is_no_decimal_sign_where_commas_separate_the_fields(text: str) -> None:
    numbers = parsed(text, "980", comma_allowed=False)
    assert numbers.wrong.tolist() == [True, False]
    check(numbers, comma_allowed=False)


@pytest.mark.parametrize(
    "texts", [("1,5", "1.5"), ("0.5", "1,234"), ("1.234,5", "1.234"), ("1.234.567", "1.234"), ("1,234,567", "0,5")]
)
def test_two_decimal_signs_in_a_column_are_refused_with_both_rows(texts: tuple[str, str]) -> None:
    with pytest.raises(PipelineError, match=r"t.csv: column 'score' has commas \(row \d: .*\) and points \(row \d: "):
        check(parsed("980", *texts))


def test_commas_that_may_be_thousands_throughout_are_refused() -> None:
    with pytest.raises(PipelineError, match=r"holds '1,234' \(row 2\), which may be 1.234 or 1234, and no other value"):
        check(parsed("1,234", "12,500", "980"))


def test_points_that_lie_between_thousands_are_refused_where_no_value_shows_otherwise() -> None:
    with pytest.raises(
        PipelineError, match=r"holds '12.500' \(row 3\) beside '980' \(row 4\), as if points lay between"
    ):
        check(parsed("1.234", "12.500", "980"))
    for fine in (("1.234", "12.500", "980", "0.5"), ("1.234", "12.500", "980.000"), ("1.234", "12.5", "980")):
        check(parsed(*fine))
    check(parsed("1.234", "12.500", "980", comma_allowed=False), comma_allowed=False)


@pytest.mark.parametrize("proof", ["0,5", "-0,345", "1,5e-3", ",25"])
def test_one_value_shows_what_the_commas_of_its_column_are(proof: str) -> None:
    numbers = parsed("1,234", proof)
    check(numbers)
    assert numbers.values[0] == 1.234


def test_parts_of_a_column_show_their_sign_together() -> None:
    first, second = parsed("0.5").signs, parsed("1,5").signs
    for joined in (first.then(second), second.then(first), DecimalSigns().then(first).then(second)):
        with pytest.raises(PipelineError, match="decimal signs"):
            joined.check(Path("t.csv"), "score", comma_allowed=True)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1_000", "nothing between thousands"),
        ("1,234", "nothing between thousands"),
        ("5%", "percentages as fractions"),
        ("1-Oct", "a date, as a spreadsheet makes of one"),
        ("0,5", "a decimal point"),
    ],
)
def test_a_reason_states_what_to_write_instead(text: str, hint: str) -> None:
    assert hint in str(no_number("score", text))
