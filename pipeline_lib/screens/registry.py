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
        What marks a neutral mutation.
    """

    name: str
    publication: str
    units: str
    p_sided: int | None
    control: str

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


_FITNESS_UNITS = "relative to the wild type = 1"

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader("costanzo2016_pairwise", "Costanzo et al. 2016, four pairwise tables", _FITNESS_UNITS, 1, "none"),
        Reader(
            "costanzo2016_smf", "Costanzo et al. 2016, single-mutant fitness workbook", _FITNESS_UNITS, None, "none"
        ),
        Reader("dcell", "Costanzo et al. 2016, slice published with DCell", _FITNESS_UNITS, None, "none"),
        Reader("emap", "Collins et al. 2007 and other E-MAPs in .rda", "S-score (t-like)", None, "none"),
        Reader("kuzmin2018", "Kuzmin et al. 2018, Data S1", _FITNESS_UNITS, 1, "hoΔ (YDL227C)"),
        Reader("kuzmin2018_calls", "Kuzmin et al. 2018, Data S2 as allele triplets", "call: 1 negative", None, "hoΔ"),
        Reader(
            "kuzmin2018_repeats", "Kuzmin et al. 2018, repeated rows of Data S1", _FITNESS_UNITS, 1, "hoΔ (YDL227C)"
        ),
        Reader("kuzmin2020", "Kuzmin et al. 2020, Tables S1 and S3", _FITNESS_UNITS, 1, "hoΔ (YDL227C)"),
        Reader("kuzmin2020_scored", "Kuzmin et al. 2020, scored output", _FITNESS_UNITS, 1, "hoΔ (YDL227C)"),
        Reader("table", "a long table of your own", "as the configuration says", None, "none"),
    )
}
"""Readers by name."""
