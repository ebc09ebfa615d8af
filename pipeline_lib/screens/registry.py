"""Every reader by its name: what it reads, and the facts of the measurements that it returns."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from pipeline_lib.config.screens import READER_FILES, ReaderFiles
from pipeline_lib.screens.batch import Batches, Source


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes
    ----------
    name
        As in the configuration.
    publication
        Whose data it reads.
    units
        What the values are measured in.
    p_sided
        1 or 2; None where there are no P-values, or the configuration says it.
    control
        What marks a neutral mutation, and whether it counts as a deletion.
    kinds
        Where the kind of each allele is told.
    temperature
        Where the temperature is told.
    query, array
        What stands in these columns.
    """

    name: str
    publication: str
    units: str
    p_sided: int | None
    control: str
    kinds: str
    temperature: str
    query: str
    array: str

    @property
    def files(self) -> ReaderFiles:
        """The roles of its files."""
        return READER_FILES[self.name]

    def load(self) -> Callable[[Source], Batches]:
        """Import the reader and return its function."""
        function: Callable[[Source], Batches] = importlib.import_module(
            f"pipeline_lib.screens.readers.{self.name}"
        ).read
        return function


_FITNESS = "fitness relative to the wild type = 1, and interactions in the same unit"
_HO = "hoΔ (YDL227C), dropped from the genotype"
_NO_CONTROL = "none; ho counts as a gene like any other"
_STRAIN_IDS = "suffix of the strain id"
_WITH_ALLELES = "suffix of the array strain's id, allele names of the query strain"
_ARRAY_ONLY = "suffix of the array strain's id; query strains unspecified"
_NOT_TOLD = "not told"

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader(
            "costanzo2016_pairwise", "Costanzo et al. 2016, four pairwise tables", _FITNESS, 1, _NO_CONTROL,
            _STRAIN_IDS, "column Arraytype/Temp", "query strain id", "array strain id",
        ),
        Reader(
            "costanzo2016_smf", "Costanzo et al. 2016, single-mutant fitness workbook", _FITNESS, None, _NO_CONTROL,
            _STRAIN_IDS, "26 and 30, a column each", "strain id", "none",
        ),
        Reader(
            "dcell", "Costanzo et al. 2016, the slice published with DCell", _FITNESS, None, _NO_CONTROL,
            _NOT_TOLD, _NOT_TOLD, "none", "none",
        ),
        Reader(
            "emap", "Collins et al. 2007 and other E-MAPs in .rda", "S-score (t-like)", None, _NO_CONTROL,
            "second file", _NOT_TOLD, "mutant of the row", "mutant of the column (the matrix is symmetric)",
        ),
        Reader(
            "kuzmin2018", "Kuzmin et al. 2018, Data S1", _FITNESS, 1, _HO, _WITH_ALLELES, _NOT_TOLD,
            "query strain id, double mutant or control", "array strain id",
        ),
        Reader(
            "kuzmin2018_calls", "Kuzmin et al. 2018, called interactions (Data S2)", "1: called negative, 0: not", None,
            _HO, "allele names", _NOT_TOLD, "query strain id, from the assignment file", "array allele name",
        ),
        Reader(
            "kuzmin2018_repeats", "Kuzmin et al. 2018, repeated rows of Data S1", _FITNESS, 1, _HO, _ARRAY_ONLY,
            _NOT_TOLD, "query strain id, double mutant or control", "array strain id",
        ),
        Reader(
            "kuzmin2020", "Kuzmin et al. 2020, Tables S1 and S3", _FITNESS, 1, _HO, _WITH_ALLELES, _NOT_TOLD,
            "query strain id, double mutant or control", "array strain id",
        ),
        Reader(
            "kuzmin2020_scored", "Kuzmin et al. 2020, scored output of the protocol", _FITNESS, 1, _HO, _ARRAY_ONLY,
            _NOT_TOLD, "query strain id, double mutant or control", "array strain id",
        ),
        Reader(
            "table", "a long table of your own", "as the configuration says", None, _NO_CONTROL, _NOT_TOLD,
            "a column, if mapped", "a column, if mapped", "a column, if mapped",
        ),
    )
}  # fmt: skip
"""Readers by name."""
