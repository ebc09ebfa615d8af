"""Write a simulated screen in the layouts of Costanzo et al. 2016 and of Kuzmin et al. 2018 and 2020."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.simulation.design import (
    ScreenDesign,
    StrainNames,
    control_strains,
    costanzo_strains,
    deletion_strains,
    double_strains,
)
from pipeline_lib.simulation.screen import Crosses, Measurements

if TYPE_CHECKING:
    import polars as pl
    from openpyxl import Workbook


COLUMNS = (
    "Query Strain ID",
    "Query allele name",
    "Array Strain ID",
    "Array allele name",
    "Arraytype/Temp",
    "Genetic interaction score (ε)",
    "P-value",
    "Query single mutant fitness (SMF)",
    "Array SMF",
    "Double mutant fitness",
    "Double mutant fitness standard deviation",
)
FILES = {
    "ExE": "SGA_ExE.txt",
    "ExN_NxE": "SGA_ExN_NxE.txt",
    "NxN": "SGA_NxN.txt",
    "DAmP": "SGA_DAmP.txt",
}

_DAMP_EVERY = 4
"""Every fourth essential query gene is screened as its DAmP allele instead of a temperature-sensitive one."""


def write_2016(design: ScreenDesign, measured: Crosses, genes: pd.DataFrame, folder: Path) -> None:
    """Write SGA_ExE.txt, SGA_ExN_NxE.txt, SGA_NxN.txt and SGA_DAmP.txt, tab-separated.

    Which file a cross goes to follows from the genes: E stands for essential ones (the gene table states which), whose
    strains carry temperature-sensitive alleles, N for the rest, whose strains carry deletions. A file without crosses
    holds its header alone.

    Parameters
    ----------
    design, measured
        The screen.
    genes
        The gene table.
    folder
        Gets the files.
    """
    essential = genes["essential"].fillna(value=False).to_numpy(bool)
    query_essential, array_essential = essential[design.controls], essential[design.arrays]
    damp = query_essential & (np.cumsum(query_essential) % _DAMP_EVERY == 0)
    query = costanzo_strains(genes, design.controls, essential=query_essential, damp=damp, role="query")
    array = costanzo_strains(
        genes, design.arrays, essential=array_essential, damp=np.zeros_like(array_essential), role="array"
    )
    table = _pairwise_rows(query, array, array_essential, design.digenic, measured)
    query_of, array_of = design.digenic.T
    number = query_essential[query_of].astype(int) + array_essential[array_of]
    parts = {
        "ExE": (number == 2) & ~damp[query_of],
        "ExN_NxE": (number == 1) & ~damp[query_of],
        "NxN": number == 0,
        "DAmP": damp[query_of],
    }
    for name, rows in parts.items():
        _write(table[rows], folder / FILES[name])


def _pairwise_rows(
    query: StrainNames,
    array: StrainNames,
    array_essential: NDArray[np.bool_],
    crosses: NDArray[np.int64],
    measured: Crosses,
) -> pd.DataFrame:
    query_of, array_of = crosses.T
    values = (
        query.ids[query_of],
        query.alleles[query_of],
        array.ids[array_of],
        array.alleles[array_of],
        np.where(array_essential[array_of], "TSA30", "DMA30"),
        measured.raw.round(4),
        [float(f"{value:.4g}") for value in measured.p_value.tolist()],
        measured.query_fitness.round(4),
        measured.array_fitness.round(4),
        measured.fitness.round(4),
        measured.std.round(4),
    )
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _write(table: pd.DataFrame, path: Path) -> None:
    import polars as pl

    with atomic_path(path) as temporary:
        pl.from_pandas(table).write_csv(temporary, separator="\t")


PUBLISHED_ROWS = {"ExE": 818_570, "ExN_NxE": 5_796_145, "NxN": 12_698_939, "DAmP": 1_391_958}
"""Rows of the published files: 20,705,612 in all."""

_STRAINS = {
    "ExE": ("tsq", "tsa", "TSA"),
    "ExN_NxE": ("sn", "tsa", "TSA"),
    "NxN": ("sn", "dma", "DMA"),
    "DAmP": ("damp", "dma", "DMA"),
}
_ENDING = {"tsq": "-1", "tsa": "-1", "sn": "Δ", "dma": "Δ", "damp": "_damp"}
_ROWS_AT_ONCE = 1_000_000
_QUERY_BLOCK = 3_800
"""Array strains that one query is crossed with, as in the published screens."""


@dataclass(frozen=True)
class _File:
    """One file to be written: its strain types, its number of rows and its generator."""

    query: str
    array: str
    arraytype: str
    rows: int
    random: np.random.Generator


def write_costanzo_sized(rows: int, orfs: NDArray[np.str_], folder: Path, seed: int = 0) -> dict[str, int]:
    """Write four pairwise files with `rows` rows in all, shared out as in the publication.

    Scores, P-values and fitness are random numbers of the published ranges; nothing can be learned from them.

    Parameters
    ----------
    rows
        Rows of all files together.
    orfs
        str [g]: systematic names.
    folder
        Gets the files.
    seed
        Seed of the numbers.

    Returns
    -------
    dict
        Rows of each file.
    """
    total = sum(PUBLISHED_ROWS.values())
    share = {name: count * rows // total for name, count in PUBLISHED_ROWS.items()}
    share["NxN"] += rows - sum(share.values())
    for number, (name, count) in enumerate(share.items()):
        random = np.random.default_rng([seed, number])
        _write_sized(_File(*_STRAINS[name], count, random), orfs, folder / FILES[name])
    return share


def _write_sized(file: _File, orfs: NDArray[np.str_], path: Path) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as target:
        target.write(("\t".join(COLUMNS) + "\n").encode())
        for part in _parts(file, orfs):
            part.write_csv(target, separator="\t", include_header=False)


def _parts(file: _File, orfs: NDArray[np.str_]) -> Iterator["pl.DataFrame"]:
    import polars as pl

    def strains(suffix: str) -> tuple[pl.Series, pl.Series]:
        ids = [f"{orf}_{suffix}{number}" for number, orf in enumerate(orfs.tolist(), start=1)]
        return pl.Series(ids), pl.Series([f"{orf.lower()}{_ENDING[suffix]}" for orf in orfs.tolist()])

    query_ids, query_alleles = strains(file.query)
    array_ids, array_alleles = strains(file.array)
    types = pl.Series([f"{file.arraytype}26", f"{file.arraytype}30"])
    strain_fitness = file.random.uniform(0.4, 1.1, (2, len(orfs))).round(4)
    width = min(_QUERY_BLOCK, len(orfs) - 1)
    for at in range(0, file.rows, _ROWS_AT_ONCE):
        row = np.arange(at, min(at + _ROWS_AT_ONCE, file.rows))
        query = (row // width) % len(orfs)
        # The offset from the query's own gene is never zero, so no strain is crossed with its own gene.
        array = (query + 1 + row % width) % len(orfs)
        fitness = strain_fitness[0, query], strain_fitness[1, array]
        score = file.random.normal(0, 0.05, len(row)).round(4)
        values = (
            query_ids.gather(query),
            query_alleles.gather(query),
            array_ids.gather(array),
            array_alleles.gather(array),
            types.gather(query % 2),
            score,
            file.random.uniform(0, 0.5, len(row)).round(6),
            *fitness,
            (fitness[0] * fitness[1] + score).round(4),
            file.random.uniform(0, 0.1, len(row)).round(4),
        )
        yield pl.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def made_up_orfs(count: int = 6_000) -> NDArray[np.str_]:
    """Return `count` names in the style of systematic ones: chromosome, arm, number, strand."""
    names = [
        f"Y{chromosome}{arm}{number:03d}{strand}"
        for chromosome in "ABCDEFGHIJKLMNOP"
        for arm, strand in (("L", "C"), ("R", "W"))
        for number in range(1, 1000)
    ]
    return np.array(names[:: len(names) // count][:count])


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
