"""What each subsystem of the model holds, and which metabolites tie subsystems together."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules

CURRENCY_REACTIONS = 50
"""A metabolite of more reactions than this (water, ATP, protons...) hardly shows which pathways are kin."""


def subsystem_table(gem: Gem, rules: GeneRules, energies: pd.DataFrame) -> pd.DataFrame:
    """Describe every subsystem.

    Parameters
    ----------
    gem
        The model.
    rules
        Its gene rules.
    energies
        What `pipeline_lib.metabolism.model.energies.energy_table` returned.

    Returns
    -------
    DataFrame [K rows]
        ``subsystem``, ``reactions``, ``reversible``, ``incidences``, ``metabolites``, ``own_metabolites`` (in no other
        subsystem), ``shared_metabolites``, ``reactions_with_rule``, ``genes``; ``delta_g_known`` (reactions with a
        known energy) and ``delta_g_coverage`` (their share); ``delta_g_comparable`` (reactions whose metabolites are
        known too) and ``median_absolute_residual`` of those, free protons counted 0 (NaN where there are none).
        Largest subsystem first.
    """
    owner, names = _owners(gem)
    uses = owner @ _touches(gem.stoichiometry).T
    metabolites = np.diff(uses.indptr)
    alone = np.asarray((uses > 0).sum(axis=0)).ravel() == 1
    own = np.asarray((uses > 0)[:, alone].sum(axis=1)).ravel()
    genes = owner @ (rules.complex_to_reaction.T @ rules.gene_to_complex.T)
    comparable = energies["residual_without_protons"].abs().groupby(energies["subsystem"])
    known = owner @ gem.reactions["delta_g"].notna().to_numpy(np.int64)
    reactions = np.diff(owner.indptr)
    table = pd.DataFrame(
        {
            "subsystem": names,
            "reactions": reactions,
            "reversible": owner @ gem.reactions["reversible"].to_numpy(np.int64),
            "incidences": owner @ np.diff(gem.stoichiometry.indptr),
            "metabolites": metabolites,
            "own_metabolites": own,
            "shared_metabolites": metabolites - own,
            "reactions_with_rule": owner @ rules.has_rule.astype(np.int64),
            "genes": np.diff(sparse.csr_array(genes).indptr),
            "delta_g_known": known,
            "delta_g_coverage": known / reactions,
            "delta_g_comparable": comparable.count().reindex(names).to_numpy(),
            "median_absolute_residual": comparable.median().reindex(names).to_numpy(),
        }
    )
    integers = table.columns.drop(["subsystem", "delta_g_coverage", "median_absolute_residual"])
    table = table.astype(dict.fromkeys(integers, "int64"))
    return table.sort_values(["reactions", "subsystem"], ascending=[False, True], ignore_index=True)


def subsystem_links(gem: Gem) -> pd.DataFrame:
    """Count the metabolites that two subsystems share.

    Returns
    -------
    DataFrame
        One row a pair that shares any: ``subsystem_a`` < ``subsystem_b``, ``shared_metabolites``, and
        ``shared_without_currency`` (without the metabolites of more than `CURRENCY_REACTIONS` reactions).
    """
    owner, names = _owners(gem)
    touches = _touches(gem.stoichiometry)
    uses = sparse.csr_array((owner @ touches.T) > 0, dtype=np.int64)
    specific = uses[:, np.asarray(touches.sum(axis=1)).ravel() <= CURRENCY_REACTIONS]
    shared, without = ((members @ members.T).toarray() for members in (uses, specific))
    first, second = np.nonzero(np.triu(shared, k=1))
    return pd.DataFrame(
        {
            "subsystem_a": names[first],
            "subsystem_b": names[second],
            "shared_metabolites": shared[first, second],
            "shared_without_currency": without[first, second],
        }
    )


def _owners(gem: Gem) -> tuple[sparse.csr_array, NDArray[np.object_]]:
    """Return which reactions a subsystem has (int64 csr [K, R]) and the sorted K names."""
    codes, names = pd.factorize(gem.reactions["subsystem"], sort=True)
    ones = np.ones(len(codes), dtype=np.int64)
    return sparse.csr_array((ones, (codes, np.arange(len(codes)))), shape=(len(names), len(codes))), np.asarray(names)


def _touches(S: sparse.csc_array) -> sparse.csr_array:
    """Return int64 csr [M, R]: 1 where the metabolite takes part in the reaction."""
    return sparse.csr_array(sparse.csc_array((np.ones(S.nnz, dtype=np.int64), S.indices, S.indptr), shape=S.shape))
