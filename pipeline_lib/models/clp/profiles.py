"""What training measured of each gene: a matrix of digenic values, read by encoder and attention alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.models.clp.assays import CALL, FITNESS, Assays

_SWEEPS = 20
_PRIOR_ROWS = 5.0
"""Measurements that the prior of a gene's own effect (mean 0) is worth."""


@dataclass(frozen=True)
class Profiles:
    """Mean standardised training values of every pair of profiled genes, over all digenic assays but fitness.

    Attributes
    ----------
    genes
        int64 [K]: the genes that have a profile, ascending.
    effect
        float32 [K]: what a gene adds to each of its values, whatever the other gene.
    value
        float32 [K, K]: symmetric, what is left of a pair's value without both effects; 0 where not measured.
    known
        float32 [K, K]: 1 where measured.
    """

    genes: NDArray[np.int64]
    effect: NDArray[np.float32]
    value: NDArray[np.float32]
    known: NDArray[np.float32]


def measure_profiles(train: Genotypes, assays: Assays, limit: int) -> Profiles:
    """Return the profiles of the `limit` genes with the most digenic training measurements.

    Parameters
    ----------
    train
        The training fold, and nothing else.
    assays
        Its assays, whose centre and scale make values of several screens comparable.
    limit
        Greatest K.
    """
    pairs = train.take(digenic_interactions(train))
    assay = assays.positions(pairs, pairs.phenotype)
    value = (pairs.value - assays.centre[assay]) / assays.scale[assay]
    count = np.bincount(pairs.genes[:, :2].ravel(), minlength=1)
    # A stable order: among genes with equally many measurements the first of the index stay.
    most = np.argsort(-count, kind="stable")[:limit]
    genes = np.sort(most[count[most] > 0])
    position = np.full(len(count), -1)
    position[genes] = np.arange(len(genes))
    a, b = position[pairs.genes[:, 0]], position[pairs.genes[:, 1]]
    both = (a >= 0) & (b >= 0)
    a, b, value = a[both], b[both], value[both]
    total, known = np.zeros((len(genes), len(genes))), np.zeros((len(genes), len(genes)))
    np.add.at(total, (a, b), value)
    np.add.at(known, (a, b), 1.0)
    total, known = total + total.T, known + known.T
    mean = np.divide(total, known, out=total, where=known > 0)
    known = (known > 0).astype(np.float64)
    effect = gene_effects(mean, known)
    left = (mean - effect[:, None] - effect[None, :]) * known
    return Profiles(genes, effect.astype(np.float32), left.astype(np.float32), known.astype(np.float32))


def digenic_interactions(genotypes: Genotypes) -> NDArray[np.bool_]:
    """Return which genotypes are pairs whose measured value is an interaction score, bool [n]."""
    score = (genotypes.phenotype != FITNESS) & (genotypes.phenotype != CALL)
    return np.asarray((genotypes.order == 2) & score)


def gene_effects(value: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return r [K] of the additive fit value_ab = r_a + r_b over the known pairs, shrunk towards 0.

    Damped alternating ridge regression: a gene of n measurements keeps n / (n + 5) of its mean residual.
    """
    effect = np.zeros(len(value))
    measured = known.sum(axis=1) + _PRIOR_ROWS
    for _ in range(_SWEEPS):
        effect = 0.5 * effect + 0.5 * (value.sum(axis=1) - known @ effect) / measured
    return effect
