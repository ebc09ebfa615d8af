"""What is known of reactions and metabolites: standard Gibbs energies, subsystems, and what a cell is made of.

yeast-GEM took its energies from ModelSEED (compounds), yETFL and dGPredictor (reactions) and names no unit. By their
size they are kcal/mol at pH 7: phosphate -253.1, water -37.2 (ModelSEED's values), enolase -0.87. Values are kept as
published. Three things keep the sums apart, so the residuals are a report and never a correction:

- the metabolite table gives a free proton 9.54 (= 7 RT ln 10, kcal/mol), the reaction energies are transformed ones, in
  which it counts 0; hence the second sum, without protons;
- metabolites have one energy in every compartment, so a sum knows neither membrane potential nor pH differences: a pure
  transport sums to 0;
- an exchange reaction's sum is a formation energy, not a reaction's.

Some energies are none that a reaction can have. In yeast-GEM 9.0.2 ubiquinone-6 has 690.60 kcal/mol and ubiquinol-6
243.98, so every reaction that reduces the quinone comes to about -450 (complex I: -19 by its redox potentials), and
glycogen has -284.77, so that taking one glucose off comes to +220. They are kept and marked.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gem_tables import UNKNOWN_ENERGY
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.sources.own_table import own_table_header, read_every_row
from pipeline_lib.sources.row_block import Column

_PROTON_FORMULA, _OXYGEN_FORMULA = "H", "O2"
_GREATEST, _GREATEST_PER_OXYGEN = 200.0, 115.0
"""Sizes, kcal/mol, that no reaction exceeds: fatty-acyl-CoA synthase with its many steps comes to -194, one O2 that
NADPH reduces to water to about -105."""
_ADVICE = "mend or fetch the table"


def read_energies(path: Path, ids: pd.Series) -> NDArray[np.float64]:
    """Read a table of standard Gibbs energies (two columns: id and value, with a header of any names).

    Parameters
    ----------
    path
        The table, of any kind that `read_own_table` reads.
    ids
        The model's reaction or metabolite ids, length n.

    Returns
    -------
    float64 [n]
        In the order of `ids`; NaN where the file has no row, no value, or the sentinel 10000000.

    Raises
    ------
    PipelineError
        When the file cannot be read, has other columns, names an id twice or one that the model lacks, or holds
        something else in place of a finite number.
    """
    header = own_table_header(path, {})
    if len(header) != 2:
        raise PipelineError(f"{path} must have two columns (id and energy), not {len(header)}; {_ADVICE}.")
    columns = {"id": Column((header[0],)), "energy": Column((header[1],), "number")}
    block = read_every_row(path, columns, _ADVICE)
    names = pd.Series(block.text("id").to_pylist(), index=block.lines).str.strip()
    values = block.number("energy")
    _refuse(path, names, names.duplicated(), "is listed twice")
    _refuse(path, names, ~names.isin(ids), "is not in the model")
    known = np.where(values == UNKNOWN_ENERGY, np.nan, values)
    return np.asarray(pd.Series(known, index=names.to_numpy()).reindex(ids), dtype=np.float64)


def _refuse(path: Path, names: pd.Series, guilty: pd.Series, fault: str) -> None:
    if guilty.any():
        row = guilty.idxmax()
        raise PipelineError(f"{path}: row {row}: '{names[row]}' {fault}; {_ADVICE}.")


def with_energies(gem: Gem, reactions: Path | None, metabolites: Path | None) -> Gem:
    """Return the model with the energies of csv tables in place of its own; None keeps those of the model's file.

    Raises
    ------
    PipelineError
        When a table is missing, malformed, or belongs to another model.
    """
    if reactions is not None:
        gem = replace(gem, reactions=gem.reactions.assign(delta_g=read_energies(reactions, gem.reactions["id"])))
    if metabolites is not None:
        gem = replace(
            gem, metabolites=gem.metabolites.assign(delta_g=read_energies(metabolites, gem.metabolites["id"]))
        )
    return gem


def energy_table(gem: Gem) -> pd.DataFrame:
    """Compare every reaction's energy with the sum over its metabolites.

    Returns
    -------
    DataFrame [R rows]
        ``reaction_index``, ``id``, ``subsystem``, ``kind`` ('boundary', 'transport' or 'chemical'), ``delta_g``,
        ``from_metabolites`` (stoichiometry times metabolite energies; NaN where any metabolite's is unknown),
        ``residual`` (delta_g minus that), ``from_metabolites_without_protons`` and ``residual_without_protons``
        (free protons counted 0), all in kcal/mol; ``implausible``: larger than the energy of any reaction (beyond 200,
        and 115 more for each O2 that takes part).
    """
    S = gem.stoichiometry
    known = gem.metabolites["delta_g"].notna().to_numpy()
    energy = gem.metabolites["delta_g"].fillna(0.0).to_numpy(np.float64)
    incomplete = abs(S).T @ (~known).astype(np.float64) > 0
    proton = (gem.metabolites["formula"] == _PROTON_FORMULA).to_numpy(bool)
    reaction = gem.reactions["delta_g"].to_numpy(np.float64)
    summed = np.where(incomplete, np.nan, S.T @ energy)
    without = np.where(incomplete, np.nan, S.T @ np.where(proton, 0.0, energy))
    kinds = reaction_kinds(S, gem.metabolites["compartment"])
    oxygen = abs(S).T @ (gem.metabolites["formula"] == _OXYGEN_FORMULA).to_numpy(np.float64)
    beyond = np.abs(reaction) > _GREATEST + _GREATEST_PER_OXYGEN * oxygen
    return pd.DataFrame(
        {
            "reaction_index": gem.reactions["reaction_index"],
            "id": gem.reactions["id"],
            "subsystem": gem.reactions["subsystem"],
            "kind": kinds,
            "delta_g": reaction,
            "from_metabolites": summed,
            "residual": reaction - summed,
            "from_metabolites_without_protons": without,
            "residual_without_protons": reaction - without,
            "implausible": beyond & (kinds != "boundary"),
        }
    )


def reaction_kinds(S: sparse.csc_array, compartments: pd.Series) -> NDArray[np.str_]:
    """Return whether each reaction is boundary (one metabolite), transport or chemical, str [R]."""
    codes, names = pd.factorize(compartments)
    inside = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(names), len(codes)))
    compartments_touched = np.diff(sparse.csc_array(inside @ abs(S)).indptr)
    members = np.diff(S.indptr)
    return np.select([members == 1, compartments_touched > 1], ["boundary", "transport"], "chemical")


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


@dataclass(frozen=True)
class BiomassConstituents:
    """The metabolites that growth needs.

    Attributes
    ----------
    metabolites
        int64 [k], ascending.
    consumers
        int64 [k]: the reaction that consumes each for growth.
    directions
        int64 [k]: 1 where that reaction runs forwards for it, -1 backwards.
    """

    metabolites: NDArray[np.int64]
    consumers: NDArray[np.int64]
    directions: NDArray[np.int64]

    @classmethod
    def of(cls, network: MetabolicNetwork) -> "BiomassConstituents":
        """Follow growth back to the metabolites that enzymes make.

        Models write biomass as a sum of sums (yeast-GEM: biomass of protein, protein of charged tRNAs). A metabolite
        that only one reaction makes, which has no enzyme, runs one way and takes several substrates, is such a sum;
        its summands stand for it.
        """
        growing = np.flatnonzero(network.objective)
        waiting = [(int(reaction), int(np.sign(network.objective[reaction]))) for reaction in growing]
        visited = {reaction for reaction, _ in waiting}
        found: dict[int, tuple[int, int]] = {}
        while waiting:
            consumer, direction = waiting.pop(0)
            for metabolite in _substrates(network, consumer, direction).tolist():
                summing = _summing_reaction(network, metabolite)
                if summing is None:
                    found.setdefault(metabolite, (consumer, direction))
                elif summing[0] not in visited:
                    visited.add(summing[0])
                    waiting.append(summing)
        metabolites = np.array(sorted(found), dtype=np.int64)
        by_metabolite = np.array([found[one] for one in metabolites.tolist()], dtype=np.int64).reshape(-1, 2)
        return cls(metabolites, by_metabolite[:, 0], by_metabolite[:, 1])


def products_of(network: MetabolicNetwork, reaction: int, direction: int) -> NDArray[np.int64]:
    """Return what a reaction makes that runs in a direction (1 forwards, -1 backwards), int64."""
    return _substrates(network, reaction, -direction)


def _substrates(network: MetabolicNetwork, reaction: int, direction: int) -> NDArray[np.int64]:
    S = network.stoichiometry
    column = slice(S.indptr[reaction], S.indptr[reaction + 1])
    return np.asarray(S.indices[column][S.data[column] * direction < 0].astype(np.int64))


def _summing_reaction(network: MetabolicNetwork, metabolite: int) -> tuple[int, int] | None:
    """Return the reaction that makes a metabolite as a sum of others, and its direction; None where none does."""
    row = network.stoichiometry[[metabolite], :].tocoo()
    reactions, coefficients = row.coords[1], row.data
    makes = np.where(coefficients > 0, network.upper[reactions] > 0, network.lower[reactions] < 0)
    if makes.sum() != 1:
        return None
    reaction, direction = int(reactions[makes][0]), int(np.sign(coefficients[makes][0]))
    both_ways = network.lower[reaction] < 0 < network.upper[reaction]
    alone = len(_substrates(network, reaction, direction)) < 2
    return None if both_ways or alone or network.rules.has_rule[reaction] else (reaction, direction)
