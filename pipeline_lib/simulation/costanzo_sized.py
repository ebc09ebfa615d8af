"""A file set of the size and layout of Costanzo et al. 2016, made without a model, for timing readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.simulation.costanzo import COLUMNS, FILES

if TYPE_CHECKING:
    import polars as pl

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
