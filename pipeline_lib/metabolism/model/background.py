"""The background genotype: genes that every strain lacks, the wild type of a screen among them."""

import difflib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules

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
