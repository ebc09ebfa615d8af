"""Settings of one screen: which reader, which files, what to keep, how its scores are read."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.config.calls import READER_SCORES, CallThreshold, ScreenScores
from pipeline_lib.config.metabolism import MediumName
from pipeline_lib.config.section import Section

Phenotype = Literal["fitness", "interaction", "raw_interaction", "call"]
Order = Literal[1, 2, 3]


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


READER_FILES: Mapping[str, ReaderFiles] = {
    "bfg_gi": ReaderFiles(required=("table",)),
    "costanzo2016_pairwise": ReaderFiles(any_of=("ExE", "ExN_NxE", "NxN", "DAmP")),
    "costanzo2016_smf": ReaderFiles(required=("fitness",)),
    "dcell": ReaderFiles(any_of=("training", "testing")),
    "emap": ReaderFiles(required=("scores",), optional=("kinds",)),
    "kuzmin2018": ReaderFiles(required=("table",)),
    "kuzmin2018_calls": ReaderFiles(required=("calls", "assignment"), optional=("strain_fitness",)),
    "kuzmin2018_repeats": ReaderFiles(required=("table",)),
    "kuzmin2020": ReaderFiles(any_of=("S1", "S3")),
    "kuzmin2020_scored": ReaderFiles(any_of=("twelve_columns", "six_columns")),
    "st_onge2007": ReaderFiles(required=("table",)),
    "table": ReaderFiles(required=("table",)),
    "torchcell_tau": ReaderFiles(required=("table",)),
}
"""Every reader and its files; `pipeline_lib.screens.registry` holds what each reads and how."""

READER_CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "bfg_gi": ("NoDrug", "DMSO", "MMS", "4NQO", "BLMC", "ZEOC", "HYDX", "DXRB", "CSPL"),
    "st_onge2007": ("NoMMS", "MMS"),
}
"""Readers of screens in several conditions, and the conditions as the publication names them."""

READERS_WITH_P = frozenset(
    {
        "bfg_gi",
        "costanzo2016_pairwise",
        "kuzmin2018",
        "kuzmin2018_repeats",
        "kuzmin2020",
        "kuzmin2020_scored",
        "torchcell_tau",
    }
)
"""Readers of screens with P-values; one's own table has them where its columns name them."""

SIMULATED = "simulated:"
"""Start of a file that a simulation of the run writes."""

POOLED = "pooled"
"""The name that stands for all screens of a phenotype and unit together."""

TABLE_COLUMNS = (
    "genes", "gene1", "gene2", "gene3", "value", "std", "p_value", "query", "array", "temperature",
)  # fmt: skip
"""What the columns of one's own table can hold; ``genes`` is one column of names separated by ``+ ; |`` or space."""


class ScreenSettings(Section):
    """One dataset and the reader that understands it."""

    reader: str
    """Reader of the publication's layout (``python -m pipeline_lib screens readers`` lists them)."""
    files: dict[str, str]
    """The reader's files by role: a source of the catalogue, ``simulated:<simulation>/<file>``, or a path."""
    columns: dict[str, str] = {}
    """For the reader ``table``: genes (or gene1, gene2, gene3), value, std, p_value, query, array, temperature, each
    with the name of the file's column that holds it."""
    sheet: str | None = Field(default=None, min_length=1)
    """For the reader ``table``: which sheet of a workbook to read. None: the one that has the columns; a workbook in
    which several sheets have them is refused."""
    phenotype: Phenotype = "interaction"
    """For the reader ``table``: what its values are."""
    p_sided: Literal[1, 2] | None = None
    """For the reader ``table``: whether its P-values are one-sided or two-sided."""
    unit: str | None = Field(default=None, min_length=1, max_length=40)
    """For the reader ``table``: what its values are measured in, as axes and tables show it (``S-score``, ``log2 fold
    change``). Screens whose interactions share a unit are pooled; ``fitness units`` is that of the published screens of
    fitness (wild type = 1). None: not stated."""
    calls: CallThreshold | None = None
    """Which interactions count as called, in the screen's own unit. None: the published threshold of the reader's
    publication; in an own table nothing is called, and metrics that need calls are left out."""
    orders: list[Order] = Field(default=[1, 2, 3], min_length=1)
    """Numbers of deleted genes to keep."""
    phenotypes: list[Phenotype] = Field(default=["fitness", "interaction", "raw_interaction", "call"], min_length=1)
    """Phenotypes to keep."""
    medium: MediumName | dict[str, float] | None = None
    """What the screen's plates hold, for growth by flux balance (as ``metabolism.medium``). None: the run's medium."""
    conditions: list[str] | None = Field(default=None, min_length=1)
    """For readers of screens in several conditions (``bfg_gi``, ``st_onge2007``): which to keep, as the publication
    names them (``NoDrug``, ``MMS``). None: all of them; the column ``condition`` says which a row is of."""
    only: Literal["metabolic"] | None = None
    """``metabolic``: keep observations with at least one gene of the metabolic model."""

    @model_validator(mode="after")
    def _reader_and_roles(self) -> Self:
        if self.reader not in READER_FILES:
            near = difflib.get_close_matches(self.reader, READER_FILES, n=1, cutoff=0.0)[0]
            raise ValueError(f"there is no reader '{self.reader}'; did you mean '{near}'?")
        roles = READER_FILES[self.reader]
        for role in self.files:
            if role not in roles.known:
                raise ValueError(f"reader '{self.reader}' has no file '{role}'; it reads {', '.join(roles.known)}")
        missing = [role for role in roles.required if role not in self.files]
        if missing:
            raise ValueError(f"reader '{self.reader}' needs the file '{missing[0]}'")
        if roles.any_of and not set(roles.any_of) & set(self.files):
            raise ValueError(f"reader '{self.reader}' needs at least one of {', '.join(roles.any_of)}")
        return self

    @model_validator(mode="after")
    def _known_conditions(self) -> Self:
        if self.conditions is None:
            return self
        known = READER_CONDITIONS.get(self.reader)
        if known is None:
            raise ValueError(f"the screen of reader '{self.reader}' has no conditions; leave them out")
        for condition in self.conditions:
            if condition not in known:
                near = difflib.get_close_matches(condition, known, n=1, cutoff=0.0)[0]
                raise ValueError(f"there is no condition '{condition}'; did you mean '{near}'?")
        return self

    @model_validator(mode="after")
    def _table_columns(self) -> Self:
        if self.reader != "table":
            for key in ("columns", "sheet"):
                if getattr(self, key):
                    raise ValueError(f"only the reader 'table' takes {key}; '{self.reader}' knows its own")
            return self
        unknown = [name for name in self.columns if name not in TABLE_COLUMNS]
        if unknown:
            near = difflib.get_close_matches(unknown[0], TABLE_COLUMNS, n=1, cutoff=0.0)[0]
            raise ValueError(f"there is no column '{unknown[0]}'; did you mean '{near}'?")
        if "value" not in self.columns:
            raise ValueError("columns must say which column of the file is the 'value'")
        if not {"genes", "gene1"} & set(self.columns):
            raise ValueError("columns must say which column holds the 'genes' (or gene1, gene2, gene3)")
        if "p_value" in self.columns and self.p_sided is None:
            raise ValueError("P-values need p_sided: 1 (one-sided) or 2 (two-sided)")
        return self

    @model_validator(mode="after")
    def _unit_and_calls(self) -> Self:
        if self.reader != "table":
            if self.unit is not None:
                raise ValueError(f"only the reader 'table' takes a unit; that of '{self.reader}' is published")
            return self
        if self.calls is None:
            return self
        if self.phenotype not in {"interaction", "raw_interaction"}:
            raise ValueError(f"calls are made of interactions; the values of this table are a {self.phenotype}")
        if self.calls.fdr is not None:
            raise ValueError("an own table has no column of false discovery rates; leave calls.fdr out")
        if self.calls.p_value is not None and "p_value" not in self.columns:
            raise ValueError(
                "calls.p_value needs P-values; name their column in columns.p_value, or leave calls.p_value out so "
                "that the score alone decides"
            )
        return self

    @property
    def is_simulated(self) -> bool:
        """Whether its files are written by a simulation of the run."""
        return any(file.startswith(SIMULATED) for file in self.files.values())

    @property
    def has_p_values(self) -> bool:
        """Whether the screen has P-values."""
        return self.reader in READERS_WITH_P or (self.reader == "table" and "p_value" in self.columns)

    @property
    def scores(self) -> ScreenScores:
        """Unit, calls and publication of the scores: what is set here, else what the reader's publication says.

        Files that are simulated in a publication's layout are scored as the publication does, but are not its data.
        """
        published = READER_SCORES[self.reader]
        own = self.reader == "table" or self.is_simulated
        return ScreenScores(
            unit=self.unit or published.unit,
            calls=self.calls or published.calls,
            publication=None if own else self.reader,
        )


def screen_scores(screens: Mapping[str, ScreenSettings]) -> dict[str, ScreenScores]:
    """Return how the scores of every screen are to be read, by the screen's name."""
    return {name: screen.scores for name, screen in screens.items()}
