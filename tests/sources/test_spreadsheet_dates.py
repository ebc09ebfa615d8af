"""Genes that a spreadsheet made dates of are known; genes are not taken for dates."""

import pytest

from pipeline_lib.sources.written_numbers import looks_like_date, looks_like_serial_date


@pytest.mark.parametrize(
    "text",
    [
        "1-Oct",
        "Oct-01",
        "01-Oct-22",
        "7-Sep",
        "2022-10-01",
        "2022-10-01 00:00:00",
        "10/1/2022",
        "1.10.2022",
        "01. Okt",
        "1-März",
        "SEP-07",
    ],
)
def test_dates_of_oct1_sep7_and_others_are_known(text: str) -> None:
    assert looks_like_date(text)


@pytest.mark.parametrize("gene", ["OCT1", "SEP7", "MAR1", "YAL001C", "YDR169C-A", "arg4-1", "b0726", "DUR1,2", "0.5"])
def test_genes_and_numbers_are_no_dates(gene: str) -> None:
    assert not looks_like_date(gene)
    assert not looks_like_serial_date(gene)


def test_a_date_that_lost_its_format_is_its_number_of_days() -> None:
    assert looks_like_serial_date("44835")
    assert not looks_like_serial_date("855")
