"""Standard Gibbs energies: which are known, and whether those of reactions and metabolites agree.

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

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gem_tables import UNKNOWN_ENERGY
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
