"""A genome-scale metabolic model as tables and one sparse matrix, and the genes that every strain lacks."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem_tables import (
    gene_ids,
    metabolite_table,
    reaction_table,
    read_model_file,
    read_model_inside_cobra,
    stoichiometric_matrix,
)
from pipeline_lib.metabolism.model.gene_rules import GeneRules
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


_HIS3, _LEU2, _LYS2, _MET17, _URA3 = "YOR202W", "YCL018W", "YBR115C", "YLR303W", "YEL021W"
_CAN1, _LYP1 = "YEL063C", "YNL268W"

STRAINS: dict[str, tuple[str, ...]] = {
    "BY4741": (_HIS3, _LEU2, _MET17, _URA3),
    "BY4742": (_HIS3, _LEU2, _LYS2, _URA3),
    "sga_double_mutant": (_CAN1, _LYP1, _LEU2, _MET17, _URA3),
    "sga_triple_mutant": (_CAN1, _LYP1, _LEU2, _MET17),
}
"""Genes that strains lack: BY4741 and BY4742 (Brachmann et al., Yeast 14:115, 1998; met15 is MET17), and what the
selection of SGA leaves (Tong & Boone, Methods Mol. Biol. 313:171, 2006; Kuzmin et al., Science 360:eaao1729, 2018):
can1 and lyp1 are deleted, his3 is complemented by S. pombe his5, and in triple mutants ura3 by K. lactis URA3."""


def background_genes(background: Sequence[str], genes: Sequence[str]) -> list[str]:
    """Return the genes of a background, each once.

    Parameters
    ----------
    background
        Gene ids of the model and names of `STRAINS`.
    genes
        The model's gene ids. A strain's gene that the model lacks changes nothing; one that is named by itself is
        refused.

    Raises
    ------
    PipelineError
        When a name is neither a strain nor a gene of the model.
    """
    known = set(genes)
    found: dict[str, None] = {}
    for name in background:
        if name not in STRAINS and name not in known:
            near = difflib.get_close_matches(name, [*STRAINS, *genes], n=1, cutoff=0.0)
            hint = f"; the nearest known name is '{near[0]}'" if near else ""
            raise PipelineError(
                f"background: '{name}' is neither a gene of the metabolic model nor one of the strains "
                f"{', '.join(STRAINS)}{hint}."
            )
        found |= dict.fromkeys(gene for gene in STRAINS.get(name, (name,)) if gene in known)
    return list(found)


def with_background(gem: Gem, background: Sequence[str]) -> Gem:
    """Return the model of a cell that lacks the genes of a background.

    A complex with one of the genes is gone from its gene rule; a reaction that has no other carries no flux.

    Raises
    ------
    PipelineError
        When a name is neither a strain nor a gene of the model.
    """
    lacking = background_genes(background, gem.genes)
    if not lacking:
        return gem
    rules = GeneRules.from_rules(list(gem.reactions["gene_rule"]), tuple(gem.reactions["id"]), gem.genes)
    broken = (rules.gene_to_complex.tocsr()[np.isin(gem.genes, lacking)].sum(axis=0) > 0).ravel()
    lower = gem.reactions["lower_bound"].to_numpy(np.float64, copy=True)
    upper = gem.reactions["upper_bound"].to_numpy(np.float64, copy=True)
    texts = gem.reactions["gene_rule"].to_list()
    of_complex, of_reaction = rules.gene_to_complex.tocsc(), rules.complex_to_reaction.tocsc()
    for reaction in np.flatnonzero(rules.complex_to_reaction.tocsr()[broken].sum(axis=0)).tolist():
        complexes = of_reaction.indices[of_reaction.indptr[reaction] : of_reaction.indptr[reaction + 1]]
        whole = [
            of_complex.indices[of_complex.indptr[c] : of_complex.indptr[c + 1]] for c in complexes[~broken[complexes]]
        ]
        texts[reaction] = " or ".join(f"({' and '.join(gem.genes[gene] for gene in members)})" for members in whole)
        if not whole:
            lower[reaction], upper[reaction] = 0.0, 0.0
    return replace(gem, reactions=gem.reactions.assign(gene_rule=texts)).with_bounds(lower, upper)
