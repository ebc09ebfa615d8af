"""The media of a run as one table: what each component's exchange may take up, and which screens grow on it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline_lib.artefacts.flux_balance import ABSENT, BETWEEN_SCREENS, OTHERS
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.media.medium import Medium, exchange_reactions, medium_bounds
from pipeline_lib.metabolism.media.named_media import NAMED_MEDIA, fitting_medium
from pipeline_lib.metabolism.model.gem import Gem, Model, gem_of
from pipeline_lib.metabolism.model.network import MetabolicNetwork


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
        As in `pipeline_lib.metabolism.media.medium.medium_bounds`.

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
    """Return the media of a run (`pipeline_lib.artefacts.flux_balance.MEDIA`), its own first.

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
