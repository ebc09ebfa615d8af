"""Why the strongest interactions are there: those that are measured and predicted, explained one by one."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from pipeline_lib.artefacts.flux_balance import EXPLANATIONS, no_rows
from pipeline_lib.metabolism.knockouts.explanation import DeletionExplainer
from pipeline_lib.metabolism.knockouts.interaction_scores import NONZERO
from pipeline_lib.metabolism.measurements.measured_growth import GENOTYPE
from pipeline_lib.metabolism.media.media_table import network_on
from pipeline_lib.metabolism.model.network import MetabolicNetwork

_SD_OF_CALL = 2.0
"""Standard deviations that a called interaction counts for."""
_INTERACTIONS = ("interaction", "raw_interaction", "call")


def strongest_interactions(
    measured: pd.DataFrame, how_many: Mapping[int, int], simulated: Collection[str] = ()
) -> pd.DataFrame:
    """Choose the interactions of metabolic genes that are strongest in the measurement and by flux balance.

    Parameters
    ----------
    measured
        `pipeline_lib.metabolism.measurements.measured_growth.measured_growth`.
    how_many
        Number of deletions to how many genotypes of it.
    simulated
        Screens that fill up where the others have fewer: their interactions are the model's own.

    Returns
    -------
    DataFrame
        Rows of `measured` with ``rank`` (1, 2, ... within an order): those of one sign in both, by the product of the
        predicted interaction and the measured one in standard deviations of its screen and phenotype (a call counts as
        two), each genotype once, by its strongest measurement.
    """
    rows = measured[measured["phenotype"].isin(_INTERACTIONS) & measured["order"].isin(list(how_many))]
    spread = rows.groupby(["screen", "phenotype", "order"])["value"].transform(lambda values: values.std(ddof=0))
    scaled = (rows["value"] / spread).where(rows["phenotype"] != "call", rows["value"] * _SD_OF_CALL)
    rows = rows.assign(strength=scaled * rows["predicted"])
    rows = rows[(rows["strength"] > 0) & (rows["predicted"].abs() > NONZERO)]
    rows = rows.assign(last=rows["screen"].isin(simulated))
    rows = rows.sort_values(["last", "strength", *GENOTYPE], ascending=[True, False, True, True, True])
    rows = rows.drop_duplicates(GENOTYPE)
    rows = rows.assign(rank=rows.groupby("order").cumcount() + 1)
    rows = rows[rows["rank"] <= rows["order"].map(how_many)]
    predicted = rows["predicted"].where(rows["phenotype"] != "call", -rows["predicted"])
    return rows.drop(columns=["strength", "last"]).assign(predicted=predicted).sort_values(["order", "rank"])


def explained_interactions(
    chosen: pd.DataFrame,
    network: MetabolicNetwork,
    media: pd.DataFrame,
    reactions: pd.DataFrame,
    metabolites: pd.DataFrame,
) -> pd.DataFrame:
    """Explain each chosen interaction on the medium of its screen.

    Parameters
    ----------
    chosen
        `strongest_interactions`.
    network
        The network, on any medium.
    media, reactions, metabolites
        The tables of those names under ``metabolism/``.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.flux_balance.EXPLANATIONS`; a deletion that nothing blocks has no rows.
    """
    parts = []
    for medium, rows in chosen.groupby("medium", sort=False):
        explainer = DeletionExplainer(network_on(network, media, str(medium)), reactions, metabolites)
        genotypes = rows[GENOTYPE].to_numpy(np.int64)
        for row, padded in zip(rows.itertuples(), genotypes, strict=True):
            genotype = padded[padded >= 0]
            found = explainer.explain(genotype)
            fitness = found.attrs["fitness"]
            named = sorted(network.genes[gene] for gene in genotype.tolist())
            about = {
                "rank": row.rank,
                "order": row.order,
                "screen": row.screen,
                "phenotype": row.phenotype,
                "measured": row.value,
                "predicted": row.predicted,
                "medium": row.medium,
                "fitness": fitness,
            }
            found = found.assign(genes=pd.Series([named] * len(found), dtype=object), **about)
            found.attrs = {}
            parts.append(found)
    if not parts:
        return no_rows(EXPLANATIONS)
    return pd.concat(parts, ignore_index=True).sort_values(["order", "rank"], kind="stable", ignore_index=True)
