"""The genome-scale metabolic model: exact tensors, exact gene rules, energies, media and knockouts.

As a library: `knockout_growth`, `write_knockout_growth`, `interactions`, `lethal_sets`, `explain_deletion` and
`medium_components` take a model of cobra or the path of one and return tables (docs/metabolism.md).
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline_lib.metabolism.knockouts.explanation import explain_deletion
    from pipeline_lib.metabolism.knockouts.growth_tables import interactions, knockout_growth, write_knockout_growth
    from pipeline_lib.metabolism.knockouts.lethal_search import lethal_sets
    from pipeline_lib.metabolism.medium import medium_components
    from pipeline_lib.metabolism.model.gem import read_gem

__all__ = [
    "explain_deletion",
    "interactions",
    "knockout_growth",
    "lethal_sets",
    "medium_components",
    "read_gem",
    "write_knockout_growth",
]

_HOMES = {
    "explain_deletion": "knockouts.explanation",
    "interactions": "knockouts.growth_tables",
    "knockout_growth": "knockouts.growth_tables",
    "lethal_sets": "knockouts.lethal_search",
    "medium_components": "medium",
    "read_gem": "model.gem",
    "write_knockout_growth": "knockouts.growth_tables",
}
"""Where each name is defined: the commands import this package, and need none of it to show their help."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
