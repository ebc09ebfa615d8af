"""Molecules of each protein in a cell."""

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from pipeline_lib.errors import PipelineError
from tests.features.conftest import build

HEADER = [
    "Systematic Name", "Standard Name", "Qualifier a", "Mean molecules per cell", "Median molecules per cell",
    "Coefficient of Variation", "LU", "PENG",
]  # fmt: skip


def workbook(folder: Path, *rows: list[object]) -> dict[str, Path]:
    path = folder / "abundance.xlsx"
    cells = [["Table S4. Abundance", *[None] * 7], HEADER, *rows, ["a footnote", *[None] * 7]]
    book = Workbook()
    for row in cells:
        book.active.append(row)
    book.save(path)
    return {"table": path}


def test_abundance_is_read_as_a_logarithm_with_the_number_of_data_sets(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = workbook(
        tmp_path,
        ["YAL001C", "TFC3", "Verified", 1000, 100, None, 100, None],
        ["YAL002W", "VPS8", "", 10, 10, 50, 9, 11],
    )
    table = build("abundance", files, genes)
    assert table["log10_mean"].tolist() == pytest.approx([3.0, 1.0])
    assert table["data_sets"].tolist() == [1.0, 2.0]


def test_no_molecules_have_no_logarithm(tmp_path: Path, genes: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="row 3: the abundance is not positive"):
        build("abundance", workbook(tmp_path, ["YAL001C", "TFC3", "", 0, 0, None, 0, None]), genes)


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    (tmp_path / "abundance.xlsx").write_text("Systematic Name\n")
    with pytest.raises(PipelineError, match="cannot be read as a workbook"):
        build("abundance", {"table": tmp_path / "abundance.xlsx"}, genes)


@pytest.mark.mirror
def test_glycolysis_is_abundant_and_a_transcription_factor_rare(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    table = build("abundance", {"table": mirror / "abundance" / "Abundances_copies_per_cell.xlsx"}, yeast_genes)
    assert table.loc["TDH3", "log10_median"] > 5
    assert table.loc["GAL4", "log10_median"] < 3
    assert len(table) > 5000
