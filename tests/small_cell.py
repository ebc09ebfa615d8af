"""A cell small enough to reason about: six reactions in a row, isozymes, complexes, and two gene networks."""

from itertools import combinations

import numpy as np
import pandas as pd
import torch

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import ClpSettings, ModelSettings
from pipeline_lib.models.interface import Cell

NUM_GENES = 20
RULES = {0: [{0}], 1: [{1}, {2}], 2: [{3, 4}], 3: [{5, 6}, {7}]}
"""Reaction to its complexes: g0; g1 or g2; g3 and g4; (g5 and g6) or g7. Reactions 4 and 5 have no rule."""
REVERSIBLE = [False, False, True, False, False, False]
SMALL = ClpSettings(hidden=16, message_width=8, attention_heads=2, metabolism_layers=2, neighbours=4, separate=[])


def stoichiometry():
    """A -> B -> C <-> D -> E, with A supplied and E leaving; R2 runs both ways."""
    S = np.zeros((5, 6))
    for reaction in range(4):
        S[reaction, reaction], S[reaction + 1, reaction] = -1.0, 1.0 + reaction
    S[0, 4], S[4, 5] = 1.0, -1.0
    column, direction = [], []
    for reaction, both in enumerate(REVERSIBLE):
        column += [reaction] * (2 if both else 1)
        direction += [1, -1] if both else [1]
    split = S[:, column] * direction
    metabolite, position = np.nonzero(split)
    members, owner = [], []
    for reaction, complexes in RULES.items():
        for genes in complexes:
            members += [(gene, len(owner)) for gene in sorted(genes)]
            owner.append(reaction)
    rows, columns = np.nonzero(S)
    return {
        "incidence": torch.tensor(np.stack([rows, columns])),
        "coefficient": torch.tensor(S[rows, columns]),
        "is_substrate": torch.tensor(S[rows, columns] < 0),
        "reversible": torch.tensor(REVERSIBLE),
        "delta_g": torch.tensor([-20.0, 0.0, 5.0, -60.0, 0.0, 0.0]),
        "delta_g_known": torch.tensor([True, False, True, True, False, False]),
        "gene_to_complex": torch.tensor(members).T.contiguous(),
        "complex_to_reaction": torch.tensor(np.stack([np.arange(len(owner)), owner])),
        "split_incidence": torch.tensor(np.stack([metabolite, position])),
        "split_coefficient": torch.tensor(split[metabolite, position]),
        "split_reaction": torch.tensor(column),
        "split_direction": torch.tensor(direction),
        "num_metabolites": 5,
        "num_reactions": 6,
        "num_genes": NUM_GENES,
        "num_complexes": len(owner),
    }


def gene_table():
    names = [f"YAL{index:03d}C" for index in range(NUM_GENES)]
    return pd.DataFrame(
        {
            "gene_index": np.arange(NUM_GENES),
            "gene": names,
            "name": [f"GEN{index}" for index in range(NUM_GENES)],
            "in_gem": np.arange(NUM_GENES) < 8,
            "essential": pd.array([False] * NUM_GENES, dtype="boolean"),
        }
    )


def edge_table():
    rng = np.random.default_rng(0)
    rows = []
    for network, directed in (("physical", False), ("regulation", True)):
        ends = np.unique(np.sort(rng.integers(0, NUM_GENES, (60, 2)), axis=1), axis=0)
        ends = ends[ends[:, 0] < ends[:, 1]]
        rows += [(network, a, b, rng.uniform(0.2, 1.0), directed) for a, b in ends]
    return pd.DataFrame(rows, columns=["network", "source", "target", "weight", "directed"])


def feature_table():
    """Return four columns a gene, float32 [N, 4]: noisy views of the hidden vectors of `small_screen`."""
    noise = np.random.default_rng(5).normal(size=(NUM_GENES, 4))
    return np.column_stack([hidden_vectors(), np.zeros(NUM_GENES)]).astype(np.float32) + 0.3 * noise.astype(np.float32)


def small_cell(edges=None, **changes):
    return Cell(gene_table(), edge_table() if edges is None else edges, stoichiometry(), **changes)


def small_settings(**changes):
    return ModelSettings(clp=SMALL.model_copy(update=changes))


def hidden_vectors():
    return np.random.default_rng(99).normal(size=(NUM_GENES, 3))


def small_screen(n=240, seed=0, screens=("one", "two"), genes=NUM_GENES - 2):
    """Observations of all orders and phenotypes out of hidden gene vectors; the last two genes are never measured."""
    rng = np.random.default_rng(seed)
    vectors = hidden_vectors()
    index = np.full((n, 3), -1)
    phenotype, value = np.zeros(n, int), np.zeros(n)
    for row in range(n):
        kind = ("fitness", "interaction", "call")[row % 3]
        order = 1 + row // 3 % 3 if kind == "fitness" else 2 + row // 3 % 2
        chosen = np.sort(rng.choice(genes, order, replace=False))
        index[row, :order] = chosen
        phenotype[row] = PHENOTYPES.index(kind)
        pairs = sum(vectors[a] @ vectors[b] for i, a in enumerate(chosen) for b in chosen[i + 1 :])
        value[row] = {"fitness": 1 + 0.05 * vectors[chosen, 0].sum(), "interaction": pairs, "call": float(pairs < 0)}[
            kind
        ]
    screen = rng.integers(0, len(screens), n)
    value = np.where((screen == 0) | (phenotype == PHENOTYPES.index("call")), value, 0.5 * value + 0.5)
    none = np.full(n, -1)
    return Genotypes(
        np.arange(n),
        index,
        screen,
        phenotype,
        none,
        none,
        value,
        np.where(rng.random(n) < 0.5, 0.1, np.nan),
        np.full(n, np.nan),
        tuple(screens),
        (),
    )


def knockout_table():
    """Return growth by flux balance of every subset of the eight metabolic genes, up to three at once.

    Lost growth: 0.4 of g0 alone, of g1 with g2, of g3 or g4, and of g7 with g5 or g6: half of it each.
    """
    names = gene_table()["gene"].to_numpy()
    cost = [0.4, 0.2, 0.3, 0.1]

    def fitness(genes):
        lost = [
            any(not (part - genes) for part in ({0},)),
            {1, 2} <= genes,
            bool({3, 4} & genes),
            7 in genes and bool({5, 6} & genes),
        ]
        return float(np.prod([1 - share for share, gone in zip(cost, lost, strict=True) if gone]))

    rows = []
    for order in (1, 2, 3):
        for genes in combinations(range(8), order):
            whole = fitness(set(genes))
            single = [fitness({gene}) for gene in genes]
            interaction = np.nan
            if order == 2:
                interaction = whole - single[0] * single[1]
            if order == 3:
                pairs = [
                    (fitness({genes[i], genes[j]}) - single[i] * single[j]) * single[3 - i - j]
                    for i, j in ((0, 1), (0, 2), (1, 2))
                ]
                interaction = whole - np.prod(single) - sum(pairs)
            rows.append((list(names[list(genes)]), order, "fba", "minimal", whole, whole, interaction))
    return pd.DataFrame(rows, columns=["genes", "order", "method", "medium", "growth", "fitness", "interaction"])
