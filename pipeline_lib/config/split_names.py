"""What a split may be called: one of five kinds, and behind a hyphen the number of a further draw of it.

Which genes or queries are held out moves a score on unseen ones by more than models differ, so a run may draw a split
several times. This is the one place that knows how draws are written.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

SPLIT_KINDS = ("random", "query_disjoint", "gene_disjoint_one", "gene_disjoint_all", "cross_screen")
"""What a split keeps apart; `pipeline_lib.cell.splits` has the rules."""

_POOLED = "pooled"
_NAME = re.compile(rf"(?P<kind>.+?)(-(?P<draw>[1-9][0-9]*|{_POOLED}))?", re.DOTALL)


def kind_and_repeat(name: str) -> tuple[str, int | None]:
    """Return a split's kind and the number of its draw.

    Parameters
    ----------
    name
        ``gene_disjoint_one`` (draw 0) or ``gene_disjoint_one-2`` (draw 2); in tables of scores also
        ``gene_disjoint_one-pooled`` (None: all draws together). Predictions may stand under a name that no run of
        this pipeline gives: what comes before the draw is a kind of its own then.
    """
    found = _NAME.fullmatch(name)
    if found is None or found["draw"] is None:
        return name, 0
    return found["kind"], None if found["draw"] == _POOLED else int(found["draw"])


def pooled_name(kind: str) -> str:
    """Return the name that stands for all draws of a kind together."""
    return f"{kind}-{_POOLED}"


def _known(name: str) -> str:
    kind, draw = kind_and_repeat(name)
    if kind not in SPLIT_KINDS or draw is None:
        raise ValueError(
            f"there is no split '{name}'; choose among {', '.join(SPLIT_KINDS)}, or a further draw of one of them such "
            f"as {SPLIT_KINDS[0]}-1"
        )
    return name


SplitName = Annotated[
    str,
    AfterValidator(_known),
    Field(json_schema_extra={"pattern": rf"^({'|'.join(SPLIT_KINDS)})(-[1-9][0-9]*)?$"}),
]
"""A split that a run can make."""
