"""Settings of one screen: which reader, which files, what to keep, how its scores are read."""

import difflib
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipeline_lib.config.organism import Medium
from pipeline_lib.config.screen_readers import SCREEN_READERS, CallThreshold, ScreenReader, ScreenScores
from pipeline_lib.config.section import SIMULATED, Section, reader_options, with_names
from pipeline_lib.errors import PipelineError

Phenotype = Literal["fitness", "interaction", "raw_interaction", "call"]
Order = Literal[1, 2, 3]


POOLED = "pooled"
"""The name that stands for all screens of a phenotype and unit together."""

TABLE_COLUMNS = (
    "genes",
    "gene1",
    "gene2",
    "gene3",
    "value",
    "std",
    "p_value",
    "query",
    "array",
    "temperature",
)
"""What the columns of one's own table can hold; ``genes`` is one column of names separated by ``+ ; |`` or space."""


class ScreenSettings(Section):
    """One dataset and the reader that understands it."""

    reader: str = Field(json_schema_extra=with_names(SCREEN_READERS.names))
    """Reader of the publication's layout (``clp screens readers`` lists them, those of installed packages too)."""
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
    medium: Medium | None = None
    """What the screen's plates hold, for growth by flux balance (as ``metabolism.medium``). None: the run's medium."""
    conditions: list[str] | None = Field(default=None, min_length=1)
    """For readers of screens in several conditions (``bfg_gi``, ``st_onge2007``): which to keep, as the publication
    names them (``NoDrug``, ``MMS``). None: all of them; the column ``condition`` names that of a row."""
    only: Literal["metabolic"] | None = None
    """``metabolic``: keep observations with at least one gene of the metabolic model."""
    options: dict[str, Any] = {}
    """For a reader of an installed package: its own settings."""

    @field_validator("options")
    @classmethod
    def _own_options(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return reader_options(SCREEN_READERS, info.data.get("reader"), options)

    @model_validator(mode="after")
    def _reader_and_roles(self) -> Self:
        roles = self._layout.files
        for role in self.files:
            if role not in roles.known:
                raise ValueError(f"reader '{self.reader}' has no file '{role}'; it reads {', '.join(roles.known)}")
        missing = [role for role in roles.required if role not in self.files]
        if missing:
            raise ValueError(f"reader '{self.reader}' needs the file '{missing[0]}'")
        if roles.any_of and not set(roles.any_of) & set(self.files):
            raise ValueError(f"reader '{self.reader}' needs at least one of {', '.join(roles.any_of)}")
        return self

    @property
    def _layout(self) -> ScreenReader:
        try:
            return SCREEN_READERS.get(self.reader)
        except PipelineError as error:
            raise ValueError(str(error).removesuffix(".")) from error

    @model_validator(mode="after")
    def _known_conditions(self) -> Self:
        if self.conditions is None:
            return self
        known = self._layout.conditions
        if not known:
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
            raise ValueError("columns must name the column of the file that is the 'value'")
        if not {"genes", "gene1"} & set(self.columns):
            raise ValueError("columns must name the column that holds the 'genes' (or gene1, gene2, gene3)")
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
    def simulations(self) -> list[str]:
        """The simulations of the run that write its files; more than one is refused before a run."""
        simulated = (file.removeprefix(SIMULATED) for file in self.files.values() if file.startswith(SIMULATED))
        return sorted({file.partition("/")[0] for file in simulated})

    @property
    def simulation(self) -> str:
        """The simulation of the run that writes its files, empty where none does."""
        return next(iter(self.simulations), "")

    @property
    def has_p_values(self) -> bool:
        """Whether the screen has P-values."""
        return self._layout.p_sided is not None or (self.reader == "table" and "p_value" in self.columns)

    @property
    def scores(self) -> ScreenScores:
        """Unit, calls and publication of the scores: what is set here, else what the reader's publication states.

        Files that are simulated in a publication's layout are scored as the publication does, but are not its data.
        """
        published = self._layout.scores
        own = self.reader == "table" or bool(self.simulation)
        return ScreenScores(
            unit=self.unit or published.unit,
            calls=self.calls or published.calls,
            publication=None if own else self.reader,
            simulated=bool(self.simulation),
            p_values_released=published.p_values_released,
            controls_as_wild_type=published.controls_as_wild_type,
        )


def screen_scores(screens: Mapping[str, ScreenSettings]) -> dict[str, ScreenScores]:
    """Return how the scores of every screen are to be read, by the screen's name."""
    return {name: screen.scores for name, screen in screens.items()}


def simulated_screens(scores: Mapping[str, ScreenScores]) -> frozenset[str]:
    """Return the screens whose cells were simulated, whatever they are called."""
    return frozenset(name for name, screen in scores.items() if screen.simulated)
