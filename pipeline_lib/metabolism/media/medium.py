"""What the cell may take up: bounds of the exchange reactions."""

import difflib
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.media.named_media import uptakes_of
from pipeline_lib.metabolism.model.gem import Gem

_OUTSIDE = r"(?i)(?:C_)?(?:e\d*|ext|extern(?:al)?|extra[ _-]?(?:cellular|organism)|outside|medium)"
"""Compartments that lie outside the cell, by the ids that models give them."""

Medium = str | Mapping[str, float]


def exchange_reactions(reactions: pd.DataFrame, metabolites: pd.DataFrame, S: sparse.csc_array) -> NDArray[np.bool_]:
    """Find the exchange reactions: those of a single metabolite outside the cell.

    Outside is a compartment with a usual name for it (e, e0, ext, extracellular, ...); where a model has none of these,
    the one that most reactions called ``EX_...`` drain or, without such reactions, most of all boundary reactions.

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
    compartment = metabolites["compartment"].iloc[S.indices[S.indptr[boundary]]].reset_index(drop=True)
    called = reactions["id"].iloc[boundary].str.startswith("EX_").to_numpy(bool)
    usual = compartment[compartment.str.fullmatch(_OUTSIDE)]
    candidates = next((some for some in (usual, compartment[called], compartment) if len(some)), compartment)
    exchange[boundary[(compartment == candidates.mode().get(0)).to_numpy(bool)]] = True
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
        ``"model"`` (the bounds as they are), the name of a medium in `named_media.NAMED_MEDIA`, or a mapping from
        exchange reaction (id or name) to greatest uptake in mmol/gDW/h; one that is not listed takes nothing up.

    Returns
    -------
    (lower, upper)
        float64 [R], mmol/gDW/h.

    Raises
    ------
    PipelineError
        When the medium or an exchange is unknown or does not fit the model, or an uptake is negative.
    """
    lower = reactions["lower_bound"].to_numpy(np.float64, copy=True)
    upper = reactions["upper_bound"].to_numpy(np.float64, copy=True)
    if medium == "model":
        return lower, upper
    positions = np.flatnonzero(exchange)
    exchanges = reactions.iloc[positions]
    uptakes = np.zeros(len(reactions))
    given: dict[int, str] = {}
    named = uptakes_of(medium, list(exchanges["id"])) if isinstance(medium, str) else medium
    for name, uptake in named.items():
        if not math.isfinite(uptake) or uptake < 0:
            raise PipelineError(f"medium: the uptake of '{name}' must be a number of at least 0, not {uptake}.")
        at = _position(name, exchanges)
        if at in given:
            raise PipelineError(f"medium: '{given[at]}' and '{name}' are one exchange reaction; keep one of them.")
        uptakes[at], given[at] = uptake, name
    # An exchange written as "metabolite -> nothing" takes up by running backwards.
    consumes = S.data[S.indptr[positions]] < 0
    backwards, forwards = positions[consumes], positions[~consumes]
    lower[backwards] = -uptakes[backwards]
    upper[forwards] = uptakes[forwards]
    crossed = np.flatnonzero(lower > upper)
    if len(crossed):
        raise PipelineError(
            f"medium: the model forces an uptake through '{reactions['id'].iloc[crossed[0]]}' that is greater than the "
            f"medium's {uptakes[crossed[0]]:g}; let its bounds in the model's file include zero."
        )
    return lower, upper


def with_medium(gem: Gem, medium: Medium) -> Gem:
    """Return the model grown on a medium (see `medium_bounds`).

    Raises
    ------
    PipelineError
        When the medium or an exchange is unknown or does not fit the model, or an uptake is negative.
    """
    exchange = exchange_reactions(gem.reactions, gem.metabolites, gem.stoichiometry)
    return gem.with_bounds(*medium_bounds(gem.reactions, gem.stoichiometry, exchange, medium))


def _position(name: str, exchanges: pd.DataFrame) -> int:
    """Return the reaction index of the exchange with this id or name."""
    for column in ("id", "name"):
        found = exchanges.index[exchanges[column] == name]
        if len(found) > 1:
            raise PipelineError(f"medium: '{name}' is the name of {len(found)} exchange reactions; give the id of one.")
        if len(found):
            return int(found[0])
    known = [*exchanges["id"], *exchanges["name"]]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"; the nearest known one is '{near[0]}'." if near else "."
    raise PipelineError(f"medium: the model has no exchange reaction '{name}'{hint}")
