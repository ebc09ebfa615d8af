"""What a split may be called: one of five kinds, and behind a hyphen the number of a further repeat of it.

Which genes or queries are held out moves a score on unseen ones by more than models differ, so a run may repeat a split
several times. This is the one place that knows how repeats are written.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

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
