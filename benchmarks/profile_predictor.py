"""The profile predictor on a symmetric screen of 743 genes beside scikit-learn's process, and on one of 6,000 genes."""

import numpy as np
import pandas as pd
from measure import MemoryWatch, timed, write_benchmark
from scipy.spatial import cKDTree
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.registry import build

SMALL, LARGE = 743, 6_000
UNSEEN_SHARE = 0.1
SMALL_PAIRS, LARGE_PAIRS = 170_000, 5_000_000
LATENT, NEIGHBOURS = 12, 20
THREADS = 2


class Screen:
    """Scores x'Dy + noise of genes with latent x and y, features that show them with noise, and their neighbours."""

    def __init__(self, genes: int, pairs: int) -> None:
        generator = np.random.default_rng(0)
        latent = generator.standard_normal((genes, LATENT))
        noisy = np.repeat(latent, 8, axis=1) + 2 * generator.standard_normal((genes, 8 * LATENT))
        self.features = noisy.astype(np.float32)
        cells = np.unique(generator.integers(0, genes * genes, 3 * pairs))
        first, second = np.divmod(generator.permutation(cells), genes)
        kept = np.flatnonzero(first < second)[:pairs]
        first, second = first[kept], second[kept]
        signs = np.where(np.arange(LATENT) % 2, 1.0, -1.0)
        self.value = np.einsum("nk,nk->n", latent[first] * signs, latent[second]) / np.sqrt(LATENT)
        self.value += generator.standard_normal(len(first))
        self.first, self.second, self.genes = first, second, genes
        _, near = cKDTree(latent).query(latent, NEIGHBOURS)
        self.edges = pd.DataFrame({"source": np.repeat(np.arange(genes), NEIGHBOURS), "target": near.ravel()})
        self.edges = self.edges.assign(network="neighbours", weight=1.0)
        self.unseen = np.arange(genes) >= genes * (1 - UNSEEN_SHARE)

    def cell(self) -> Cell:
        """Return the cell."""
        names = [f"Y{index:05}" for index in range(self.genes)]
        genes = pd.DataFrame({"gene_index": np.arange(self.genes), "gene": names})
        empty = {"gene_to_complex": np.zeros((2, 0), int), "complex_to_reaction": np.zeros((2, 0), int)}
        sizes = {"num_genes": self.genes, "num_complexes": 0, "num_reactions": 0}
        return Cell(genes, self.edges, {**empty, **sizes}, features={"features": self.features})

    def genotypes(self, unseen: int) -> Genotypes:
        """Return the pairs with so many unseen genes."""
        rows = np.flatnonzero(self.unseen[self.first].astype(int) + self.unseen[self.second] == unseen)
        n = len(rows)
        genes = np.full((n, 3), NO_GENE)
        genes[:, 0], genes[:, 1] = self.first[rows], self.second[rows]
        unknown = np.full(n, np.nan)
        return Genotypes(
            np.arange(n),
            genes,
            np.zeros(n, dtype=np.int64),
            np.full(n, PHENOTYPES.index("interaction")),
            genes[:, 0],
            genes[:, 1],
            self.value[rows],
            unknown,
            unknown,
            ("screen",),
            tuple(f"Y{index:05}_d" for index in range(self.genes)),
        )


def fit_and_predict(screen: Screen) -> float:
    """Fit on pairs of seen genes, predict those with one unseen gene, return their Pearson correlation."""
    train, test = screen.genotypes(0), screen.genotypes(1)
    model = build("profile_predictor", ModelSettings(), TrainingSettings())
    model.fit(train, train.take(np.zeros(0, dtype=np.int64)), screen.cell(), FitContext(threads=THREADS))
    return float(np.corrcoef(model.predict(test.without_values()).value, test.value)[0, 1])


def peer_fit_and_predict(screen: Screen) -> float:
    """Do the same by scikit-learn: a process over the features with all profiles as its outputs, missing values 0."""
    train, test = screen.genotypes(0), screen.genotypes(1)
    profiles = np.zeros((screen.genes, screen.genes))
    profiles[train.genes[:, 0], train.genes[:, 1]] = profiles[train.genes[:, 1], train.genes[:, 0]] = train.value
    seen = np.flatnonzero(~screen.unseen)
    kernel = ConstantKernel(1.0) * RBF(10.0) + WhiteKernel(1.0)
    process = GaussianProcessRegressor(kernel).fit(screen.features[seen], profiles[np.ix_(seen, seen)])
    predicted = np.zeros((screen.genes, screen.genes))
    predicted[:, seen] = process.predict(screen.features)
    new = np.where(screen.unseen[test.genes[:, 0]], test.genes[:, 0], test.genes[:, 1])
    other = test.genes[:, :2].sum(axis=1) - new
    return float(np.corrcoef(predicted[new, other], test.value)[0, 1])


def main() -> None:
    """Measure both sizes and write ``results/benchmarks/profile_predictor.json``; the peer has the small one alone."""
    small, large = Screen(SMALL, SMALL_PAIRS), Screen(LARGE, LARGE_PAIRS)
    reached: dict[str, float] = {}
    ours = timed(lambda: reached.update(pearson=fit_and_predict(small)))
    peer = timed(lambda: reached.update(peer_pearson=peer_fit_and_predict(small)))
    with MemoryWatch() as memory:
        large_s = timed(lambda: reached.update(large_pearson=fit_and_predict(large)))
    write_benchmark(
        "profile_predictor",
        ours_s=ours,
        peer_s=peer,
        work=(
            f"fit and predict pairs with one unseen gene: {SMALL} genes and {SMALL_PAIRS:,} pairs; the peer is "
            "scikit-learn's GaussianProcessRegressor on the features, which does not predict other pairs and has no "
            f"networks; large_s is {LARGE:,} genes and {LARGE_PAIRS:,} pairs by ours"
        ),
        large_s=large_s,
        peak_mb=memory.peak_mb,
        **reached,
    )


if __name__ == "__main__":
    main()
