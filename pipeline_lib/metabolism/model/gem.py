"""A genome-scale metabolic model as tables and one sparse matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem_files import read_model_file, read_model_inside_cobra
from pipeline_lib.metabolism.model.gem_tables import gene_ids, metabolite_table, reaction_table, stoichiometric_matrix
from pipeline_lib.metabolism.model.model_content import content_of_cobra

if TYPE_CHECKING:
    import cobra


@dataclass(frozen=True)
class Gem:
    """A genome-scale metabolic model of M metabolites, R reactions and G genes.

    Attributes
    ----------
    id
        The model's name and version, for instance ``yeastGEM_v9.0.2``.
    metabolites
        [M rows]: `pipeline_lib.artefacts.schemas.METABOLITES`; energies as published (yeast-GEM: kcal/mol,
        see `pipeline_lib.metabolism.model.energies`), NaN where unknown.
    reactions
        [R rows]: `pipeline_lib.artefacts.schemas.REACTIONS`; bounds in mmol/gDW/h.
    stoichiometry
        float64 [M, R]: negative for what a reaction consumes, positive for what it makes.
    genes
        The G gene ids in the model's order.
    """

    id: str
    metabolites: pd.DataFrame
    reactions: pd.DataFrame
    stoichiometry: sparse.csc_array
    genes: tuple[str, ...]

    def with_bounds(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> "Gem":
        """Return the model with other flux bounds (float64 [R], mmol/gDW/h)."""
        reversible = (lower < 0) & (upper > 0)
        bounds = {"lower_bound": lower, "upper_bound": upper, "reversible": reversible}
        return replace(self, reactions=self.reactions.assign(**bounds))


def read_gem(source: "str | Path | cobra.Model") -> Gem:
    """Read a model from a file, from those that cobra carries, or from a model in cobra's memory.

    Parameters
    ----------
    source
        Path of a model in YAML (RAVEN or cobra), SBML, JSON (cobra, BiGG) or MATLAB, plain or compressed; or
        ``cobra:NAME`` for a model inside cobra (``cobra:textbook`` is the E. coli core model of Orth et al. 2010); or a
        `cobra.Model`, with the bounds, the objective and the gene rules that it has now.

    Raises
    ------
    PipelineError
        When the file is missing, of an unknown kind, or not a consistent model; names the file, the reaction or
        metabolite, and the field.
    """
    if not isinstance(source, (str, Path)):
        return _gem_of(content_of_cobra(source), f"the model '{source.id}'")
    text = str(source)
    if text.startswith("cobra:"):
        return _gem_of(read_model_inside_cobra(text.removeprefix("cobra:")), text)
    return _gem_of(read_model_file(Path(source)), text)


Model: TypeAlias = "str | Path | Gem | cobra.Model"
"""What a user gives a model as."""


def gem_of(model: Model) -> Gem:
    """Return a model as it is, or read it (see `read_gem`)."""
    return model if isinstance(model, Gem) else read_gem(model)


def _gem_of(content: Mapping[str, Any], where: str) -> Gem:
    """Build the tables from the content of a file (`pipeline_lib.metabolism.model.model_content.content_of`)."""
    if not content["reactions"]:
        raise PipelineError(f"{where} is not a model: it has no reactions; fetch the file anew.")
    reactions = reaction_table(content["reactions"], content["direction"], where)
    metabolites = metabolite_table(content["metabolites"], where)
    return Gem(
        id=content["id"],
        metabolites=metabolites,
        reactions=reactions,
        stoichiometry=stoichiometric_matrix(content["reactions"], list(metabolites["id"]), where),
        genes=gene_ids(content["genes"], reactions, where),
    )
