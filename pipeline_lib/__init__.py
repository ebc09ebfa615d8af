"""Predict what happens to a yeast cell when one, two or three genes are deleted.

As a library: `Run` reads the results of a run as tables, figures and fitted models; `read_screen` reads a table of
measurements; `pipeline_lib.metabolism` deletes the genes of a metabolic model; `pipeline_lib.extension` adds models and
readers of other packages.

The sub-packages are the flow of the data; each imports only earlier ones:
``sources``, ``genes``, ``metabolism``, ``simulation``, ``screens``, ``networks``, ``features``, ``cell``, ``models``,
``training``, ``evaluation``, ``reporting``, ``library``. ``artefacts`` (files on disk), ``config`` (typed settings),
``extension`` (names of other packages) and ``command_line`` (how a stage is started) stand below them all.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline_lib.library.run import Run, read_screen

__version__ = "0.1.0"

__all__ = ["Run", "read_screen"]

_HOMES = {"Run": "pipeline_lib.library.run", "read_screen": "pipeline_lib.library.run"}
"""Where each name is defined: the workflow imports this package at every start, and needs none of them."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
