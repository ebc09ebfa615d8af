"""What the cell may take up: bounds of the exchange reactions, and the media of a run as one table."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.artefacts.schemas import ABSENT, BETWEEN_SCREENS, OTHERS
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem, Model, gem_of
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.named_media import NAMED_MEDIA, fitting_medium, uptakes_of

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


def medium_label(medium: Medium, owner: str) -> str:
    """Return the name of a medium; a mapping of uptakes is called after what it belongs to."""
    return medium if isinstance(medium, str) else f"own:{owner}"


def medium_components(model: Model, medium: Medium) -> pd.DataFrame:
    """List what a medium feeds a model, and what of it the model lacks.

    Parameters
    ----------
    model
        A `cobra.Model`, the path of a model's file, ``cobra:textbook``, or what `read_gem` returned.
    medium
        As in `pipeline_lib.metabolism.medium.medium_bounds`.

    Returns
    -------
    DataFrame
        component, reaction, reaction_index (-1, and no reaction, where the model lacks the component), uptake, lower
        and upper bound (mmol/gDW/h), source; first every exchange reaction of the model, then what it lacks.

    Raises
    ------
    PipelineError
        When the medium or an exchange is unknown or does not fit the model, or an uptake is negative.
    """
    gem = gem_of(model)
    exchange = exchange_reactions(gem.reactions, gem.metabolites, gem.stoichiometry)
    lower, upper = medium_bounds(gem.reactions, gem.stoichiometry, exchange, medium)
    at = np.flatnonzero(exchange)
    consumes = gem.stoichiometry.data[gem.stoichiometry.indptr[at]] < 0
    uptake = np.maximum(np.where(consumes, -lower[at], upper[at]), 0.0)
    found = pd.DataFrame(
        {
            "component": gem.reactions["name"].iloc[at].astype(str).to_numpy(),
            "reaction": gem.reactions["id"].iloc[at].astype(str).to_numpy(),
            "reaction_index": at.astype(np.int64),
            "uptake": uptake + 0.0,
            "lower_bound": lower[at],
            "upper_bound": upper[at],
            "source": np.where(uptake > 0, "the model's file" if medium == "model" else "the configuration", ""),
        }
    )
    if not isinstance(medium, str) or medium not in NAMED_MEDIA:
        return found
    named = fitting_medium(medium, list(found["reaction"]))
    for column, position in (("component", 0), ("source", 1)):
        of_medium = found["reaction"].map({name: entry[position] for name, entry in named.content.items()})
        found[column] = of_medium.where(of_medium.notna(), found[column] if column == "component" else "")
    there = set(found["reaction"])
    absent = {**named.left_out, **{entry[0]: entry[1] for name, entry in named.content.items() if name not in there}}
    lacking = pd.DataFrame(
        {
            "component": list(absent),
            "reaction": "",
            "reaction_index": np.full(len(absent), ABSENT),
            "uptake": 0.0,
            "lower_bound": np.nan,
            "upper_bound": np.nan,
            "source": list(absent.values()),
        }
    )
    return pd.concat([found, lacking], ignore_index=True) if len(lacking) else found


def media_table(gem: Gem, medium: Medium, of_screens: Mapping[str, Medium]) -> pd.DataFrame:
    """Return the media of a run (`pipeline_lib.artefacts.schemas.MEDIA`), its own first.

    Parameters
    ----------
    gem
        The model with its own bounds.
    medium
        The run's medium, for every screen without one of its own.
    of_screens
        The others, by screen.

    Raises
    ------
    PipelineError
        When a medium does not fit the model; names the screen.
    """
    own = medium_label(medium, "run")
    media: dict[str, Medium] = {own: medium}
    screens: dict[str, list[str]] = {own: [OTHERS]}
    for screen, other in of_screens.items():
        label = medium_label(other, screen)
        media[label] = other
        if label != own:
            screens.setdefault(label, []).append(screen)
    parts = []
    for label, content in media.items():
        try:
            part = medium_components(gem, content)
        except PipelineError as error:
            if label == own:
                raise
            raise PipelineError(f"the medium of {', '.join(screens[label])}: {error}") from error
        part.insert(0, "medium", label)
        part.insert(1, "screens", BETWEEN_SCREENS.join(screens[label]))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def lacking_components(media: pd.DataFrame) -> dict[str, list[str]]:
    """Return by medium the components that the model lacks."""
    absent = media[media["reaction_index"] == ABSENT]
    return {str(medium): list(part["component"]) for medium, part in absent.groupby("medium", sort=False)}


def network_on(network: MetabolicNetwork, media: pd.DataFrame, medium: str) -> MetabolicNetwork:
    """Return a network grown on one of the media of its run.

    Raises
    ------
    PipelineError
        When the run has no such medium.
    """
    rows = media[(media["medium"] == medium) & (media["reaction_index"] != ABSENT)]
    if not len(rows):
        raise PipelineError(
            f"the run has no medium '{medium}', only {', '.join(dict.fromkeys(media['medium']))}; make its table anew."
        )
    lower, upper = network.lower.copy(), network.upper.copy()
    at = rows["reaction_index"].to_numpy()
    lower[at], upper[at] = rows["lower_bound"].to_numpy(np.float64), rows["upper_bound"].to_numpy(np.float64)
    return replace(network, lower=lower, upper=upper)
