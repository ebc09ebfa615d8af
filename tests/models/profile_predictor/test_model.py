"""The profile predictor on simulated screens whose truth is known, and what may not leak."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import ModelSettings, ProfilePredictorSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.crosses.crosses import Axes, StrainBook
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.profile_predictor.completion import practise_completion
from pipeline_lib.models.registry import build, restore

GENES, UNSEEN, LONE = 90, 20, 89
"""The last genes are never measured; of the very last one nothing is known at all."""
NOISE = 0.5


def cell_of(features):
    genes = pd.DataFrame({"gene_index": np.arange(GENES), "gene": [f"G{index:02}" for index in range(GENES)]})
    edges = pd.DataFrame({"network": [], "source": [], "target": [], "weight": []})
    nothing = {"gene_to_complex": np.zeros((2, 0), int), "complex_to_reaction": np.zeros((2, 0), int)}
    sizes = {"num_genes": GENES, "num_complexes": 0, "num_reactions": 0}
    return Cell(genes, edges, {**nothing, **sizes}, features={"phenotypes": features})


def emap(pairs, value):
    genes = np.full((len(pairs), 3), NO_GENE)
    genes[:, :2] = np.sort(pairs, axis=1)
    unknown = np.full(len(pairs), np.nan)
    return Genotypes(
        observation_id=np.arange(len(pairs)),
        genes=genes,
        screen=np.zeros(len(pairs), dtype=np.int64),
        phenotype=np.full(len(pairs), PHENOTYPES.index("interaction")),
        query=genes[:, 0],
        array=genes[:, 1],
        value=value,
        std=unknown,
        temperature=unknown,
        screens=("emap",),
        strains=tuple(f"G{index:02}_d" for index in range(GENES)),
    )


class Simulated:
    """Scores x_i' M x_j + noise of genes with features x; 70 genes train on three quarters of their pairs."""

    def __init__(self, seed=0):
        generator = np.random.default_rng(seed)
        latent = generator.standard_normal((GENES, 4))
        features = latent.astype(np.float32)
        features[LONE] = np.nan
        self.cell = cell_of(features)
        first, second = np.triu_indices(GENES, 1)
        self.truth = (latent[first] * [1.0, -1.0, 0.7, 0.5] * latent[second]).sum(axis=1)
        value = self.truth + NOISE * generator.standard_normal(len(first))
        self.all = emap(np.stack([first, second], axis=1), value)
        new = self.all.genes[:, :2] >= GENES - UNSEEN
        self.unseen = new.sum(axis=1)
        self.train = (self.unseen == 0) & (generator.random(len(first)) < 0.75)
        self.lone = (self.all.genes == LONE).any(axis=1)


@pytest.fixture(scope="module")
def simulated():
    return Simulated()


def fit(simulated, train=None, **settings):
    options = ModelSettings(profile_predictor=ProfilePredictorSettings(**settings))
    model = build("profile_predictor", options, TrainingSettings())
    nothing = simulated.all.take(np.zeros(0, dtype=np.int64))
    model.fit(train or simulated.all.take(simulated.train), nothing, simulated.cell, FitContext())
    return model


@pytest.fixture(scope="module")
def model(simulated):
    return fit(simulated)


def correlation(simulated, model, rows):
    predicted = model.predict(simulated.all.take(rows).without_values()).value
    return np.corrcoef(predicted, simulated.truth[rows])[0, 1]


def test_genotypes_with_no_one_and_two_unseen_genes_are_predicted(simulated, model):
    known = ~simulated.lone
    assert correlation(simulated, model, known & (simulated.unseen == 0) & ~simulated.train) > 0.95
    assert correlation(simulated, model, known & (simulated.unseen == 1)) > 0.85
    assert correlation(simulated, model, known & (simulated.unseen == 2)) > 0.75


def test_an_unseen_gene_of_which_nothing_is_known_gets_the_mean_and_the_partners_effect(simulated, model):
    rows = np.flatnonzero(simulated.lone & (simulated.unseen == 1))
    predicted = model.predict(simulated.all.take(rows).without_values())
    predictor = next(iter(model.assays.values())).model
    train = simulated.all.take(simulated.train)
    # Scores of mean 0 and without main effects: what is left is within a fraction of their SD.
    assert np.abs(predicted.value - train.value.mean()).max() < 0.4 * train.value.std()
    side = predictor.sides[0]
    nobody = side.unseen(predictor.inputs, np.array([[-1, -1, LONE]]))
    np.testing.assert_array_equal(nobody.profile, 0.0)
    assert nobody.effect[0] == pytest.approx(side.effects.mean, abs=1e-9)
    assert nobody.variance[0] == pytest.approx(1.0)


@pytest.mark.parametrize("unseen", [0, 1, 2])
def test_the_sd_covers_new_measurements(simulated, model, unseen):
    rows = ~simulated.train & (simulated.unseen == unseen) & ~simulated.lone
    predicted = model.predict(simulated.all.take(rows).without_values())
    score = (simulated.all.value[rows] - predicted.value) / predicted.std
    assert 0.8 < score.std() < 1.25
    assert 0.9 < np.mean(np.abs(score) < 1.96) < 0.99


def test_the_sd_grows_with_what_is_unknown(simulated, model):
    std = model.predict(simulated.all.without_values()).std
    of_lone = std[simulated.lone & (simulated.unseen == 1)].mean()
    of_known = std[~simulated.lone & (simulated.unseen == 1)].mean()
    assert of_known < 0.8 * of_lone


def test_a_planted_test_value_changes_no_prediction(simulated, model):
    planted = simulated.all.take(~simulated.train)
    planted.value[:] = 1e3
    expected = model.predict(planted.without_values())
    np.testing.assert_array_equal(model.predict(planted).value, expected.value)
    np.testing.assert_array_equal(model.predict(planted).std, expected.std)


def test_a_held_out_value_changes_nothing_that_its_estimate_is_made_of(simulated):
    train = simulated.all.take(simulated.train)
    crosses = StrainBook.learn(train, GENES).crosses(train)
    axes = Axes.fit(crosses, GENES)
    rows, columns = axes.positions(crosses)

    def practise(value):
        return practise_completion(axes, rows, columns, value, ProfilePredictorSettings(), np.random.default_rng(0))

    before = practise(train.value)
    held = set(zip(before.held.rows, before.held.columns, strict=True))
    planted = np.array([(row, column) in held for row, column in zip(rows, columns, strict=True)])
    assert 0.05 < planted.mean() < 0.15
    after = practise(np.where(planted, 50.0, train.value))
    np.testing.assert_array_equal(after.residuals.matrix.values, before.residuals.matrix.values)
    np.testing.assert_array_equal(after.residuals.matrix.observed[before.held.rows, before.held.columns], 0.0)


def test_the_order_of_genes_does_not_matter(simulated, model):
    order = np.random.default_rng(2).permutation(GENES)
    place = np.argsort(order)
    moved = Simulated()
    moved.cell = cell_of(simulated.cell.features["phenotypes"][order])
    moved.all = emap(place[simulated.all.genes[:, :2]], simulated.all.value)
    again = fit(moved).predict(moved.all.without_values()).value
    # Other pairs are held out to learn the gains, so that the agreement is close, not exact.
    unseen = ~simulated.lone & (simulated.unseen > 0)
    expected = model.predict(simulated.all.without_values()).value
    assert np.corrcoef(again[unseen], expected[unseen])[0, 1] > 0.995


def test_features_without_any_signal_do_no_harm(simulated):
    generator = np.random.default_rng(9)
    shuffled = Simulated()
    shuffled.cell = cell_of(generator.standard_normal((GENES, 4)).astype(np.float32))
    model = fit(shuffled)
    one = (simulated.unseen == 1) & ~simulated.lone
    predicted = model.predict(simulated.all.take(one).without_values()).value
    error = np.mean((predicted - simulated.all.value[one]) ** 2)
    assert error < 1.15 * simulated.all.value[one].var()


def test_a_model_is_restored_with_its_trees_and_refused_with_other_features(simulated):
    model = fit(simulated, tree_sets=50)
    predictor = next(iter(model.assays.values())).model
    assert len(predictor.sides[0].effects.trees.value) > 0
    asked = simulated.all.without_values()
    restored = restore("profile_predictor", model.state(), simulated.cell)
    np.testing.assert_array_equal(restored.predict(asked).value, model.predict(asked).value)
    wider = np.pad(simulated.cell.features["phenotypes"], ((0, 0), (1, 0)))
    with pytest.raises(PipelineError, match=r"other networks or feature tables: one of the two lacks phenotypes \(4\)"):
        restore("profile_predictor", model.state(), cell_of(wider))
