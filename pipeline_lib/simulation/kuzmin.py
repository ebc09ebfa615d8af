"""Write a simulated screen as Kuzmin et al. 2018 (Data S1) or 2020 (Tables S1 and S3) did."""

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.simulation.design import ScreenDesign
from pipeline_lib.simulation.measurement import Crosses, Measurements
from pipeline_lib.simulation.strains import StrainNames, control_strains, deletion_strains, double_strains

if TYPE_CHECKING:
    from openpyxl import Workbook

COLUMNS_2018 = (
    "Query strain ID",
    "Query allele name",
    "Array strain ID",
    "Array allele name",
    "Combined mutant type",
    "Raw genetic interaction score (epsilon)",
    "Adjusted genetic interaction score (epsilon or tau)",
    "P-value",
    "Query single/double mutant fitness",
    "Array single mutant fitness",
    "Combined mutant fitness",
    "Combined mutant fitness standard deviation",
)
COLUMNS_2020 = (
    "Query strain ID",
    "Query allele name",
    "Array strain ID",
    "Array allele name",
    "Combined mutant type",
    "Raw genetic interaction score (epsilon)",
    "Adjusted genetic interaction score (epsilon or tau)",
    "P-value",
    "Query single/double mutant fitness",
    "Array single mutant fitness",
    "Double/triple mutant fitness",
    "Double/triple mutant fitness standard deviation",
)
FILE_2018 = "aao1729_data_s1.tsv"
FILES_2020 = {"S1": "aaz5667-Table-S1.xlsx", "S3": "aaz5667-Table-S3.xlsx"}

_TITLES = {
    "S1": "Table S1. Raw genetic interaction dataset: trigenic interaction screens.",
    "S3": "Table S3. Raw genetic interaction dataset: pilot trigenic interaction screens.",
}
_PILOT_EVERY = 10
"""Every tenth query goes to the pilot table."""


def screen_table(design: ScreenDesign, measured: Measurements, genes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a screen, digenic then trigenic, with the columns of 2018.

    Parameters
    ----------
    design, measured
        The screen.
    genes
        The gene table; gives systematic and allele names.
    """
    array = deletion_strains(genes, design.arrays, "dma")
    control = control_strains(genes, design.controls, first=1)
    double = double_strains(genes, design.queries, first=1 + len(design.controls))
    return pd.concat(
        [
            _rows("digenic", control, array, design.digenic, measured.digenic),
            _rows("trigenic", double, array, design.trigenic, measured.trigenic),
        ],
        ignore_index=True,
    )


def _rows(
    kind: str, query: StrainNames, array: StrainNames, crosses: NDArray[np.int64], measured: Crosses
) -> pd.DataFrame:
    query_of, array_of = crosses.T
    values = (
        query.ids[query_of],
        query.alleles[query_of],
        array.ids[array_of],
        array.alleles[array_of],
        np.full(len(crosses), kind),
        measured.raw.round(6),
        measured.adjusted.round(6),
        measured.p_value,
        measured.query_fitness.round(4),
        measured.array_fitness.round(4),
        measured.fitness.round(4),
        measured.std.round(4),
    )
    return pd.DataFrame(dict(zip(COLUMNS_2018, values, strict=True)))


def write_2018(table: pd.DataFrame, folder: Path) -> None:
    """Write Data S1, tab-separated."""
    import polars as pl

    text = pl.from_pandas(table).with_columns(
        pl.Series("P-value", [f"{value:.3E}" for value in table["P-value"].to_numpy().tolist()])
    )
    with atomic_path(folder / FILE_2018) as temporary:
        text.write_csv(temporary, separator="\t")


def write_2020(table: pd.DataFrame, folder: Path) -> None:
    """Write Tables S1 and S3, workbooks with one title row above the header."""
    from openpyxl import Workbook

    queries = pd.factorize(table["Query strain ID"])[0]
    pilot = queries % _PILOT_EVERY == _PILOT_EVERY - 1
    for name, rows in (("S1", table[~pilot]), ("S3", table[pilot])):
        book = Workbook(write_only=True)
        sheet = book.create_sheet(f"Table {name}")
        sheet.append([_TITLES[name]])
        sheet.append(list(COLUMNS_2020))
        for row in rows.itertuples(index=False):
            sheet.append(list(row))
        with atomic_path(folder / FILES_2020[name]) as temporary:
            _save_undated(book, temporary)


def _save_undated(book: "Workbook", path: Path) -> None:
    """Save a workbook without the time of writing, so that equal tables are equal files."""
    dated = io.BytesIO()
    book.save(dated)
    with zipfile.ZipFile(dated) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2018-01-01T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
