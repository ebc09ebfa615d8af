"""Are the genes that growth needs in the model those that the cell needs? A confusion table with its MCC.

Protocol of yeast-GEM's own test (``essentialGenes.m`` of release 9.0.2, adapted from doi:10.1371/journal.pcbi.1004530):
on the Kennedy synthetic complete medium, with every boundary reaction free to excrete, a gene is predicted essential
when its deletion leaves less than 1e-6 of the wild type's growth.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotype_arrays import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.media.medium import medium_bounds
from pipeline_lib.metabolism.model.network import MetabolicNetwork

GROWTH_RATIO = 1e-6
"""Growth relative to the wild type below which a deletion counts as lethal."""
PUBLISHED = {
    "model": "yeast-GEM 9.0.2",
    "accuracy": 0.903,
    "mcc": 0.535,
    "genes": 1124,
    "note": "1,124 verified open reading frames, 160 of them on the Yeast Deletion Project's list of 2011",
}
"""Result of the release's own test (its README and ``data/testResults/essentialGenes.md``)."""
_GLUCOSE_UPTAKE = "r_1714"
"""yeast-GEM's id: what the published test is about."""
_FREE = 1000.0


def synthetic_complete(network: MetabolicNetwork, reactions: pd.DataFrame) -> MetabolicNetwork:
    """Return the network under the conditions of the published test.

    Parameters
    ----------
    network
        The network as built.
    reactions
        The reactions table, with its column ``exchange``.

    Returns
    -------
    MetabolicNetwork
        On the medium ``rich``; the boundary reactions of internal metabolites (growth, lipid backbones and chains) run
        outwards freely, as the published test lets them.

    Raises
    ------
    PipelineError
        When the model has not the exchange reactions of that medium, or they are not those of yeast-GEM.
    """
    exchange = reactions["exchange"].to_numpy(bool)
    lower, upper = medium_bounds(reactions, network.stoichiometry, exchange, "rich")
    if _GLUCOSE_UPTAKE not in set(reactions["id"]):
        raise PipelineError(
            "the published protocol is not applied: it belongs to a model with other ids of exchange reactions."
        )
    inner = (np.diff(network.stoichiometry.indptr) == 1) & ~exchange
    lower[inner], upper[inner] = 0.0, _FREE
    return replace(network, lower=lower, upper=upper)


def confusion(
    growth_ratio: NDArray[np.float64], essential: NDArray[np.bool_], genes: NDArray[np.str_]
) -> dict[str, Any]:
    """Compare predicted with measured essentiality.

    Parameters
    ----------
    growth_ratio
        float64 [n]: growth of each deletion over that of the wild type; NaN where the solver gave up (left out).
    essential
        bool [n]: measured.
    genes
        str [n]: names, for the lists of disagreements.

    Returns
    -------
    dict
        The four counts, ``accuracy``, ``mcc`` (Matthews correlation coefficient; None where a margin of the table is
        empty), ``unsolved`` (genes left out) and the genes of both kinds of disagreement.
    """
    from sklearn.metrics import matthews_corrcoef

    solved = ~np.isnan(growth_ratio)
    predicted = growth_ratio[solved] < GROWTH_RATIO
    measured, named = essential[solved], genes[solved]
    one_sided = len(np.unique(predicted)) < 2 or len(np.unique(measured)) < 2
    return {
        "genes": int(solved.sum()),
        "unsolved": int((~solved).sum()),
        "essential_predicted_essential": int((measured & predicted).sum()),
        "essential_predicted_viable": int((measured & ~predicted).sum()),
        "viable_predicted_essential": int((~measured & predicted).sum()),
        "viable_predicted_viable": int((~measured & ~predicted).sum()),
        "accuracy": float((measured == predicted).mean()) if len(measured) else None,
        "mcc": None if one_sided else float(matthews_corrcoef(measured, predicted)),
        "falsely_viable": sorted(map(str, named[measured & ~predicted])),
        "falsely_essential": sorted(map(str, named[~measured & predicted])),
    }


def essentiality_report(network: MetabolicNetwork, reactions: pd.DataFrame, genes: pd.DataFrame) -> dict[str, Any]:
    """Delete every gene of the model once and compare with the measured essential genes.

    Parameters
    ----------
    network
        The network as built.
    reactions
        The reactions table, with its column ``exchange``.
    genes
        The gene index; ``essential`` is missing where not measured.

    Returns
    -------
    dict
        ``growth_ratio_below`` (the threshold); ``conditions``: the table of `confusion` and the wild type's growth on
        the medium as built and under the published protocol; ``published``: what the model's authors report, None
        where the protocol is not that of the model;
        ``notes``: why a condition is not there.
    """
    measured = np.flatnonzero(genes["in_gem"].to_numpy(bool) & genes["essential"].notna().to_numpy())
    report: dict[str, Any] = {
        "growth_ratio_below": GROWTH_RATIO,
        "conditions": {},
        "published": None,
        "notes": [],
    }
    if not len(measured):
        report["notes"].append("no gene of the model has a measured essentiality")
        return report
    conditions = {"as_built": network}
    try:
        conditions["published_protocol"] = synthetic_complete(network, reactions)
        report["published"] = PUBLISHED
    except PipelineError as error:
        report["notes"].append(str(error))
    essential = genes["essential"].to_numpy(bool, na_value=False)[measured]
    names = genes["gene"].to_numpy(str)[measured]
    singles = choose(measured, 1)
    for name, condition in conditions.items():
        growths = solve_knockouts(condition, singles)
        report["conditions"][name] = {
            "wild_type_growth": growths.wild_type,
            **confusion(growths.fitness(singles), essential, names),
        }
    return report
