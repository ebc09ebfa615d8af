"""A layout of files that a reader of networks or of feature tables understands."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pipeline_lib.errors import PipelineError


@dataclass(frozen=True)
class Layout:
    """One reader.

    Attributes
    ----------
    target
        ``module:function``: takes the paths of the files by role and the table's settings.
    roles
        Names of its files.
    what
        One line for the list of readers.
    settings
        Of a reader of another package: the class of its own settings (pydantic), or ``dict``.
    """

    target: str
    roles: tuple[str, ...]
    what: str
    settings: type[Any] = field(default=dict, repr=False)

    def refuse_other_files(self, reader: str, given: Collection[str]) -> None:
        """Refuse files that are not the ones that the reader needs.

        Raises
        ------
        PipelineError
            Names both.
        """
        if set(given) != set(self.roles):
            wanted, found = ", ".join(self.roles), ", ".join(sorted(given)) or "none"
            raise PipelineError(f"reader '{reader}' needs the files {wanted}; given are {found}.")
