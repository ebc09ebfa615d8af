"""Write the digenic rows of a simulated screen as the four pairwise files of Costanzo et al. 2016."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.simulation.design import ScreenDesign
from pipeline_lib.simulation.measurement import Crosses
from pipeline_lib.simulation.strains import StrainNames, costanzo_strains

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
