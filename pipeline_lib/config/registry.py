"""The one mechanism behind models and readers: names that the pipeline has, and names that installed packages add."""

import difflib
import importlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pipeline_lib.errors import PipelineError

OWN_PACKAGE = "pipeline_lib"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""What a model or reader may be called: its name is a folder, a wildcard of the workflow and a key of the YAML."""


class Entry(Protocol):
    """What stands under a name."""

    @property
    def target(self) -> str:
        """``module:name`` of the class or function."""
        ...


E = TypeVar("E", bound=Entry)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Registry(Generic[E]):
    """Entries by name.

    A name comes from the pipeline itself, from an entry point of an installed package, or from a decorator in a module
    that was imported. Entry points are read once a process; the module behind one is imported when its name is looked
    up. A name that two of them claim is refused.

    Parameters
    ----------
    what
        What an entry is, for messages: ``model``, ``screen reader``.
    group
        Group of the entry points.
    built_in
        The pipeline's own entries.
    """

    def __init__(self, what: str, group: str, built_in: Mapping[str, E]) -> None:
        self.what = what
        self.group = group
        self.built_in = built_in
        self._registered: dict[str, E] = {}

    def names(self) -> list[str]:
        """Return every name: the pipeline's own, then the others in alphabetical order."""
        return list(dict.fromkeys([*self.built_in, *sorted({*self._registered, *self._claims})]))

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or name in self._registered or name in self._claims

    def get(self, name: str) -> E:
        """Return the entry of a name; a package's module is imported for it.

        Raises
        ------
        PipelineError
            When there is no such name (with the nearest one), two packages claim it, or its module cannot be imported.
        """
        claims = self._claims.get(name, ())
        if name in self.built_in and not claims:
            return self.built_in[name]
        owners = [OWN_PACKAGE] * (name in self.built_in) + [_package(point) for point in claims]
        if len(owners) > 1:
            raise PipelineError(
                f"the {self.what} '{name}' is claimed by {' and by '.join(owners)}; rename it in one of them, or "
                "uninstall one."
            )
        if claims:
            self._import(name, claims[0])
        if name not in self._registered:
            raise PipelineError(self.explain_unknown(name))
        return self._registered[name]

    def explain_unknown(self, name: str) -> str:
        """Return the sentence for a name that nothing has, with the nearest name and the list."""
        near = difflib.get_close_matches(name, self.names(), n=1, cutoff=0.0)
        hint = f"; did you mean '{near[0]}'?" if near else "."
        return f"there is no {self.what} '{name}'{hint} There are {', '.join(self.names())}."

    def package_of(self, name: str) -> str:
        """Return who gave the name: ``pipeline_lib``, the installed package and its version, or the module."""
        if name in self.built_in:
            return OWN_PACKAGE
        if name in self._claims:
            return _package(self._claims[name][0])
        return f"the module {self.get(name).target.partition(':')[0]}"

    def added(self, entry_of: Callable[[str], E], name: str) -> Callable[[Decorated], Decorated]:
        """Return a decorator that registers what it decorates under `name`.

        Parameters
        ----------
        entry_of
            ``module:name`` of the decorated object to its entry.
        name
            Lower-case letters, digits and underscores, a letter first.

        Raises
        ------
        PipelineError
            When the name is no such word, or another class or function has it.
        """
        if not NAME.fullmatch(name):
            raise PipelineError(
                f"the {self.what} '{name}' cannot be called so: use lower-case letters, digits and underscores, a "
                "letter first, at most 63 of them."
            )

        def register(decorated: Decorated) -> Decorated:
            target = f"{decorated.__module__}:{decorated.__qualname__}"
            others = {entries[name].target for entries in (self.built_in, self._registered) if name in entries}
            if others - {target}:
                raise PipelineError(
                    f"the {self.what} '{name}' is claimed by {others.pop()} and by {target}; rename one of them."
                )
            self._registered[name] = entry_of(target)
            return decorated

        return register

    @cached_property
    def _claims(self) -> dict[str, tuple[EntryPoint, ...]]:
        """The entry points of installed packages by name."""
        found: dict[str, tuple[EntryPoint, ...]] = {}
        for point in entry_points(group=self.group):
            found[point.name] = (*found.get(point.name, ()), point)
        return found

    def _import(self, name: str, point: EntryPoint) -> None:
        """Import the module of an entry point, whose decorator registers the name.

        Raises
        ------
        PipelineError
            When it cannot be imported, or registers something else.
        """
        try:
            importlib.import_module(point.module)
        except (ImportError, SyntaxError) as error:
            raise PipelineError(
                f"the {self.what} '{name}' of {_package(point)} cannot be imported ({type(error).__name__}: {error}); "
                "install what it needs, or uninstall the package."
            ) from error
        registered = self._registered.get(name)
        if registered is None or registered.target != f"{point.module}:{point.attr}":
            raise PipelineError(
                f"{_package(point)} announces the {self.what} '{name}' at {point.value}, but no {self.what} of that "
                f"name is registered there; decorate it with the name '{name}'."
            )


def load(target: str) -> Any:  # noqa: ANN401 - a class or a function
    """Return the class or function of ``module:name``."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _package(point: EntryPoint) -> str:
    """Return the package that an entry point is of, and its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else f"the package of {point.value}"


@dataclass(frozen=True)
class Layout:
    """One layout of files that a reader of networks or of feature tables understands.

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

    def read(self, reader: str, files: Mapping[str, Path], settings: Any) -> Any:  # noqa: ANN401 - the reader's own
        """Return what the reader makes of the files.

        Raises
        ------
        PipelineError
            When the files are not the ones that it needs, or break its layout.
        """
        self.refuse_other_files(reader, files)
        return load(self.target)(files, settings)
