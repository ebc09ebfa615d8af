"""Every reader of screens by its name, and what a screen's interactions are measured in and called by."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from pipeline_lib.config.registry import Registry
from pipeline_lib.config.section import Section

FITNESS_UNITS = "fitness units"
"""The unit of interactions between fitness values with the wild type = 1."""


class CallThreshold(Section):
    """What counts as a called interaction, in the screen's own unit: a score beyond a threshold, and a small P."""

    negative: float = Field(lt=0)
    """A negative interaction lies below this value."""
    positive: float | None = Field(default=None, gt=0)
    """A positive interaction lies above this value. None: positive interactions are not counted."""
    inclusive: bool = False
    """Whether a value that equals a threshold counts."""
    p_value: float | None = Field(default=None, gt=0, le=1)
    """And its P-value lies below this; a score without a P-value is then not called. None: the score alone decides."""
    p_sided: Literal[1, 2] | None = None
    """Whether ``p_value`` is a threshold of one-sided or of two-sided P-values. A released P-value of the other kind is
    converted on the side of its score (one-sided = two-sided / 2). None: P-values are compared as they were
    released."""
    fdr: float | None = Field(default=None, gt=0, le=1)
    """And the false discovery rate that was released with it lies below this (``bfg_gi``). None: no rate is asked
    for."""


class ScreenScores(Section):
    """How the scores of one screen are to be read: their unit, their calls, and who published them."""

    unit: str | None = None
    """Unit of its values. None: not stated."""
    calls: CallThreshold | None = None
    """Which interactions are called. None: nothing is called."""
    publication: str | None = None
    """Reader of the publication whose measurements these are. None: a table of one's own, or a simulated screen."""
    simulated: bool = False
    """Whether a simulation of the run writes its files."""
    p_values_released: bool = True
    """Whether its P-values, where it has any, were released; else the reader makes them of scores and SDs."""
    controls_as_wild_type: bool = False
    """Whether raw interactions were computed as if control queries (one mutation beside the neutral one) were as fit as
    the wild type."""


_NOT_STATED = "not stated"


@dataclass(frozen=True)
class ReaderFiles:
    """The roles that a reader's files play.

    Attributes
    ----------
    required
        Roles that must be given.
    any_of
        Roles of which at least one must be given.
    optional
        Roles that may be given.
    """

    required: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every role, those that must be given first."""
        return self.required + self.any_of + self.optional

    def __str__(self) -> str:
        one_of = ["(" + " | ".join(f"{role}=" for role in self.any_of) + ")"] if self.any_of else []
        parts = [f"{role}=" for role in self.required] + one_of + [f"[{role}=]" for role in self.optional]
        return " ".join(parts)


@dataclass(frozen=True)
class ScreenReader:
    """One reader.

    Attributes
    ----------
    target
        ``module:function``: takes `pipeline_lib.screens.batch.Source`, yields `pipeline_lib.screens.batch.Batch`.
    publication
        Whose data it reads.
    files
        The roles of its files.
    units
        What the values are measured in, in a sentence for people.
    scores
        Unit of interactions and the published threshold of calls.
    conditions
        Of a screen in several conditions: how the publication names them.
    p_sided
        1 or 2; None where there are no P-values, or the configuration states it.
    control
        What a neutral mutation is called, and whether it counts as a deletion.
    kinds
        Where the kind of each allele stands.
    temperature
        Where the temperature stands.
    query, array
        What stands in these columns.
    settings
        Of a reader of another package: the class of its own settings (pydantic), or ``dict``.
    """

    target: str
    publication: str
    files: ReaderFiles
    units: str
    scores: ScreenScores = field(default_factory=ScreenScores)
    conditions: tuple[str, ...] = ()
    p_sided: int | None = None
    control: str = "none; ho counts as a gene like any other"
    kinds: str = _NOT_STATED
    temperature: str = _NOT_STATED
    query: str = "none"
    array: str = "none"
    settings: type[Any] = field(default=dict, repr=False)


_PUBLISHED = CallThreshold(negative=-0.08, positive=0.08, p_value=0.05, p_sided=1)
"""Kuzmin et al. 2018 and 2020, Costanzo et al. 2016: |epsilon| > 0.08, or tau < -0.08, and the released one-sided
P < 0.05. Collins et al. 2007: an S-score of at most -2.5 or at least 2.5. BFG-GI (Diaz-Mejia et al. 2018): a score
beyond 0.075 on either side and a false discovery rate below 0.01."""
_IN_FITNESS_UNITS = ScreenScores(unit=FITNESS_UNITS, calls=_PUBLISHED)
_NOT_CALLED = ScreenScores(unit=FITNESS_UNITS)
_FITNESS = "fitness relative to the wild type = 1, and interactions in the same unit"
_HO = "hoΔ (YDL227C), dropped from the genotype"
_STRAIN_IDS = "suffix of the strain id"
_WITH_ALLELES = "suffix of the array strain's id, allele names of the query strain"
_ARRAY_ONLY = "suffix of the array strain's id; query strains unspecified"

SCREEN_READERS: Registry[ScreenReader] = Registry(
    "screen reader",
    "pipeline_lib.screen_readers",
    {
        "bfg_gi": ScreenReader(
            target="pipeline_lib.screens.readers.bfg_gi:read",
            publication="Diaz-Mejia et al. 2018, Table EV4: DNA-repair genes in nine conditions",
            files=ReaderFiles(required=("table",)),
            scores=ScreenScores(
                unit=FITNESS_UNITS,
                calls=CallThreshold(negative=-0.075, positive=0.075, fdr=0.01),
                p_values_released=False,
            ),
            conditions=("NoDrug", "DMSO", "MMS", "4NQO", "BLMC", "ZEOC", "HYDX", "DXRB", "CSPL"),
            units=_FITNESS,
            p_sided=2,
            kinds="deletions",
            query="gene x (the screen is symmetric)",
            array="gene y",
        ),
        "costanzo2016_pairwise": ScreenReader(
            target="pipeline_lib.screens.readers.costanzo2016:read_pairwise",
            publication="Costanzo et al. 2016, four pairwise tables",
            files=ReaderFiles(any_of=("ExE", "ExN_NxE", "NxN", "DAmP")),
            scores=_IN_FITNESS_UNITS,
            units=_FITNESS,
            p_sided=1,
            kinds=_STRAIN_IDS,
            temperature="column Arraytype/Temp",
            query="query strain id",
            array="array strain id",
        ),
        "costanzo2016_smf": ScreenReader(
            target="pipeline_lib.screens.readers.costanzo2016:read_single_mutants",
            publication="Costanzo et al. 2016, single-mutant fitness workbook",
            files=ReaderFiles(required=("fitness",)),
            scores=_NOT_CALLED,
            units=_FITNESS,
            kinds=_STRAIN_IDS,
            temperature="26 and 30, a column each",
            query="strain id",
            array="none",
        ),
        "dcell": ScreenReader(
            target="pipeline_lib.screens.readers.costanzo2016:read_dcell",
            publication="Costanzo et al. 2016, the slice published with DCell",
            files=ReaderFiles(any_of=("training", "testing")),
            # Its slice holds no P-values, without which nobody called an interaction.
            scores=_NOT_CALLED,
            units=_FITNESS,
            query="none",
            array="none",
        ),
        "emap": ScreenReader(
            target="pipeline_lib.screens.readers.emap:read",
            publication="Collins et al. 2007 and other E-MAPs in .rda",
            files=ReaderFiles(required=("scores",), optional=("kinds",)),
            scores=ScreenScores(unit="S-score", calls=CallThreshold(negative=-2.5, positive=2.5, inclusive=True)),
            units="S-score (t-like)",
            kinds="second file",
            query="mutant of the row",
            array="mutant of the column (the matrix is symmetric)",
        ),
        "essential_genes": ScreenReader(
            target="pipeline_lib.screens.readers.table:read_essentiality",
            publication="a list of essential genes, the Yeast Deletion Project's say",
            files=ReaderFiles(required=("essential", "genes")),
            scores=_NOT_CALLED,
            units="0: the deletion is lethal, 1: it is not",
            kinds="deletions",
        ),
        "kuzmin2018": ScreenReader(
            target="pipeline_lib.screens.readers.kuzmin:read_2018",
            publication="Kuzmin et al. 2018, Data S1",
            files=ReaderFiles(required=("table",)),
            scores=_IN_FITNESS_UNITS,
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_WITH_ALLELES,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        "kuzmin2018_calls": ScreenReader(
            target="pipeline_lib.screens.readers.kuzmin_scored:read_calls_2018",
            publication="Kuzmin et al. 2018, called interactions (Data S2)",
            files=ReaderFiles(required=("calls", "assignment"), optional=("strain_fitness",)),
            scores=_NOT_CALLED,
            units="1: called negative, 0: not",
            control=_HO,
            kinds="allele names",
            query="query strain id, from the assignment file",
            array="array allele name",
        ),
        "kuzmin2018_repeats": ScreenReader(
            target="pipeline_lib.screens.readers.kuzmin:read_repeats_2018",
            publication="Kuzmin et al. 2018, repeated rows of Data S1",
            files=ReaderFiles(required=("table",)),
            scores=_IN_FITNESS_UNITS,
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_ARRAY_ONLY,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        "kuzmin2020": ScreenReader(
            target="pipeline_lib.screens.readers.kuzmin:read_2020",
            publication="Kuzmin et al. 2020, Tables S1 and S3",
            files=ReaderFiles(any_of=("S1", "S3")),
            scores=_IN_FITNESS_UNITS,
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_WITH_ALLELES,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        "kuzmin2020_scored": ScreenReader(
            target="pipeline_lib.screens.readers.kuzmin_scored:read_scored_2020",
            publication="Kuzmin et al. 2020, scored output of the protocol",
            files=ReaderFiles(any_of=("twelve_columns", "six_columns")),
            # Control queries have no fitness there, and the expected fitness is that of the array strain.
            scores=_IN_FITNESS_UNITS.model_copy(update={"controls_as_wild_type": True}),
            units=_FITNESS,
            p_sided=1,
            control=_HO,
            kinds=_ARRAY_ONLY,
            query="query strain id, double mutant or control",
            array="array strain id",
        ),
        "st_onge2007": ScreenReader(
            target="pipeline_lib.screens.readers.bfg_gi:read_st_onge2007",
            publication="St Onge et al. 2007, as Table EV4 of Diaz-Mejia et al. 2018 holds it",
            files=ReaderFiles(required=("table",)),
            # Its classes rest on the SD of each pair, which the table does not hold.
            scores=_NOT_CALLED,
            conditions=("NoMMS", "MMS"),
            units=_FITNESS,
            kinds="deletions",
            query="gene x (the screen is symmetric)",
            array="gene y",
        ),
        "table": ScreenReader(
            target="pipeline_lib.screens.readers.table:read",
            publication="a long table of your own",
            files=ReaderFiles(required=("table",)),
            units="as stated in the configuration",
            temperature="a column, if mapped",
            query="a column, if mapped",
            array="a column, if mapped",
        ),
        "torchcell_tau": ScreenReader(
            target="pipeline_lib.screens.readers.torchcell_tau:read",
            publication="Kuzmin et al. 2018 and 2020, trigenic scores as torchcell tabulates them",
            files=ReaderFiles(required=("table",)),
            scores=_IN_FITNESS_UNITS,
            units=_FITNESS,
            p_sided=1,
            control="hoΔ (YDL227C), in no genotype of the table",
            query="the pair of genes that recurs over the array; missing where the counts leave it open",
            array="the third gene; missing likewise",
        ),
    },
)
"""Readers of screens by name."""
