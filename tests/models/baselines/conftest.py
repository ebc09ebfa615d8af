"""Screens small enough to work out by hand, and simulated ones whose truth is known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell, FitContext, no_knockouts

NUM_GENES = 60


def make_cell(
    edges: Sequence[tuple[str, int, int, float]] = (),
    *,
    num_genes: int = NUM_GENES,
    in_gem: Sequence[int] = (),
    complexes: Sequence[tuple[int, int, int]] = (),
    knockouts: pd.DataFrame | None = None,
) -> Cell:
    """A cell of genes G000, G001, ...; `complexes` are (gene, complex, reaction)."""
    genes = pd.DataFrame(
        {
            "gene_index": np.arange(num_genes),
            "gene": [f"G{index:03}" for index in range(num_genes)],
            "name": [f"g{index}" for index in range(num_genes)],
            "in_gem": np.isin(np.arange(num_genes), in_gem),
            "essential": pd.array([pd.NA, *[index % 5 == 0 for index in range(1, num_genes)]], dtype="boolean"),
        }
    )
    table = pd.DataFrame(
        {
            "network": pd.Series([edge[0] for edge in edges], dtype=object),
            "source": np.array([edge[1] for edge in edges], dtype=np.int64),
            "target": np.array([edge[2] for edge in edges], dtype=np.int64),
            "weight": np.array([edge[3] for edge in edges], dtype=np.float64),
            "directed": np.zeros(len(edges), dtype=bool),
        }
    )
    rules = np.array(complexes, dtype=np.int64).reshape(-1, 3)
    stoichiometry = {
        "gene_to_complex": torch.from_numpy(rules[:, :2].T.copy()),
        "complex_to_reaction": torch.from_numpy(rules[:, 1:].T.copy()),
        "num_genes": num_genes,
        "num_complexes": int(rules[:, 1].max(initial=-1)) + 1,
        "num_reactions": int(rules[:, 2].max(initial=-1)) + 1,
    }
    return Cell(genes, table, stoichiometry, no_knockouts() if knockouts is None else knockouts)


def make_genotypes(
    genes: Sequence[Sequence[int]],
    value: Sequence[float] | np.ndarray,
    *,
    query: Sequence[str | None] | None = None,
    array: Sequence[str | None] | None = None,
    phenotype: str = "interaction",
    screen: str = "screen",
) -> Genotypes:
    """Observations of one assay; without names, of bare genotypes."""
    n = len(genes)
    padded = np.full((n, 3), NO_GENE)
    for row, members in enumerate(genes):
        padded[row, : len(members)] = sorted(members)
    names = [*(query or [None] * n), *(array or [None] * n)]
    codes, strains = pd.factorize(pd.Series(names, dtype=object), sort=True)
    return Genotypes(
        observation_id=np.arange(n),
        genes=padded,
        screen=np.zeros(n, dtype=np.int64),
        phenotype=np.full(n, PHENOTYPES.index(phenotype)),
        query=codes[:n].astype(np.int64),
        array=codes[n:].astype(np.int64),
        value=np.asarray(value, dtype=np.float64),
        std=np.full(n, np.nan),
        temperature=np.full(n, np.nan),
        screens=(screen,),
        strains=tuple(map(str, strains)),
    )


def make_emap(value: np.ndarray, observed: np.ndarray | None = None, **keywords: Any) -> Genotypes:
    """The upper triangle of a symmetric matrix [N, N] of gene pairs, a strain a gene."""
    i, j = np.triu_indices(len(value), 1)
    if observed is not None:
        i, j = i[observed[i, j]], j[observed[i, j]]
    names = np.array([f"G{index:03}_d" for index in range(len(value))], dtype=object)
    return make_genotypes(
        np.stack([i, j], axis=1).tolist(), value[i, j], query=list(names[i]), array=list(names[j]), **keywords
    )


def concatenate(*parts: Genotypes) -> Genotypes:
    """Pool assays as the observations table does: one vocabulary of screens and strains."""
    screens = tuple(sorted({name for part in parts for name in part.screens}))
    strains = tuple(sorted({name for part in parts for name in part.strains}))

    def recode(codes: np.ndarray, names: tuple[str, ...], pooled: tuple[str, ...]) -> np.ndarray:
        return np.append([pooled.index(name) for name in names], -1).astype(np.int64)[codes]

    aligned = [
        replace(
            part,
            screen=recode(part.screen, part.screens, screens),
            query=recode(part.query, part.strains, strains),
            array=recode(part.array, part.strains, strains),
        )
        for part in parts
    ]
    columns = ("genes", "screen", "phenotype", "query", "array", "value", "std", "temperature")
    stacked = {name: np.concatenate([getattr(part, name) for part in aligned]) for name in columns}
    return Genotypes(observation_id=np.arange(len(stacked["value"])), screens=screens, strains=strains, **stacked)


def thirds(genotypes: Genotypes, seed: int = 0) -> tuple[Genotypes, Genotypes, Genotypes]:
    """Random training (80 %), validation and test (10 % each) observations."""
    order = np.random.default_rng(seed).permutation(len(genotypes))
    tenth = len(genotypes) // 10
    return tuple(
        genotypes.take(np.sort(rows)) for rows in (order[2 * tenth :], order[:tenth], order[tenth : 2 * tenth])
    )


def fit(
    model_class: type, train: Genotypes, validation: Genotypes | None = None, cell: Cell | None = None, **settings: Any
) -> Any:
    """Fit a model of the registry's kind."""
    model = model_class(ModelSettings(baselines=settings), TrainingSettings())
    nothing = train.take(np.zeros(0, dtype=np.int64))
    model.fit(train, validation if validation is not None else nothing, cell or make_cell(), FitContext())
    return model


def correlation(model: Any, genotypes: Genotypes) -> float:
    """Pearson correlation of prediction and measurement."""
    return float(np.corrcoef(model.predict(genotypes.without_values()).value, genotypes.value)[0, 1])


def symmetric_low_rank(rank: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """A symmetric matrix of a known rank, entries of SD 1."""
    vectors = generator.standard_normal((size, rank))
    signs = np.where(np.arange(rank) % 2, -1.0, 1.0)
    matrix = (vectors * signs) @ vectors.T
    return matrix / matrix[np.triu_indices(size, 1)].std()


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(20)


class Workbench:
    """The helpers above, for tests that import nothing from each other."""

    cell = staticmethod(make_cell)
    genotypes = staticmethod(make_genotypes)
    emap = staticmethod(make_emap)
    pool = staticmethod(concatenate)
    thirds = staticmethod(thirds)
    fit = staticmethod(fit)
    correlation = staticmethod(correlation)
    low_rank = staticmethod(symmetric_low_rank)
    num_genes = NUM_GENES


@pytest.fixture(scope="session")
def bench() -> type[Workbench]:
    return Workbench


def _trigenic(generator: np.random.Generator) -> Genotypes:
    """Ten double-mutant queries and ten single-mutant controls against thirty arrays, a neutral control query too."""
    genes, query, array = [], [], []
    for number in range(10):
        for member in range(20, 50):
            genes += [[2 * number, 2 * number + 1, member], [2 * number, member], [member]]
            query += [f"G{2 * number:03}+G{2 * number + 1:03}_tm{number}", f"G{2 * number:03}+HO_tm{number}", "HO_tm"]
            array += [f"G{member:03}_dma"] * 3
    return make_genotypes(genes, generator.standard_normal(len(genes)), query=query, array=array, screen="trigenic")


@pytest.fixture
def trigenic(generator: np.random.Generator) -> Genotypes:
    return _trigenic(generator)


@pytest.fixture(scope="session")
def pooled() -> Genotypes:
    """An E-MAP, a trigenic screen, its calls, and fitness of singles and pairs, in one table."""
    generator = np.random.default_rng(21)
    trigenic = _trigenic(generator)
    called = replace(
        trigenic,
        value=(trigenic.value < -1.0).astype(float),
        phenotype=np.full(len(trigenic), PHENOTYPES.index("call")),
        screens=("calls",),
    )
    emap = make_emap(symmetric_low_rank(3, 40, generator) + 0.1 * generator.standard_normal((40, 40)), screen="emap")
    single = generator.uniform(0.4, 1.0, 40)
    pairs = [[i, j] for i in range(40) for j in range(i)]
    fitness = make_genotypes(
        [[index] for index in range(40)] + pairs,
        np.concatenate([single, [single[i] * single[j] for i, j in pairs]]),
        phenotype="fitness",
        screen="fitness",
    )
    return concatenate(trigenic, called, emap, fitness)
