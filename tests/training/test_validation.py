"""Validation: a score of every phenotype, on the assays that decide, and no more rows at a time than fit."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.training.losses import ValidationFold, predict_columns

FITNESS, INTERACTION, RAW, CALL = range(len(PHENOTYPES))


class Fixed(nn.Module):
    """Predict the column `guess`, and count what it is called for."""

    def __init__(self):
        super().__init__()
        self.sizes, self.encodings = [], 0

    def encode(self):
        self.encodings += 1

    def decode(self, encoded, columns):  # noqa: ARG002
        self.sizes.append(len(columns["guess"]))
        assert not torch.is_grad_enabled()
        return columns["guess"], torch.zeros_like(columns["guess"])


def fold(*assays):
    """Return columns of assays (phenotype, target, guess[, deciding]), their rows interleaved at random."""
    parts = [
        {
            "assay": torch.full((len(target),), code),
            "phenotype": torch.full((len(target),), phenotype),
            "target": torch.tensor(target, dtype=torch.float32),
            "guess": torch.tensor(guess, dtype=torch.float32),
            "deciding": torch.full((len(target),), bool((*rest, True)[0])),
        }
        for code, (phenotype, target, guess, *rest) in enumerate(assays)
    ]
    columns = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    order = torch.randperm(len(columns["assay"]), generator=torch.Generator().manual_seed(0))
    return {name: column[order] for name, column in columns.items()}


def metrics(columns):
    return ValidationFold(columns).metrics(Fixed())


@pytest.fixture
def random():
    return np.random.default_rng(0)


def correlated(random, n, noise=1.0):
    target = random.normal(size=n)
    return target, target + noise * random.normal(size=n)


def test_each_phenotype_has_a_score_of_its_own(random):
    fitness, interaction, raw = (correlated(random, 50, noise) for noise in (0.3, 1.0, 3.0))
    calls = (random.random(50) < 0.3).astype(float)
    guess = calls + random.normal(size=50)
    found = metrics(fold((FITNESS, *fitness), (INTERACTION, *interaction), (RAW, *raw), (CALL, calls, guess)))
    for name, pair in (("fitness", fitness), ("interaction", interaction), ("raw_interaction", raw)):
        assert found[f"pearson_{name}"] == pytest.approx(stats.pearsonr(*pair)[0], abs=1e-6)
    assert found["pearson"] == pytest.approx(
        np.mean([stats.pearsonr(*pair)[0] for pair in (fitness, interaction, raw, (calls, guess))]), abs=1e-6
    )


def test_average_precision_is_the_mean_precision_at_each_call():
    """Calls at ranks 1, 3 and 4 of five: (1/1 + 2/3 + 3/4) / 3."""
    found = metrics(fold((CALL, [1, 0, 1, 1, 0], [5, 4, 3, 2, 1])))
    assert found["average_precision_call"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert found["deciding_score"] == found["average_precision_call"]
    assert "pearson_call" not in found


def test_one_logit_for_all_has_the_prevalence_as_average_precision():
    assert metrics(fold((CALL, [1, 0, 0, 0], [2] * 4)))["average_precision_call"] == pytest.approx(0.25)


def test_assays_of_one_phenotype_count_by_the_square_root_of_their_rows(random):
    small, large = correlated(random, 25, 0.1), correlated(random, 400, 3.0)
    found = metrics(fold((INTERACTION, *small), (INTERACTION, *large)))
    a, b = (stats.pearsonr(*pair)[0] for pair in (small, large))
    assert found["pearson_interaction"] == pytest.approx((5 * a + 20 * b) / 25, abs=1e-6)
    assert found["pearson"] == pytest.approx((25 * a + 400 * b) / 425, abs=1e-6)


def test_the_assays_that_decide_are_scored_alone(random):
    wanted, other = correlated(random, 40, 1.0), correlated(random, 400, 0.1)
    found = metrics(fold((INTERACTION, *wanted, True), (FITNESS, *other, False), (INTERACTION, *other, False)))
    assert found["deciding_score"] == pytest.approx(stats.pearsonr(*wanted)[0], abs=1e-6)


def test_without_the_column_every_assay_decides_and_so_where_none_does(random):
    assays = [(INTERACTION, *correlated(random, 40)), (FITNESS, *correlated(random, 60))]
    columns = fold(*assays)
    none = columns | {"deciding": torch.zeros(100, dtype=torch.bool)}
    expected = metrics(columns)["deciding_score"]
    assert metrics(none)["deciding_score"] == expected
    del columns["deciding"]
    assert metrics(columns)["deciding_score"] == expected


@pytest.mark.parametrize(("phenotype", "target"), [(INTERACTION, [0.5]), (INTERACTION, [1, 1, 1]), (CALL, [0, 0, 0])])
def test_an_assay_of_one_value_has_no_score_and_decides_nothing(random, phenotype, target):
    single = (phenotype, target, np.arange(len(target)), True)
    alone = ValidationFold(fold(single))
    assert not alone.decides
    assert "deciding_score" not in alone.metrics(Fixed())
    other = correlated(random, 40)
    found = metrics(fold(single, (FITNESS, *other, False)))
    assert found["deciding_score"] == pytest.approx(stats.pearsonr(*other)[0], abs=1e-6)
    assert set(found) == {"pearson", "mse", "pearson_fitness", "deciding_score"}


def test_a_constant_prediction_correlates_with_nothing(random):
    assert metrics(fold((INTERACTION, random.normal(size=9), np.zeros(9))))["pearson_interaction"] == 0


def test_the_squared_error_is_of_measured_values_alone():
    found = metrics(fold((INTERACTION, [0.0, 2.0], [1.0, 2.0]), (CALL, [0, 1], [100.0, -100.0])))
    assert found["mse"] == pytest.approx(0.5)
    assert "mse" not in metrics(fold((CALL, [0, 1], [100.0, -100.0])))


def test_no_rows_have_no_metrics_and_decide_nothing():
    empty = ValidationFold({name: column[:0] for name, column in fold((INTERACTION, [0.0, 1.0], [0.0, 1.0])).items()})
    assert empty.metrics(Fixed()) == {}
    assert not empty.decides


def test_a_prediction_that_is_no_number_is_reported_with_its_row():
    columns = fold((CALL, [0, 1, 0], [0.0, 1.0, 0.0]))
    columns["guess"][1] = float("nan")
    with pytest.raises(PipelineError, match=r"predicts nan for row 1 of the validation fold.*learning_rate"):
        metrics(columns)


def test_rows_are_decoded_in_chunks_after_one_encoding(random):
    network, columns = Fixed(), fold((INTERACTION, *correlated(random, 25)))
    mean, log_sd = predict_columns(network, columns, size=10)
    assert network.sizes == [10, 10, 5]
    assert network.encodings == 1
    assert torch.equal(mean, columns["guess"])
    assert log_sd.shape == (25,)


def test_a_fold_is_cut_at_65536_rows(random):
    network = Fixed()
    ValidationFold(fold((INTERACTION, *correlated(random, 70_000)))).metrics(network)
    assert network.sizes == [65_536, 70_000 - 65_536]
