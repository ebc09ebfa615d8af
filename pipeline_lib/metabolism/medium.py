"""What the cell may take up: bounds of the exchange reactions."""

import difflib
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.gem import Gem

Medium = str | Mapping[str, float]

_FREE = 1000.0
_YEAST_SALTS = dict.fromkeys(
    (
        "r_1654",  # ammonium
        "r_1992",  # oxygen
        "r_2005",  # phosphate
        "r_2060",  # sulphate
        "r_1861",  # iron(2+)
        "r_1832",  # H+
        "r_2100",  # water
        "r_4593",  # chloride
        "r_4595",  # Mn(2+)
        "r_4596",  # Zn(2+)
        "r_4597",  # Mg(2+)
        "r_2049",  # sodium
        "r_4594",  # Cu2(+)
        "r_4600",  # Ca(2+)
        "r_2020",  # potassium
    ),
    _FREE,
)
_YEAST_SUPPLEMENTS = dict.fromkeys(
    (
        "r_1604", "r_1639", "r_1873", "r_1879", "r_1880", "r_1881", "r_1671", "r_1883", "r_1757", "r_1891", "r_1889",
        "r_1810", "r_1993", "r_1893", "r_1897", "r_1947", "r_1899", "r_1900", "r_1902", "r_1967", "r_1903", "r_1548",
        "r_1904", "r_2028", "r_2038", "r_1906", "r_2067", "r_1911", "r_1912", "r_1913", "r_2090", "r_1914", "r_2106",
    ),
    0.5,
)  # fmt: skip
_CORE_SALTS = dict.fromkeys(("EX_co2_e", "EX_h_e", "EX_h2o_e", "EX_nh4_e", "EX_o2_e", "EX_pi_e"), _FREE)

NAMED_MEDIA: dict[str, tuple[dict[str, float], ...]] = {
    "minimal": (
        {**_YEAST_SALTS, "r_1714": 1.0},
        {**_CORE_SALTS, "EX_glc__D_e": 10.0},
    ),
    "rich": (
        {**_YEAST_SALTS, **_YEAST_SUPPLEMENTS, "r_1672": _FREE, "r_1714": 20.0},
        {**_CORE_SALTS, "EX_glc__D_e": 10.0, "EX_gln__L_e": 5.0, "EX_glu__L_e": 5.0},
    ),
}
"""Greatest uptake (mmol/gDW/h) by exchange reaction, for the ids of yeast-GEM and for those of BiGG (E. coli core).

Yeast ``minimal`` is yeast-GEM's ``minimal_Y6`` (ammonium, salts, 1 glucose), ``rich`` the Kennedy synthetic complete
medium of its essentiality test (``complete_Y7``: 20 glucose, 0.5 of each amino acid, base and vitamin). For the
E. coli core model ``rich`` adds the two amino acids that it has.
"""


def exchange_reactions(reactions: pd.DataFrame, metabolites: pd.DataFrame, S: sparse.csc_array) -> NDArray[np.bool_]:
    """Find the exchange reactions: those of a single metabolite outside the cell.

    Parameters
    ----------
    reactions, metabolites
        The model's tables (R and M rows).
    S
        csc [M, R].

    Returns
    -------
    bool [R]
        Growth and other drains of internal metabolites are boundary reactions but no exchanges.
    """
    exchange = np.zeros(len(reactions), dtype=bool)
    boundary = np.flatnonzero(np.diff(S.indptr) == 1)
    compartment = metabolites["compartment"].to_numpy()[S.indices[S.indptr[boundary]]]
    outside = "e" if "e" in compartment else pd.Series(compartment).mode().get(0)
    exchange[boundary[compartment == outside]] = True
    return exchange


def medium_bounds(
    reactions: pd.DataFrame, S: sparse.csc_array, exchange: NDArray[np.bool_], medium: Medium
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the flux bounds under a medium; secretion stays as the model has it.

    Parameters
    ----------
    reactions
        The reactions table, R rows.
    S
        csc [M, R].
    exchange
        bool [R]: the exchange reactions.
    medium
        ``"model"`` (the bounds as they are), the name of a medium in `NAMED_MEDIA`, or a mapping from exchange reaction
        (id or name) to greatest uptake in mmol/gDW/h; an exchange that is not listed takes nothing up.

    Returns
    -------
    (lower, upper)
        float64 [R], mmol/gDW/h.

    Raises
    ------
    PipelineError
        When the medium or an exchange is unknown, or an uptake is negative.
    """
    lower = reactions["lower_bound"].to_numpy(np.float64, copy=True)
    upper = reactions["upper_bound"].to_numpy(np.float64, copy=True)
    if medium == "model":
        return lower, upper
    positions = np.flatnonzero(exchange)
    uptakes = np.zeros(len(reactions))
    for name, uptake in _uptakes(medium, reactions.iloc[positions]).items():
        if not math.isfinite(uptake) or uptake < 0:
            raise PipelineError(f"medium: the uptake of '{name}' must be a number of at least 0, not {uptake}.")
        uptakes[_position(name, reactions.iloc[positions])] = uptake
    # An exchange written as "metabolite -> nothing" takes up by running backwards.
    consumes = S.data[S.indptr[positions]] < 0
    backwards, forwards = positions[consumes], positions[~consumes]
    lower[backwards] = -uptakes[backwards]
    upper[forwards] = uptakes[forwards]
    return lower, upper


def with_medium(gem: Gem, medium: Medium) -> Gem:
    """Return the model grown on a medium (see `medium_bounds`).

    Raises
    ------
    PipelineError
        When the medium or an exchange is unknown, or an uptake is negative.
    """
    exchange = exchange_reactions(gem.reactions, gem.metabolites, gem.stoichiometry)
    return gem.with_bounds(*medium_bounds(gem.reactions, gem.stoichiometry, exchange, medium))


def _uptakes(medium: Medium, exchanges: pd.DataFrame) -> Mapping[str, float]:
    if not isinstance(medium, str):
        return medium
    if medium not in NAMED_MEDIA:
        raise PipelineError(f"there is no medium '{medium}'; the named media are model, {', '.join(NAMED_MEDIA)}.")
    known = set(exchanges["id"])
    for uptakes in NAMED_MEDIA[medium]:
        if uptakes.keys() <= known:
            return uptakes
    raise PipelineError(
        f"the medium '{medium}' is defined for the exchange ids of yeast-GEM and of BiGG, which this model lacks; "
        "give a mapping of exchange id to uptake instead."
    )


def _position(name: str, exchanges: pd.DataFrame) -> int:
    """Return the reaction index of the exchange with this id or name."""
    for column in ("id", "name"):
        found = exchanges.index[exchanges[column] == name]
        if len(found):
            return int(found[0])
    known = [*exchanges["id"], *exchanges["name"]]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"; the nearest known one is '{near[0]}'." if near else "."
    raise PipelineError(f"medium: the model has no exchange reaction '{name}'{hint}")
