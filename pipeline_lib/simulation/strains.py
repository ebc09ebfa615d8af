"""Strain ids and allele names in the style of the published screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NEUTRAL_CONTROL = "YDL227C"
"""HO, the neutral marker beside a single mutation in trigenic query strains; of other organisms' genes too."""

_DELTA = "Δ"
_CONTROL_ALLELE = f"ho{_DELTA}"


@dataclass(frozen=True)
class StrainNames:
    """Ids and allele names of strains, str [n] each."""

    ids: NDArray[np.str_]
    alleles: NDArray[np.str_]


def allele_names(genes: pd.DataFrame, index: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the deletion alleles' names of genes, as in ``sla1Δ``."""
    return np.array([f"{name.lower()}{_DELTA}" for name in genes["name"].to_numpy()[index]], dtype=str)


def deletion_strains(genes: pd.DataFrame, index: NDArray[np.int64], suffix: str) -> StrainNames:
    """Name single deletion strains, as in ``YBL007C_dma91``; `suffix`: ``dma`` for array, ``sn`` for query strains."""
    return StrainNames(_numbered(genes["gene"].to_numpy()[index], suffix), allele_names(genes, index))


def control_strains(genes: pd.DataFrame, index: NDArray[np.int64], first: int) -> StrainNames:
    """Name single-mutant control queries, as in ``YAL015C+YDL227C_tm461``, numbered from `first`."""
    orfs = [f"{gene}+{NEUTRAL_CONTROL}" for gene in genes["gene"].to_numpy()[index]]
    alleles = [f"{allele}+{_CONTROL_ALLELE}" for allele in allele_names(genes, index)]
    return StrainNames(_numbered(orfs, "tm", first), np.array(alleles, dtype=str))


def double_strains(genes: pd.DataFrame, index: NDArray[np.int64], first: int) -> StrainNames:
    """Name double-mutant queries (int64 [n, 2]), as in ``YAL015C+YOL043C_tm72``, numbered from `first`."""
    names = genes["gene"].to_numpy()
    orfs = [f"{names[one]}+{names[other]}" for one, other in index.tolist()]
    pairs = zip(allele_names(genes, index[:, 0]), allele_names(genes, index[:, 1]), strict=True)
    return StrainNames(_numbered(orfs, "tm", first), np.array([f"{one}+{other}" for one, other in pairs], dtype=str))


def _numbered(orfs: Sequence[str] | NDArray[np.object_], suffix: str, first: int = 1) -> NDArray[np.str_]:
    return np.array([f"{orf}_{suffix}{number}" for number, orf in enumerate(orfs, start=first)], dtype=str)


def costanzo_strains(
    genes: pd.DataFrame,
    index: NDArray[np.int64],
    *,
    essential: NDArray[np.bool_],
    damp: NDArray[np.bool_],
    role: Literal["query", "array"],
) -> StrainNames:
    """Name the strains of a pairwise screen, as in ``YAL002W_sn273``, ``YAL001C_tsq508`` or ``YAL001C_damp174``.

    Parameters
    ----------
    genes
        The gene table.
    index
        int64 [n]: one gene a strain.
    essential, damp
        bool [n]: strains with a temperature-sensitive, and with a DAmP allele; the others carry a deletion.
    role
        Query strains carry ``sn`` and ``tsq``, array strains ``dma`` and ``tsa``.
    """
    deletion, sensitive = ("sn", "tsq") if role == "query" else ("dma", "tsa")
    suffix = np.where(damp, "damp", np.where(essential, sensitive, deletion))
    orfs, names = genes["gene"].to_numpy()[index], genes["name"].str.lower().to_numpy()[index]
    endings = np.where(damp, "_damp", np.where(essential, "-1", _DELTA))
    ids = [f"{orf}_{kind}{number}" for number, (orf, kind) in enumerate(zip(orfs, suffix, strict=True), start=1)]
    alleles = [f"{name}{ending}" for name, ending in zip(names, endings, strict=True)]
    return StrainNames(np.array(ids, dtype=str), np.array(alleles, dtype=str))
