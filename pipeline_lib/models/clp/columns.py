"""The tensors that the network and the training loop read of genotypes."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes
from pipeline_lib.models.clp.assays import CALL, Assays, inverse_variance
from pipeline_lib.models.clp.levels import CASES
from pipeline_lib.models.clp.terms import Terms

_LEAST_SHARE = 0.05
"""Share of an assay's validation observations below which a case is not trained for."""
_FEWEST = 50
"""Validation observations of an assay from which the tested cases are known."""


def columns(genotypes: Genotypes, terms: Terms, assays: Assays, *, measured_sd: bool) -> dict[str, Tensor]:
    """Return the tensors of genotypes.

    Parameters
    ----------
    genotypes
        Values may be hidden (NaN); targets are then NaN.
    terms
        Closed-form terms of the same genotypes.
    assays
        Assays of the training fold.
    measured_sd
        Weight observations by the inverse of their measured variance.

    Returns
    -------
    dict
        ``genes`` long [n, 3], ``unseen`` bool [n, 3]; ``phenotype``, ``assay``, ``case`` long [n]; ``levels`` long
        [n, 3]: the assays of order 1, 2 and 3 in the same screen and phenotype; as in `Terms`, in float32: ``term``,
        ``log_sd``, ``own_unit`` [n], ``single``, ``pair``, ``unit`` [n, 3], ``evidence`` [n, k], ``pair_evidence``
        [n, 3, k]; ``is_call`` bool [n]; ``target`` and ``weight`` float32 [n].
    """
    phenotype, order = genotypes.phenotype, genotypes.order
    orders = [np.full(len(genotypes), k) for k in range(1, MAX_ORDER + 1)]
    levels = np.stack([assays.positions(genotypes.screen, phenotype, k) for k in orders], axis=1)
    own = np.maximum(order - 1, 0)
    assay = assays.positions(genotypes.screen, phenotype, order)
    scale, is_call = assays.scale[assay], phenotype == CALL
    target = (genotypes.value - assays.centre[assay]) / scale
    weight = inverse_variance(genotypes.std / scale, assay) if measured_sd else np.ones(len(genotypes))
    floats = {
        "term": terms.term,
        "log_sd": np.where(is_call, 0.0, np.log(terms.std / scale)),
        "own_unit": terms.unit[np.arange(len(terms)), own],
        "single": terms.single,
        "pair": terms.pair,
        "unit": terms.unit,
        "evidence": terms.evidence,
        "pair_evidence": terms.pair_evidence,
        "target": target,
        "weight": weight,
    }
    return {
        "genes": torch.from_numpy(genotypes.genes),
        "unseen": torch.from_numpy(terms.unseen),
        "phenotype": torch.from_numpy(phenotype),
        "assay": torch.from_numpy(assay),
        "case": torch.from_numpy(terms.case),
        "levels": torch.from_numpy(levels),
        "is_call": torch.from_numpy(is_call),
        **{name: torch.from_numpy(np.asarray(values, dtype=np.float32)) for name, values in floats.items()},
    }


def of_tested_cases(training: Mapping[str, Tensor], validation: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the training rows whose case the split tests: what the validation fold of the assay is made of.

    A training observation stands in the table as measured, as one of unseen genes, or both. Where validation has too
    few observations of an assay to know them, all of its rows are kept.
    """
    kept = torch.ones(len(training["assay"]), dtype=torch.bool)
    for code in training["assay"].unique().tolist():
        cases = validation["case"][validation["assay"] == code]
        rows = training["assay"] == code
        share = torch.bincount(cases, minlength=CASES) / max(len(cases), 1)
        tested = (share >= _LEAST_SHARE)[training["case"]]
        if len(cases) >= _FEWEST and bool((rows & tested).any()):
            kept &= ~rows | tested
    return {name: column[kept] for name, column in training.items()}
