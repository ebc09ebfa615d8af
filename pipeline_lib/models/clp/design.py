"""What a level weighs, and what the network reads beside its latents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.models.clp.flux_terms import FluxTerms
from pipeline_lib.models.clp.levels import Index, Values
from pipeline_lib.models.clp.terms import bounded
from pipeline_lib.models.profile_predictor.estimates import CrossEstimates

FITNESS, CALL = PHENOTYPES.index("fitness"), PHENOTYPES.index("call")
"""Phenotypes whose terms are combined by definition, and whose terms are log odds."""
_FLUX_UNIT = 0.1
"""Change of fitness that counts as one unit of evidence."""


@dataclass(frozen=True)
class Lower:
    """The terms of lower order that the term of a genotype is defined relative to.

    Attributes
    ----------
    reference
        float64 [n]: fitness by the lower terms alone; for other phenotypes the sum of the terms of a triple's pairs.
    single, pair, evidence
        As in `pipeline_lib.models.clp.terms.Terms`.
    """

    reference: Values
    single: Values
    pair: Values
    evidence: NDArray[np.float32]

    def take(self, rows: Index) -> "Lower":
        """Return the terms of the genotypes at `rows`."""
        return Lower(self.reference[rows], self.single[rows], self.pair[rows], self.evidence[rows])


def design_of(
    phenotype: int, order: int, estimates: CrossEstimates, lower: Lower, flux: FluxTerms
) -> tuple[Values, Values]:
    """Return the columns that the gains weigh, float64 [n, columns], and the gains that are expected without data."""
    relative = phenotype == FITNESS
    columns = [estimates.value, flux.along(order, call=phenotype == CALL)]
    if _has_lower_terms(phenotype, order):
        columns.append(lower.reference - 1 if relative else lower.reference)
    columns.append(np.ones(len(estimates)))
    design = np.stack(columns, axis=1)
    expected = np.zeros(design.shape[1])
    expected[0] = 1.0
    return design, expected


def column_names(phenotype: int, order: int) -> list[str]:
    """Return the names of the columns that the gains of a level weigh."""
    return ["estimate", "flux", *(["lower_terms"] if _has_lower_terms(phenotype, order) else []), "constant"]


def evidence_of(
    term: Values, std: Values, unit: float, estimates: CrossEstimates, flux: FluxTerms
) -> NDArray[np.float32]:
    """Return what the network reads beside its latents, float32 [n, 10] (`pipeline_lib.models.clp.terms.EVIDENCE`).

    Parameters
    ----------
    term, std
        float64 [n], in units of `unit`, the SD of the terms of the level.
    """
    effects = estimates.effects / unit
    columns = [
        term,
        estimates.interaction / unit,
        effects.sum(axis=1),
        effects.prod(axis=1),
        np.log(std),
        estimates.unseen.any(axis=1).astype(np.float64),
        estimates.unseen.all(axis=1).astype(np.float64),
        flux.interaction / _FLUX_UNIT,
        (flux.fitness - 1) / _FLUX_UNIT,
        flux.grows_less.astype(np.float64),
    ]
    return bounded(np.stack(columns, axis=1))


def _has_lower_terms(phenotype: int, order: int) -> bool:
    return order == MAX_ORDER or (phenotype == FITNESS and order > 1)
