"""What training measured of each gene: a matrix of digenic values, read by encoder and attention alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.models.clp.assays import CALL, FITNESS, Assays


@dataclass(frozen=True)
class Profiles:
    """Mean standardised training value of every pair of profiled genes, over all digenic assays but fitness.

    Attributes
    ----------
    genes
        int64 [K]: the genes that have a profile, ascending.
    value
        float32 [K, K]: symmetric, 0 where not measured.
    known
        float32 [K, K]: 1 where measured.
    """

    genes: NDArray[np.int64]
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
    pairs = train.take((train.order == 2) & (train.phenotype != FITNESS) & (train.phenotype != CALL))
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
    return Profiles(genes, mean.astype(np.float32), (known > 0).astype(np.float32))
