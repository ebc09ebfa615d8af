"""A feature table that carries the labels of test genes: the permutation check shows what it does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.clp.assays import INTERACTION
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.registry import build
from pipeline_lib.training.loop import train_network
from tests.small_cell import small_cell, small_screen, small_settings

GENES, UNSEEN = 60, 15
"""The last genes are in no training pair."""


def screen():
    """Return scores of all pairs of genes with hidden vectors of which no network and no honest feature knows."""
    generator = np.random.default_rng(4)
    vectors = generator.standard_normal((GENES, 3))
    pairs = np.stack(np.triu_indices(GENES, 1), axis=1)
    value = (vectors[pairs[:, 0]] * [1.0, -1.0, 0.6] * vectors[pairs[:, 1]]).sum(axis=1)
    template = small_screen(len(pairs), screens=("emap",))
    genes = np.full((len(pairs), 3), -1)
    genes[:, :2] = pairs
    return replace(
        template,
        genes=genes,
        phenotype=np.full(len(pairs), INTERACTION),
        value=value + 0.3 * generator.standard_normal(len(pairs)),
    )


SCREEN = screen()
NEW = (SCREEN.genes >= GENES - UNSEEN).sum(axis=1)
TRAIN, TEST = SCREEN.take(NEW == 0), SCREEN.take(NEW == 1)


def labels():
    """Return each gene's scores with all genes, those of test pairs too, float32 [N, N]: what no table may hold."""
    table = np.zeros((GENES, GENES), dtype=np.float32)
    table[SCREEN.genes[:, 0], SCREEN.genes[:, 1]] = table[SCREEN.genes[:, 1], SCREEN.genes[:, 0]] = SCREEN.value
    return table


def score(name):
    names = [f"G{index:02}" for index in range(GENES)]
    genes = pd.DataFrame({"gene_index": np.arange(GENES), "gene": names, "name": names, "in_gem": False})
    small = small_cell()
    nothing = {"gene_to_complex": small.stoichiometry["gene_to_complex"][:, :0]}
    features = {} if name == "clp_no_features" else {"labels": labels()}
    cell = Cell(genes, small.edges.iloc[:0], {**small.stoichiometry, **nothing, "num_genes": GENES}, features=features)
    model = build(name, small_settings(), TrainingSettings(epochs=2, batch_size=256))
    held = TRAIN.take(np.arange(0, len(TRAIN), 9))
    model.fit(TRAIN.take(np.arange(len(TRAIN)) % 9 > 0), held, cell, FitContext(trainer=train_network))
    return np.corrcoef(model.predict(TEST.without_values()).value, TEST.value)[0, 1]


@pytest.fixture(scope="module")
def scores():
    return {name: score(name) for name in ("clp", "clp_random_features", "clp_no_features")}


def test_a_table_that_holds_labels_lifts_the_score_and_its_permutation_does_not(scores):
    """Rows given to other genes keep all numbers of the table: only what they say of their own genes is gone."""
    assert scores["clp"] > scores["clp_no_features"] + 0.3
    assert scores["clp_random_features"] < scores["clp_no_features"] + 0.1
