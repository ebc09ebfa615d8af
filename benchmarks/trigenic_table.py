"""A planted trigenic screen: gene modules, six networks that show them, and tau of 3,972 triples with noise."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.models.interface import Cell

GENES, MODULES = 360, 12
QUERY_PAIRS, ARRAYS, TRIPLES = 48, 200, 3_972
# Network, share of the pairs within a module that it links, and linked pairs of other modules for each of those.
NETWORKS = (
    ("coexpression", 0.15, 0.5),
    ("experimental", 0.12, 0.3),
    ("database", 0.10, 0.1),
    ("neighborhood", 0.04, 0.3),
    ("fusion", 0.03, 0.3),
    ("cooccurence", 0.03, 0.5),
)
GENE_SHARE, MODULE_SHARE, NOISE_SHARE = 0.15, 0.55, 0.30
"""Shares of the variance of the scores: of effects of genes, of pairs and triples of modules, of noise."""


@dataclass(frozen=True)
class PlantedTable:
    """The screen.

    Attributes
    ----------
    genes
        int64 [n, 3]: two genes of a query and an array gene.
    truth, value
        float64 [n]: score without and with noise.
    edges
        `pipeline_lib.artefacts.schemas.EDGES`.
    folds
        int64 [n]: 0 training (64 percent), 1 validation (16), 2 test (20), as the released code shares them out.
    """

    genes: NDArray[np.int64]
    truth: NDArray[np.float64]
    value: NDArray[np.float64]
    edges: pd.DataFrame
    folds: NDArray[np.int64]

    @property
    def ceiling(self) -> float:
        """Pearson's correlation of the scores without noise with the measured ones on the test fold."""
        test = self.folds == 2
        return float(np.corrcoef(self.truth[test], self.value[test])[0, 1])

    def cell(self) -> Cell:
        """Return the cell: genes and networks, no metabolism."""
        names = [f"Y{index:05}" for index in range(GENES)]
        return Cell(pd.DataFrame({"gene_index": np.arange(GENES), "gene": names}), self.edges, {})

    def genotypes(self, fold: int) -> Genotypes:
        """Return the triples of a fold as observations of one screen."""
        rows = np.flatnonzero(self.folds == fold)
        none, unknown = np.full(len(rows), -1), np.full(len(rows), np.nan)
        return Genotypes(
            observation_id=rows,
            genes=np.sort(self.genes[rows], axis=1),
            screen=np.zeros(len(rows), dtype=np.int64),
            phenotype=np.full(len(rows), PHENOTYPES.index("interaction")),
            query=none,
            array=none,
            value=self.value[rows],
            std=unknown,
            temperature=unknown,
            screens=("planted",),
            strains=(),
        )


def planted_table(seed: int = 0) -> PlantedTable:
    """Make the screen; the same seed gives the same table.

    A score is the sum of the effects of its genes, of the effects of the three pairs of their modules and of that of
    the three modules together, and noise. Two genes of one module have equal module effects, so that networks that
    show the modules tell what a gene's own few triples do not.
    """
    generator = np.random.default_rng(seed)
    module = generator.permutation(np.arange(GENES) % MODULES)
    genes = _design(generator, module)
    own = generator.normal(size=GENES)[genes].sum(axis=1)
    pairs = generator.normal(size=(MODULES, MODULES))
    pairs = pairs + pairs.T
    triples = generator.normal(size=(MODULES,) * 3)
    of_modules = np.sort(module[genes], axis=1)
    first, second, third = of_modules.T
    shared = pairs[first, second] + pairs[first, third] + pairs[second, third]
    shared = _standardised(shared) + 0.5 * triples[first, second, third]
    truth = np.sqrt(GENE_SHARE) * _standardised(own) + np.sqrt(MODULE_SHARE) * _standardised(shared)
    value = truth + np.sqrt(NOISE_SHARE) * generator.normal(size=TRIPLES)
    folds = np.repeat([0, 1, 2], np.diff(np.rint(np.array([0, 0.64, 0.80, 1]) * TRIPLES).astype(int)))
    return PlantedTable(genes, truth, value, _networks(generator, module), generator.permutation(folds))


def _design(generator: np.random.Generator, module: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cross pairs of query genes, half of them of one module, with array genes, and keep so many triples: [n, 3]."""
    order = generator.permutation(GENES)
    arrays, others = order[:ARRAYS], order[ARRAYS:]
    first = others[:QUERY_PAIRS]
    rest = others[QUERY_PAIRS:]
    partner = [
        generator.choice(rest[module[rest] == module[gene]] if place % 2 else rest) for place, gene in enumerate(first)
    ]
    crossed = np.column_stack([np.repeat(first, ARRAYS), np.repeat(partner, ARRAYS), np.tile(arrays, QUERY_PAIRS)])
    return crossed[generator.permutation(len(crossed))[:TRIPLES]]


def _networks(generator: np.random.Generator, module: NDArray[np.int64]) -> pd.DataFrame:
    source, target = np.triu_indices(GENES, 1)
    within = module[source] == module[target]
    frames = []
    for network, share, false in NETWORKS:
        true = within & (generator.random(len(source)) < share)
        wrong = ~within & (generator.random(len(source)) < false * true.sum() / (~within).sum())
        linked = np.flatnonzero(true | wrong)
        weight = generator.uniform(0.15, 1.0, len(linked))
        frames.append(
            pd.DataFrame(
                {
                    "network": network,
                    "source": source[linked],
                    "target": target[linked],
                    "weight": weight,
                    "directed": False,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values - values.mean()) / values.std()
