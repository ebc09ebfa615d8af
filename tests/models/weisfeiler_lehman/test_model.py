"""The ridge equals scikit-learn's; the model learns from a cell, chooses its penalty on validation, survives a save."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.cell.genotypes import Genotypes, encode_gene_sets
from pipeline_lib.config.models import BaselineSettings, ModelSettings, WeisfeilerLehmanSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import tensors
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.registry import build
from pipeline_lib.models.weisfeiler_lehman.model import Moments, PerturbationFeatures, WlRidge, ridge_path
from tests.models.weisfeiler_lehman.test_features import cell_of

SETTINGS = ModelSettings(
    baselines=BaselineSettings(trials=5),
    weisfeiler_lehman=WeisfeilerLehmanSettings(width=64, network_levels=1, metabolism_levels=2),
)


def moments_of(features, value, block=7):
    moments = Moments.empty(features.shape[1])
    for start in range(0, len(value), block):
        moments.add(features[start : start + block], value[start : start + block])
    return moments


@pytest.mark.parametrize("penalty", [0.01, 1.0])
def test_the_ridge_from_sums_equals_scikit_learns_on_scaled_features(penalty):
    rng = np.random.default_rng(0)
    features = rng.integers(-3, 4, (50, 6)).astype(np.float32)
    features[:, 2] = 5
    value = features[:, 0] - features[:, 1] + rng.normal(size=50) + 4
    fit = ridge_path(moments_of(features, value), np.array([penalty]))[0]
    scaled = StandardScaler().fit_transform(features)
    theirs = Ridge(alpha=penalty * len(value)).fit(scaled, value)
    assert features @ fit.weights + fit.intercept == pytest.approx(theirs.predict(scaled), abs=1e-4)
    assert fit.weights[2] == 0


def test_the_squared_error_from_sums_is_that_of_the_predictions():
    rng = np.random.default_rng(1)
    features, value = rng.integers(-3, 4, (40, 5)).astype(np.float32), rng.normal(size=40)
    moments, weights = moments_of(features, value), rng.normal(size=5)
    assert moments.squared_error(weights, 0.3) == pytest.approx(
        np.mean((features @ weights + 0.3 - value) ** 2), rel=1e-4
    )


NUM_GENES = 30


@pytest.fixture(scope="module")
def cell():
    rng = np.random.default_rng(2)
    pairs = {tuple(sorted(pair)) for pair in rng.integers(0, NUM_GENES, (60, 2)).tolist() if pair[0] != pair[1]}
    reactions = [([index], [index + 1], bool(index % 2)) for index in range(10)]
    rules = [[[index, index + 10]] if index % 3 else [[index], [index + 10]] for index in range(10)]
    return cell_of(NUM_GENES, [(a, b, False) for a, b in sorted(pairs)], reactions, rules)


def genotypes(cell, seed, n=200, screens=("first", "second")):
    """Pairs whose value is linear in the number of genes within one hop of both, in two units, with noise."""
    rng = np.random.default_rng(seed)
    links = np.zeros((NUM_GENES, NUM_GENES))
    links[cell.edges["source"], cell.edges["target"]] = 1
    links += links.T + np.eye(NUM_GENES)
    genes = np.full((n, 3), -1)
    genes[:, :2] = np.sort([rng.choice(NUM_GENES, 2, replace=False) for _ in range(n)], axis=1)
    shared = (links @ links)[genes[:, 0], genes[:, 1]] + rng.normal(scale=0.3, size=n)
    screen = rng.integers(0, len(screens), n)
    value = np.where(screen == 0, 10 - 3 * shared, 0.1 * shared)
    none, unknown = np.full(n, -1), np.full(n, np.nan)
    return Genotypes(np.arange(n), genes, screen, np.ones(n, int), none, none, value, unknown, unknown, screens, ())


@pytest.fixture(scope="module")
def fitted(cell):
    model = build("wl_ridge", SETTINGS, TrainingSettings())
    history = model.fit(genotypes(cell, 0, 400), genotypes(cell, 1), cell, FitContext())
    return model, history


def test_how_far_two_neighbourhoods_overlap_is_learned_in_the_units_of_each_screen(cell, fitted):
    test = genotypes(cell, 3)
    predicted = fitted[0].predict(test.without_values()).value
    for screen in (0, 1):
        own = test.screen == screen
        assert np.corrcoef(predicted[own], test.value[own])[0, 1] > 0.9
    assert predicted[test.screen == 0].mean() > 5 > predicted[test.screen == 1].mean()


def test_the_penalty_with_the_least_validation_error_is_kept_and_its_error_is_the_spread(cell, fitted):
    model, history = fitted
    HISTORY.validate(history, "history")
    assert set(history["fold"]) == {"validation"}
    assert history.groupby("screen")["epoch"].count().tolist() == [5, 5]
    held = genotypes(cell, 1)
    predicted = model.predict(held)
    for screen in (0, 1):
        own = held.screen == screen
        error = np.sqrt(np.mean((predicted.value[own] - held.value[own]) ** 2))
        least = history.loc[history["screen"] == held.screens[screen], "value"].min()
        assert error == pytest.approx(least, rel=1e-3)
        assert predicted.std[own] == pytest.approx(np.full(own.sum(), least), rel=1e-6)


def test_without_a_validation_fold_the_middle_penalty_is_kept(cell):
    model = WlRidge(SETTINGS, TrainingSettings())
    train = genotypes(cell, 0)
    history = model.fit(train, train.take(np.zeros(0, np.int64)), cell, FitContext())
    assert set(history["fold"]) == {"train"}
    assert np.isfinite(model.predict(train).value).all()


def test_an_unseen_screen_is_predicted_in_the_units_of_the_largest_assay_of_its_phenotype(cell, fitted):
    test = genotypes(cell, 3, screens=("new",))
    known = genotypes(cell, 3, screens=("first",))
    largest = fitted[0].assays.screens[int(np.argmax(fitted[0].assays.rows))]
    if largest == "second":
        known = Genotypes(**{**vars(known), "screens": ("second",)})
    assert np.array_equal(fitted[0].predict(test).value, fitted[0].predict(known).value)


def test_bare_genotypes_of_every_order_are_predicted(cell, fitted):
    asked = encode_gene_sets([["G1"], ["G1", "G2"], ["G1", "G2", "G3"]], cell.genes)
    assert np.isfinite(fitted[0].predict(asked).value).all()


def test_the_state_restores_the_model(cell, fitted, tmp_path):
    save_tensors(fitted[0].state(), tmp_path / "model.pt")
    restored = WlRidge.from_state(load_tensors(tmp_path / "model.pt"), cell)
    test = genotypes(cell, 3)
    assert np.array_equal(restored.predict(test).value, fitted[0].predict(test).value)
    assert np.array_equal(restored.predict(test).std, fitted[0].predict(test).std)


def test_two_fits_give_the_same_bytes(cell):
    predictions = []
    for _ in range(2):
        model = WlRidge(SETTINGS, TrainingSettings())
        model.fit(genotypes(cell, 0), genotypes(cell, 1), cell, FitContext())
        predictions.append(model.predict(genotypes(cell, 3)).value.tobytes())
    assert predictions[0] == predictions[1]


def test_an_empty_training_fold_is_refused(cell):
    none = genotypes(cell, 0).take(np.zeros(0, np.int64))
    with pytest.raises(PipelineError, match="training fold holds no observation"):
        WlRidge(SETTINGS, TrainingSettings()).fit(none, none, cell, FitContext())


def test_the_core_model_of_e_coli_is_featurised_gene_by_gene():
    gem = read_gem("cobra:textbook")
    genes = sorted(gem.genes)
    rules = GeneRules.from_rules(list(gem.reactions["gene_rule"]), list(gem.reactions["id"]), tuple(genes))
    bare = cell_of(len(genes), [], [([0], [1], False)], [[]])
    table = bare.genes.assign(gene=genes)
    features = PerturbationFeatures(Cell(table, bare.edges, tensors(gem, rules)), SETTINGS.weisfeiler_lehman)
    asked = encode_gene_sets([["b1136"], ["b1676"], ["b1676", "b1854"]], table)
    found = features.matrix(asked.genes)
    deltas = features.graphs[0]
    blocked = found[:, deltas.first_count]
    # Isocitrate dehydrogenase (icd) serves one reaction alone; pykF and pykA are the two pyruvate kinases.
    assert blocked.tolist() == [1, 0, 1]
