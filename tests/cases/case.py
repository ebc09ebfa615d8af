"""One input, what it should give, and what it gives."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cases.bench import Bench

SHARED = Path(__file__).resolve().parents[3] / "shared" / "cases"
"""The folder of inputs that users reported, where this machine has it."""

KINDS = {
    "A": "models keep their meaning",
    "B": "solver states have sentences of their own",
    "C": "gene identity",
    "D": "numbers",
    "E": "files",
    "F": "the phenotype's contract",
    "G": "defaults of one dataset on another",
    "H": "own files are inputs by content",
    "I": "paths",
    "J": "a run does not die at the end",
    "K": "growth look-ups",
    "L": "P-values of calls",
}


@dataclass(frozen=True)
class Case:
    """One input of a kind.

    Attributes
    ----------
    id
        Short and unique; a folder of the shared inputs begins with its number.
    kind
        A key of `KINDS`.
    expected
        What a user should get, as a sentence.
    observe
        Gives what the pipeline says or computes, as text.
    pattern
        Regular expression (any case, over lines) that the observation has to match.
    never
        Regular expression that it must not match.
    folder
        Folder of the shared inputs that it reads; empty: it makes its own input.
    """

    id: str
    kind: str
    expected: str
    observe: Callable[[Bench], str]
    pattern: str
    never: str = "Traceback|most recent call last"
    folder: str = ""

    def held(self, observed: str) -> bool:
        """Return whether the observation is what was expected."""
        flags = re.IGNORECASE | re.DOTALL
        return re.search(self.pattern, observed, flags) is not None and not re.search(self.never, observed, flags)

    @property
    def needs_missing_folder(self) -> bool:
        """Whether the shared input is not on this machine."""
        return bool(self.folder) and not (SHARED / self.folder).is_dir()
