"""Settings of the cell graph, of the splits, and of the grid of models that run on them.

A split has one of five kinds and, behind a hyphen, the number of a further repeat of it. Which genes or queries are
held out moves a score on unseen ones by more than models differ, so a run may repeat a split several times. This is the
one place that knows how repeats are written.

"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline_lib.config.model_registry import names
from pipeline_lib.config.section import Section, with_names

SPLIT_KINDS = ("random", "query_disjoint", "gene_disjoint_one", "gene_disjoint_all", "cross_screen")
"""What a split keeps apart; `pipeline_lib.cell.splits` has the rules."""

_POOLED = "pooled"
_NAME = re.compile(rf"(?P<kind>.+?)(-(?P<repeat>[1-9][0-9]*|{_POOLED}))?", re.DOTALL)


def kind_and_repeat(name: str) -> tuple[str, int | None]:
    """Return a split's kind and the number of its repeat.

    Parameters
    ----------
    name
        ``gene_disjoint_one`` (repeat 0) or ``gene_disjoint_one-2`` (repeat 2); in tables of scores also
        ``gene_disjoint_one-pooled`` (None: all repeats together). Predictions may stand under a name that no run of
        this pipeline gives: what comes before the repeat is a kind of its own then.
    """
    found = _NAME.fullmatch(name)
    if found is None or found["repeat"] is None:
        return name, 0
    return found["kind"], None if found["repeat"] == _POOLED else int(found["repeat"])


def pooled_name(kind: str) -> str:
    """Return the name that stands for all repeats of a kind together."""
    return f"{kind}-{_POOLED}"


def _known(name: str) -> str:
    kind, repeat = kind_and_repeat(name)
    if kind not in SPLIT_KINDS or repeat is None:
        raise ValueError(
            f"there is no split '{name}'; choose among {', '.join(SPLIT_KINDS)}, or a further repeat of one of them "
            f"such as {SPLIT_KINDS[0]}-1"
        )
    return name


SplitName = Annotated[
    str,
    AfterValidator(_known),
    Field(json_schema_extra={"pattern": rf"^({'|'.join(SPLIT_KINDS)})(-[1-9][0-9]*)?$"}),
]
"""A split that a run can make."""


class CellSettings(Section):
    """How the cell graph is put together."""

    networks: list[str] | None = None
    """Networks to build the cell of; None: all, and one that holds genetic interactions is refused."""
    features: list[str] | None = None
    """Feature tables that models read; None: those that hold no genetic interactions (``holds_genetic: no``)."""


class SplitSettings(Section):
    """Train, validation and test folds."""

    names: list[SplitName] = ["random"]
    """The splits to make: ``random``, ``query_disjoint``, ``gene_disjoint_one``, ``gene_disjoint_all`` and
    ``cross_screen``. Further repeats of one, ``gene_disjoint_one-1``, ``gene_disjoint_one-2`` and so on, hold out other
    genes; models that run on all repeats are scored on them together as well (``gene_disjoint_one-pooled``)."""
    seed: int = 0
    """Seed of every split."""
    validation: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the units (genotypes, queries or genes) in the validation fold."""
    test: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the units in the test fold of the random split."""
    disjoint_test: float = Field(default=0.2, gt=0, lt=0.5)
    """Share of the queries or genes in the test fold of the disjoint splits."""
    cross_screen_test: list[str] = []
    """Screens held out by ``cross_screen``; genotypes that they share with other screens leave the training fold."""


class GridEntry(Section):
    """Every combination of these models, splits and seeds is one training job."""

    models: list[str] = Field(min_length=1, json_schema_extra=with_names(names))
    """Names of models (``clp models list``), those of installed packages too."""
    splits: list[str] = Field(min_length=1)
    """Names out of ``splits.names``."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Seeds of initial weights and of the order of batches."""
