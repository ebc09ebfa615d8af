"""What a screen's interactions are measured in, and which of them count as called interactions."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section

FITNESS_UNITS = "fitness units"
"""The unit of interactions between fitness values with the wild type = 1."""


class CallThreshold(Section):
    """What counts as a called interaction, in the screen's own unit: a score beyond a threshold, and a small P."""

    negative: float = Field(lt=0)
    """A negative interaction lies below this value."""
    positive: float | None = Field(default=None, gt=0)
    """A positive interaction lies above this value. None: positive interactions are not counted."""
    inclusive: bool = False
    """Whether a value that equals a threshold counts."""
    p_value: float | None = Field(default=None, gt=0, le=1)
    """And its P-value lies below this; a score without a P-value is then not called. None: the score alone decides."""
    p_sided: Literal[1, 2] | None = None
    """Whether ``p_value`` is a threshold of one-sided or of two-sided P-values. A released P-value of the other kind is
    converted on the side of its score (one-sided = two-sided / 2). None: P-values are compared as they were
    released."""
    fdr: float | None = Field(default=None, gt=0, le=1)
    """And the false discovery rate that was released with it lies below this (``bfg_gi``). None: no rate is asked
    for."""


class ScreenScores(Section):
    """How the scores of one screen are to be read: their unit, their calls, and who published them."""

    unit: str | None = None
    """Unit of its values. None: not stated."""
    calls: CallThreshold | None = None
    """Which interactions are called. None: nothing is called."""
    publication: str | None = None
    """Reader of the publication whose measurements these are. None: a table of one's own, or a simulated screen."""


_PUBLISHED = CallThreshold(negative=-0.08, positive=0.08, p_value=0.05, p_sided=1)
_IN_FITNESS_UNITS = ScreenScores(unit=FITNESS_UNITS, calls=_PUBLISHED)
_NOT_CALLED = ScreenScores(unit=FITNESS_UNITS)

READER_SCORES: Mapping[str, ScreenScores] = {
    "bfg_gi": ScreenScores(unit=FITNESS_UNITS, calls=CallThreshold(negative=-0.075, positive=0.075, fdr=0.01)),
    "costanzo2016_pairwise": _IN_FITNESS_UNITS,
    "costanzo2016_smf": _NOT_CALLED,
    # The slice that was published with DCell holds no P-values, without which nobody called an interaction.
    "dcell": _NOT_CALLED,
    "emap": ScreenScores(unit="S-score", calls=CallThreshold(negative=-2.5, positive=2.5, inclusive=True)),
    "kuzmin2018": _IN_FITNESS_UNITS,
    "kuzmin2018_calls": _NOT_CALLED,
    "kuzmin2018_repeats": _IN_FITNESS_UNITS,
    "kuzmin2020": _IN_FITNESS_UNITS,
    "kuzmin2020_scored": _IN_FITNESS_UNITS,
    # Its classes rest on the SD of each pair, which the table does not hold.
    "st_onge2007": _NOT_CALLED,
    "table": ScreenScores(),
    "torchcell_tau": _IN_FITNESS_UNITS,
}
"""Unit and published threshold of every reader's scores.

Kuzmin et al. 2018 and 2020, Costanzo et al. 2016: \\|epsilon\\| > 0.08, or tau < -0.08, and the released one-sided
P < 0.05. Collins et al. 2007: an S-score of at most -2.5 or at least 2.5. BFG-GI (Diaz-Mejia et al. 2018): a score
beyond 0.075 on either side and a false discovery rate below 0.01.
"""
