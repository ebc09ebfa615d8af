"""Losses against their closed forms, scipy, and each other."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from pipeline_lib.config.training import LossName, LossSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.training import losses
from pipeline_lib.training.losses import LOSSES, Criterion


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    mean, log_sd, target = (torch.tensor(rng.normal(size=50)) for _ in range(3))
    return mean, 0.5 * log_sd, target, torch.tensor(rng.uniform(0.5, 2, 50))


def criterion(rows, **settings):
    mean, log_sd, target, weight = rows
    return Criterion(LossSettings(**settings))(mean, log_sd, target, weight, torch.zeros(len(mean), dtype=torch.bool))


def test_the_registry_holds_the_losses_of_the_configuration():
    assert set(LOSSES) == set(get_args(LossName))


def test_an_unknown_loss_is_refused_with_the_list():
    with pytest.raises(PipelineError, match=r"no loss 'hinge'; losses: mse, log_cosh, .*mse_kl"):
        Criterion(LossSettings.model_construct(name="hinge"))


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_finite_gradients_for_value_and_spread(name, rows):
    mean, log_sd, target, weight = rows
    mean, log_sd = mean.requires_grad_(), log_sd.requires_grad_()
    terms = criterion((mean, log_sd, target, weight), name=name)
    torch.stack(list(terms.values())).sum().backward()
    assert mean.grad.isfinite().all()
    assert mean.grad.any()
    assert log_sd.grad.any()


def test_mse_and_huber_equal_their_definitions(rows):
    mean, _, target, weight = rows
    r = (mean - target).numpy()
    assert float(criterion(rows, name="mse")["mse"]) == pytest.approx(np.mean(weight.numpy() * r**2))
    huber = np.where(abs(r) < 0.7, r**2 / 2, 0.7 * (abs(r) - 0.35))
    found = criterion(rows, name="huber", huber_delta=0.7)["huber"]
    assert float(found) == pytest.approx(np.mean(weight.numpy() * huber))


def test_log_cosh_is_its_definition_and_does_not_overflow():
    mean, target, weight = torch.tensor([0.3, -2.0]), torch.zeros(2), torch.ones(2)
    expected = np.mean(np.log(np.cosh([0.3, -2.0])))
    assert float(losses.log_cosh(mean, target, weight)) == pytest.approx(expected, rel=1e-5)
    far = losses.log_cosh(torch.tensor([1e4]), torch.zeros(1), torch.ones(1))
    assert float(far) == pytest.approx(1e4 - math.log(2))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_quantile_loss_is_least_at_the_quantile(level):
    sample = torch.tensor(np.random.default_rng(0).normal(size=4001))
    grid = torch.linspace(-3, 3, 601, dtype=torch.float64)
    values = [float(losses.quantile(at.expand(4001), sample, torch.ones(4001), level)) for at in grid]
    assert float(grid[int(np.argmin(values))]) == pytest.approx(np.quantile(sample.numpy(), level), abs=0.02)


@pytest.mark.parametrize(("mean", "sd", "target"), [(0.0, 1.0, 0.5), (1.0, 0.3, -1.0), (2.0, 4.0, 2.0)])
def test_crps_is_the_integrated_squared_difference_of_distribution_functions(mean, sd, target):
    def squared(x):
        return (stats.norm.cdf(x, mean, sd) - (x >= target)) ** 2

    low, high = mean - 12 * sd, mean + 12 * sd
    expected = integrate.quad(squared, min(low, target - 1), target)[0] + integrate.quad(squared, target, high)[0]
    tensors = (torch.tensor([value], dtype=torch.float64) for value in (mean, math.log(sd), target, 1.0))
    assert float(losses.gaussian_crps(*tensors)) == pytest.approx(expected, abs=1e-6)


def test_nll_is_scipys(rows):
    mean, log_sd, target, weight = (part.numpy() for part in rows)
    expected = np.mean(weight * -stats.norm.logpdf(target, mean, np.exp(log_sd)))
    assert float(losses.gaussian_nll(*rows)) == pytest.approx(expected)


def test_concordance_is_lins_coefficient(rows):
    mean, _, target, _ = rows
    x, y = mean.numpy(), target.numpy()
    expected = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert float(losses.concordance(mean, target, torch.ones(50))) == pytest.approx(1 - expected)
    assert float(losses.concordance(target, target, torch.ones(50))) == pytest.approx(0, abs=1e-12)


def test_wasserstein_and_energy_are_scipys(rows):
    mean, _, target, _ = rows
    assert float(losses.wasserstein(mean, target)) == pytest.approx(stats.wasserstein_distance(mean, target))
    # scipy gives the square root.
    assert float(losses.energy_distance(mean, target)) == pytest.approx(stats.energy_distance(mean, target) ** 2)


def test_divergences_vanish_between_equal_samples_in_any_order(rows):
    target = rows[2]
    shuffled = target[torch.randperm(50, generator=torch.Generator().manual_seed(0))]
    for distance in (losses.wasserstein, losses.energy_distance, losses.kernel_kl):
        assert float(distance(shuffled, target)) == pytest.approx(0, abs=1e-9)


def test_kernel_kl_is_that_of_two_gaussians():
    """KL between N(0,1) and N(1,1) is 1/2; kernels widen both a little."""
    rng = np.random.default_rng(0)
    found = losses.kernel_kl(torch.tensor(rng.normal(1, 1, 20_000)), torch.tensor(rng.normal(0, 1, 20_000)))
    assert float(found) == pytest.approx(0.5, abs=0.05)


def test_a_divergence_is_multiplied_by_its_weight(rows):
    one, three = (criterion(rows, name="mse_wasserstein", divergence_weight=w)["wasserstein"] for w in (1.0, 3.0))
    assert float(three) == pytest.approx(3 * float(one))


def test_the_value_does_not_feel_the_spread_unless_the_loss_is_crps(rows):
    for name, feels in (("mse", False), ("crps", True)):
        gradients = []
        for level in (0.0, 1.0):
            mean = rows[0].clone().requires_grad_()
            log_sd = torch.full_like(mean, level)
            torch.stack(list(criterion((mean, log_sd, *rows[2:]), name=name).values())).sum().backward()
            gradients.append(mean.grad)
        assert torch.equal(*gradients) != feels


def test_calls_take_the_logistic_loss_and_rows_are_counted_together():
    mean, target = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 0.0, 3.0])
    is_call = torch.tensor([True, True, False])
    terms = Criterion(LossSettings())(mean, torch.zeros(3), target, torch.ones(3), is_call)
    p = 1 / (1 + np.exp(-np.array([2.0, -1.0])))
    assert float(terms["call"]) == pytest.approx(-(np.log(p[0]) + np.log(1 - p[1])) / 3)
    assert float(terms["mse"]) == pytest.approx(2.5**2 / 3)


def test_matching_the_spread_raises_the_mse_and_leaves_pearson_unchanged():
    """At r = 0.45 the MSE optimum has SD 0.45 of the target's; stretching it to the target's SD costs squares."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=200_000)
    best = 0.45 * (0.45 * target + math.sqrt(1 - 0.45**2) * rng.normal(size=200_000))
    stretched = best / best.std()
    assert best.std() == pytest.approx(0.45, abs=0.01)
    assert np.mean((best - target) ** 2) == pytest.approx(1 - 0.45**2, abs=0.01)
    assert np.mean((stretched - target) ** 2) == pytest.approx(2 - 2 * 0.45, abs=0.02)
    assert np.corrcoef(stretched, target)[0, 1] == pytest.approx(np.corrcoef(best, target)[0, 1])


def test_the_spread_is_fitted_by_a_score_whose_gradient_is_bounded():
    """Derivative of the CRPS by the SD: 2 phi(z) - 1 / sqrt(pi), between -0.564 and 0.234 wherever the value is."""
    gradients = {}
    for name in ("crps", "nll"):
        log_sd = torch.zeros(5, requires_grad=True)
        target = torch.tensor([0.0, 1.0, 10.0, 1e3, 1e5])
        terms = Criterion(LossSettings(spread=name))(
            torch.zeros(5), log_sd, target, torch.ones(5), torch.zeros(5, dtype=torch.bool)
        )
        terms["spread"].backward()
        gradients[name] = 5 * log_sd.grad
    z = np.array([0.0, 1.0, 10.0, 1e3, 1e5])
    np.testing.assert_allclose(gradients["crps"], 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi), atol=1e-2)
    np.testing.assert_allclose(gradients["nll"], 1 - z**2, rtol=1e-5, atol=1e-5)
    assert LossSettings().spread == "crps"


@pytest.mark.parametrize("score", ["crps", "nll"])
def test_both_scores_of_the_spread_are_least_at_the_true_sd(score):
    """Proper scores (Gneiting and Raftery 2007): the expected score is best for the distribution that is true."""
    target = torch.tensor(np.random.default_rng(0).normal(0, 2, 200_000))
    grid = torch.linspace(-0.5, 2, 251, dtype=torch.float64)
    mean, weight = torch.zeros_like(target), torch.ones_like(target)
    term = {"crps": losses.gaussian_crps, "nll": losses.gaussian_nll}[score]
    values = [float(term(mean, at.expand_as(mean), target, weight)) for at in grid]
    assert float(grid[int(np.argmin(values))]) == pytest.approx(math.log(2), abs=0.02)
