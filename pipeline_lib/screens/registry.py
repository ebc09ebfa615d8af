"""Every reader by its name: what it reads, and the facts of the measurements that it returns."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline_lib.config.calls import READER_SCORES, ScreenScores
from pipeline_lib.config.screens import READER_FILES, ReaderFiles
from pipeline_lib.screens.batch import Batches, Source
from pipeline_lib.screens.readers import (
    bfg_gi,
    costanzo2016_pairwise,
    costanzo2016_smf,
    dcell,
    emap,
    kuzmin2018,
    kuzmin2018_calls,
    kuzmin2018_repeats,
    kuzmin2020,
    kuzmin2020_scored,
    st_onge2007,
    table,
    torchcell_tau,
)  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes
    ----------
    name
        As in the configuration.
    read
        Reads the files.
    publication
        Whose data it reads.
    units
        What the values are measured in, in a sentence for people; `scores` has the unit of interactions and the
        published threshold of calls.
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
    read: Callable[[Source], Batches]
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

    @property
    def scores(self) -> ScreenScores:
        """Unit and published threshold of its scores."""
        return READER_SCORES[self.name]


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
            name="bfg_gi",
            read=bfg_gi.read,
            publication="Diaz-Mejia et al. 2018, Table EV4: DNA-repair genes in nine conditions",
            units=_FITNESS,
            p_sided=2,
            control=_NO_CONTROL,
            kinds="deletions",
            temperature=_NOT_TOLD,
            query="gene x (the screen is symmetric)",
            array="gene y",
        ),
        Reader(
            name="costanzo2016_pairwise",
            read=costanzo2016_pairwise.read,
            publication="Costanzo et al. 2016, four pairwise tables",
            units=_FITNESS,
            p_sided=1,
            control=_NO_CONTROL,
            kinds=_STRAIN_IDS,
            temperature="column Arraytype/Temp",
            query="query strain id",
            array="array strain id",
        ),
        Reader(
            name="costanzo2016_smf",
            read=costanzo2016_smf.read,
            publication="Costanzo et al. 2016, single-mutant fitness workbook",
            units=_FITNESS,
            p_sided=None,
            control=_NO_CONTROL,
            kinds=_STRAIN_IDS,
            temperature="26 and 30, a column each",
            query="strain id",
            array="none",
        ),
        Reader(
            name="dcell",
            read=dcell.read,
            publication="Costanzo et al. 2016, the slice published with DCell",
            units=_FITNESS,
            p_sided=None,
            control=_NO_CONTROL,
            kinds=_NOT_TOLD,
            temperature=_NOT_TOLD,
            query="none",
            array="none",
        ),
        Reader(
            name="emap",
            read=emap.read,
            publication="Collins et al. 2007 and other E-MAPs in .rda",
            units="S-score (t-like)",
            p_sided=None,
            control=_NO_CONTROL,
            kinds="second file",
            temperature=_NOT_TOLD,
            query="mutant of the row",
            array="mutant of the column (the matrix is symmetric)",
        ),
        Reader(
            name="kuzmin2018",
            read=kuzmin2018.read,
            publication="Kuzmin et al. 2018, Data S1",
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_WITH_ALLELES,
            temperature=_NOT_TOLD,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        Reader(
            name="kuzmin2018_calls",
            read=kuzmin2018_calls.read,
            publication="Kuzmin et al. 2018, called interactions (Data S2)",
            units="1: called negative, 0: not",
            p_sided=None,
            control=_HO,
            kinds="allele names",
            temperature=_NOT_TOLD,
            query="query strain id, from the assignment file",
            array="array allele name",
        ),
        Reader(
            name="kuzmin2018_repeats",
            read=kuzmin2018_repeats.read,
            publication="Kuzmin et al. 2018, repeated rows of Data S1",
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_ARRAY_ONLY,
            temperature=_NOT_TOLD,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        Reader(
            name="kuzmin2020",
            read=kuzmin2020.read,
            publication="Kuzmin et al. 2020, Tables S1 and S3",
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_WITH_ALLELES,
            temperature=_NOT_TOLD,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        Reader(
            name="kuzmin2020_scored",
            read=kuzmin2020_scored.read,
            publication="Kuzmin et al. 2020, scored output of the protocol",
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_ARRAY_ONLY,
            temperature=_NOT_TOLD,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        Reader(
            name="st_onge2007",
            read=st_onge2007.read,
            publication="St Onge et al. 2007, as Table EV4 of Diaz-Mejia et al. 2018 holds it",
            units=_FITNESS,
            p_sided=None,
            control=_NO_CONTROL,
            kinds="deletions",
            temperature=_NOT_TOLD,
            query="gene x (the screen is symmetric)",
            array="gene y",
        ),
        Reader(
            name="table",
            read=table.read,
            publication="a long table of your own",
            units="as the configuration says",
            p_sided=None,
            control=_NO_CONTROL,
            kinds=_NOT_TOLD,
            temperature="a column, if mapped",
            query="a column, if mapped",
            array="a column, if mapped",
        ),
        Reader(
            name="torchcell_tau",
            read=torchcell_tau.read,
            publication="Kuzmin et al. 2018 and 2020, trigenic scores as torchcell tabulates them",
            units=_FITNESS,
            p_sided=1,
            control="hoΔ (YDL227C), in no genotype of the table",
            kinds=_NOT_TOLD,
            temperature=_NOT_TOLD,
            query="the pair of genes that recurs over the array; missing where the counts leave it open",
            array="the third gene; missing likewise",
        ),
    )
}
"""Readers by name."""
