"""Rows of an upstream file as columns, whatever the file's format, and the rows that cannot be used."""

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError

REJECTED_FIELDS = pa.schema(
    [("file", pa.string()), ("row", pa.int64()), ("reason", pa.string()), ("text", pa.string())]
)


class Expected(Enum):
    """How many rows of a sound file may be rejected for a reason."""

    ANY = "any number"
    """It lies in the measurements, or in the gene table: a gene that the index lacks, a row without a measurement."""
    UP_TO_HALF = "up to half"
    """It holds for some rows; where it holds for most, the file is not what the settings state."""
    FEW = "few"
    """The row does not fit the layout; where many do not, the layout is another one."""


@dataclass(frozen=True)
class Reason:
    """Why a row is rejected; its text is composed where it is written.

    Attributes
    ----------
    sentence
        The kind of reason in words, with ``{}`` in place of each particular: a name, a number.
    expected
        How many rows of a sound file may be rejected so.
    particulars
        Those of one row.
    """

    sentence: str
    expected: Expected = Expected.FEW
    particulars: tuple[str, ...] = ()

    def of(self, *particulars: str) -> Self:
        """Return this kind of reason with the particulars of a row."""
        return replace(self, particulars=particulars)

    @property
    def kind(self) -> str:
        """Return the sentence without particulars, equal for all rows of the kind."""
        return self.sentence.replace("'{}'", "...").replace("{}", "...")

    def __str__(self) -> str:
        return self.sentence.format(*self.particulars)


@dataclass(frozen=True)
class RejectedRows:
    """Rejected rows of one or several files: name of the file, row (1 is the first line), reason and text of each."""

    files: tuple[str, ...]
    rows: tuple[int, ...]
    reasons: tuple[Reason, ...]
    texts: tuple[str, ...]

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts, in their order."""
        columns = ([part.files, part.rows, part.reasons, part.texts] for part in parts)
        return cls(*(tuple(chain.from_iterable(column)) for column in zip(*columns, strict=True)))

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> pa.Table:
        """Return the rows as a table of `REJECTED_FIELDS`, each reason as its sentence."""
        return pa.table([self.files, self.rows, list(map(str, self.reasons)), self.texts], schema=REJECTED_FIELDS)


@dataclass
class Rejections:
    """Rejected rows of one file, collected while a reader goes through it."""

    file: Path
    rows: list[int] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, row: int, reason: Reason, text: str) -> None:
        """Reject one row (1 is the file's first line)."""
        self.rows.append(int(row))
        self.reasons.append(reason)
        self.texts.append(text)

    def extend(self, rows: Sequence[int], reasons: Sequence[Reason], texts: Sequence[str]) -> None:
        """Reject several rows, each with its reason and its text."""
        self.rows.extend(rows)
        self.reasons.extend(reasons)
        self.texts.extend(texts)

    def take(self) -> RejectedRows:
        """Return the rows collected so far and forget them."""
        files = (self.file.name,) * len(self.rows)
        taken = RejectedRows(files, tuple(self.rows), tuple(self.reasons), tuple(self.texts))
        self.rows, self.reasons, self.texts = [], [], []
        return taken


@dataclass(frozen=True)
class Column:
    """A wanted column.

    Attributes
    ----------
    spellings
        Its name in the header.
    holds
        Text; names (text, or lists of texts where the file has typed columns); numbers; or numbers and truth values,
        of which true counts 1 and false 0.
    required
        Whether the file must have it.
    """

    spellings: tuple[str, ...]
    holds: Literal["text", "names", "number", "number or truth"] = "text"
    required: bool = True

    @property
    def is_number(self) -> bool:
        """Return whether the values become numbers."""
        return self.holds in {"number", "number or truth"}


@dataclass(frozen=True)
class RowBlock:
    """Rows of a file that have the right number of fields.

    Attributes
    ----------
    table
        Wanted columns: text dictionary-encoded, numbers float64 with null where missing.
    lines
        int64 [n]: row of each in the file, the first being 1.
    originals
        Gives the text of some rows (positions, int64) as the file holds them; called for rejected rows only.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    originals: Callable[[NDArray[np.int64]], list[str]]

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, name: str) -> bool:
        """Return whether the file has a column."""
        return name in self.table.column_names

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, float64 [n], NaN where missing."""
        if not self.has(name):
            return np.full(len(self), np.nan)
        column = self.table.column(name).combine_chunks()
        return np.asarray(column.fill_null(np.nan).to_numpy(zero_copy_only=False), dtype=np.float64)

    def text(self, name: str) -> pa.DictionaryArray:
        """Return a column of text, dictionary-encoded."""
        column = self.table.column(name)
        return column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()

    def reject(self, mask: NDArray[np.bool_], reason: Reason | Sequence[Reason], rejections: Rejections) -> None:
        """Reject the rows of `mask` for one reason, or each for its own (one a row of the mask that is set)."""
        rows = np.flatnonzero(mask)
        if len(rows):
            reasons = [reason] * len(rows) if isinstance(reason, Reason) else reason
            rejections.extend(self.lines[rows].tolist(), reasons, self.originals(rows))


def one_block(blocks: Iterable[RowBlock], path: Path) -> RowBlock:
    """Return every block of the file `path` as one; for files that fit in memory.

    Raises
    ------
    PipelineError
        When the file has no rows.
    """
    parts = list(blocks)
    if not parts:
        raise PipelineError(f"{path}: the file holds no rows; give the whole file.")
    ends = np.cumsum([len(part) for part in parts])

    def originals(rows: NDArray[np.int64]) -> list[str]:
        owner = np.searchsorted(ends, rows, side="right")
        return [
            text
            for index in np.unique(owner)
            for text in parts[index].originals(rows[owner == index] - (ends[index] - len(parts[index])))
        ]

    table = pa.concat_tables([part.table for part in parts]).unify_dictionaries().combine_chunks()
    return RowBlock(table, np.concatenate([part.lines for part in parts]), originals)


def column_places(header: Sequence[str], columns: Mapping[str, Column], where: str) -> dict[str, int]:
    """Return the position of each wanted column that the header has.

    A name that is spelled exactly so wins over one that differs in letter case, spaces or quotes.

    Raises
    ------
    PipelineError
        When a required column is missing, or one is there twice.
    """
    exact = [name.strip() for name in header]
    known = [_normal(name) for name in header]
    places: dict[str, int] = {}
    for wanted, column in columns.items():
        found = [place for place, name in enumerate(exact) if name in column.spellings]
        if not found:
            spellings = {_normal(spelling) for spelling in column.spellings}
            found = [place for place, name in enumerate(known) if name in spellings]
        if len(found) > 1:
            raise PipelineError(
                f"{where}: the column '{column.spellings[0]}' is there {len(found)} times; rename all but one."
            )
        if found:
            places[wanted] = found[0]
        elif column.required:
            near = difflib.get_close_matches(_normal(column.spellings[0]), known, n=1, cutoff=0.6)
            nearest = f" (did you mean '{exact[known.index(near[0])]}'?)" if near else ""
            raise PipelineError(
                f"{where}: there is no column '{column.spellings[0]}'{nearest}; the header has: "
                f"{', '.join(repr(name) for name in exact)}."
            )
    return places


def _normal(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).strip().strip('"').casefold().split())


def distinct_pairs(
    first: pa.DictionaryArray, second: pa.DictionaryArray
) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """Return the distinct pairs of two columns and, for every row, which of them it holds."""
    width = len(second.dictionary) or 1
    combined = first.indices.to_numpy(zero_copy_only=False).astype(np.int64) * width + second.indices.to_numpy(
        zero_copy_only=False
    )
    pairs, inverse = np.unique(combined, return_inverse=True)
    left = pc.take(first.dictionary, pa.array(pairs // width)).to_pylist()
    right = pc.take(second.dictionary, pa.array(pairs % width)).to_pylist()
    return left, right, inverse
