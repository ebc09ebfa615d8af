"""Rows of a file that cannot be used, each with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

REJECTED_FIELDS = pa.schema(
    [("file", pa.string()), ("row", pa.int64()), ("reason", pa.string()), ("text", pa.string())]
)


@dataclass
class Rejections:
    """Rejected rows of one file, collected while a reader goes through it."""

    file: Path
    rows: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, row: int, reason: str, text: str) -> None:
        """Reject one row (1 is the file's first line)."""
        self.rows.append(int(row))
        self.reasons.append(reason)
        self.texts.append(text)

    def extend(self, rows: Sequence[int], reasons: Sequence[str], texts: Sequence[str]) -> None:
        """Reject several rows, each with its reason and its text."""
        self.rows.extend(rows)
        self.reasons.extend(reasons)
        self.texts.extend(texts)

    def take(self) -> pa.Table:
        """Return the rows collected so far and forget them."""
        table = pa.table(
            [[self.file.name] * len(self.rows), self.rows, self.reasons, self.texts], schema=REJECTED_FIELDS
        )
        self.rows, self.reasons, self.texts = [], [], []
        return table
