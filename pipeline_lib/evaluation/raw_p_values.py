"""P-values of raw scores beside adjusted ones, in screens that released the adjusted scores alone."""

from dataclasses import replace

import numpy as np

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.evaluation.measurements import Measurements, two_sided


def on_adjusted_scores(data: Measurements) -> Measurements:
    """Return the observations with the P-values of raw scores that the screen does not hold on the adjusted ones.

    A P-value of a raw score stands on the row of that score. A screen of tau alone has no such row, so its P-values
    stand on tau and are marked (`Measurements.p_of_raw`).
    """
    raw = data.genotypes.phenotype == PHENOTYPES.index("raw_interaction")
    with_raw = np.isin(data.genotypes.screen, data.genotypes.screen[raw])
    of_raw = np.isnan(data.p_released) & np.isfinite(data.p_call) & ~with_raw
    return replace(
        data,
        p_released=np.where(of_raw, data.p_call, data.p_released),
        p_value=np.where(of_raw, two_sided(data.p_call, data.p_sided), data.p_value),
        p_of_raw=of_raw,
    )
