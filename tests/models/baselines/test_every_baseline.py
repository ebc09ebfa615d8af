"""What holds for each baseline of the registry, on an E-MAP, a trigenic screen, its calls and fitness at once."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.config.model_registry import BASELINES, FLUX, PROFILE_PREDICTOR
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.registry import build, restore

EVERY = [*BASELINES, *FLUX, *PROFILE_PREDICTOR]
SEARCHED_IN_SCORES = {"gene_ridge", "gene_query_ridge", "factorisation", "soft_impute", "nearest_profiles"}
TUNED = SEARCHED_IN_SCORES | {"network_profiles", "gradient_boosting", "embedding_mlp"}
SETTINGS = ModelSettings(baselines={"trials": 4, "boosting_rounds": 8})


@pytest.fixture(scope="module")
def cell(bench):
    knockouts = pd.DataFrame(
        [
            (
                [f"G{gene:03}" for gene in genes],
                method,
                float(np.prod([0.1 * gene for gene in genes])),
                0.05 * len(genes),
            )
            for order in (1, 2, 3)
            for genes in combinations(range(5), order)
            for method in ("fba", "moma")
        ],
        columns=["genes", "method", "fitness", "interaction"],
    )
    edges = [("ring", gene, (gene + 1) % 60, 1.0) for gene in range(60)]
    edges = [(name, min(i, j), max(i, j), weight) for name, i, j, weight in edges]
    return bench.cell(edges, in_gem=range(5), complexes=[(0, 0, 0), (1, 0, 0), (2, 1, 1)], knockouts=knockouts)


@pytest.fixture(params=EVERY, scope="module")
def fitted(request, bench, pooled, cell):
    train, validation, test = bench.thirds(pooled)
    model = build(request.param, SETTINGS, TrainingSettings())
    history = model.fit(train, validation, cell, FitContext(seed=1))
    return request.param, model, history, test


def not_trained_on(bench):
    """Genes, strains and screens that training lacks, of every order, with names and bare."""
    bare = bench.genotypes([[50], [51, 52], [53, 54, 55], [0], [0, 50], [0, 1, 50]], [np.nan] * 6, screen="emap")
    named = bench.genotypes(
        [[50, 51, 20], [0, 1, 52], [52, 53], [54]],
        [np.nan] * 4,
        query=["new", "G000+G001_tm0", "newer", None],
        array=["G020_dma", "new_array", "newest", "lone"],
        screen="trigenic",
    )
    elsewhere = replace(named, screens=("nowhere",))
    nameless = replace(bare, screen=np.full(6, -1), phenotype=np.full(6, -1), screens=())
    return bare, named, elsewhere, nameless


def test_predictions_are_finite_and_read_no_measurement(bench, fitted):
    _, model, _, test = fitted
    predicted, hidden = model.predict(test), model.predict(test.without_values())
    np.testing.assert_array_equal(predicted.value, hidden.value)
    for genotypes in (test.without_values(), *not_trained_on(bench)):
        predicted = model.predict(genotypes)
        assert predicted.value.shape == predicted.std.shape == (len(genotypes),)
        assert np.isfinite(predicted.value).all()
        assert (predicted.std >= 0).all()


def test_a_genotype_is_predicted_the_same_alone_and_among_others(fitted):
    _, model, _, test = fitted
    rows = np.arange(0, len(test), 7)
    np.testing.assert_allclose(model.predict(test.take(rows)).value, model.predict(test).value[rows], atol=1e-5)


def test_a_stored_model_predicts_the_same_bits(fitted, cell, tmp_path):
    name, model, _, test = fitted
    save_tensors({"state": model.state()}, tmp_path / "model.pt")
    restored = restore(name, load_tensors(tmp_path / "model.pt")["state"], cell)
    for ours, theirs in zip(vars(model.predict(test)).values(), vars(restored.predict(test)).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_history_keeps_its_contract_and_the_number_of_epochs(fitted, tmp_path):
    name, _, history, _ = fitted
    HISTORY.validate(history, tmp_path)
    assert len(history) == 4 * (4 if name in TUNED else 1)
    assert set(history["screen"]) == {"emap", "trigenic", "calls", "fitness"}


def test_a_missing_validation_fold_is_no_obstacle(pooled, cell):
    nothing = pooled.take(np.zeros(0, dtype=np.int64))
    for name in sorted(TUNED):
        model = build(name, SETTINGS, TrainingSettings())
        history = model.fit(pooled, nothing, cell, FitContext())
        assert set(history["fold"]) == {"train"}
        assert np.isfinite(model.predict(pooled.without_values()).value).all()


def test_a_fit_with_one_observation_an_assay_does_not_fail(bench, cell):
    tiny = bench.pool(
        bench.genotypes([[0, 1]], [1.0], screen="a"), bench.genotypes([[2]], [0.5], phenotype="fitness", screen="b")
    )
    for name in EVERY:
        model = build(name, SETTINGS, TrainingSettings())
        model.fit(tiny, tiny, cell, FitContext())
        assert np.isfinite(model.predict(tiny).value).all()


@pytest.mark.parametrize(
    ("name", "settings", "tried"),
    [
        ("gene_ridge", {"ridge_greatest_penalty": 10, "ridge_least_penalty": 1}, ["penalty=10", "penalty=1"]),
        (
            "factorisation",
            {"factorisation_rank": 4, "factorisation_penalties": [0.5]},
            ["rank=4 penalty=0.5", "rank=2 penalty=0.5"],
        ),
        ("soft_impute", {"soft_impute_greatest": 0.5, "soft_impute_least": 0.05}, ["threshold=0.5", "threshold=0.05"]),
        (
            "nearest_profiles",
            {"nearest_powers": [1, 2], "nearest_neighbours": [3]},
            ["neighbours=3 power=1", "neighbours=3 power=2"],
        ),
        ("network_profiles", {"network_powers": [3], "network_priors": [5, 6]}, ["power=3 prior=5", "power=3 prior=6"]),
        (
            "gradient_boosting",
            {"boosting_leaves": [4, 2], "boosting_rounds": 3},
            ["leaves=4 trees=3", "leaves=2 trees=3"],
        ),
    ],
)
def test_the_settings_of_a_baseline_are_what_it_tries(name, settings, tried, bench, cell, generator):
    train, validation, _ = bench.thirds(bench.emap(generator.standard_normal((30, 30))))
    model = build(name, ModelSettings(baselines={"trials": 2, **settings}), TrainingSettings())
    history = model.fit(train, validation, cell, FitContext())
    found = history["setting"].tolist()
    assert [setting[: len(start)] for setting, start in zip(found, tried, strict=True)] == tried
