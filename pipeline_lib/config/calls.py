"""What a screen's interactions are measured in, and which of them count as called interactions."""

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
