"""The optimiser: the spread never eats the step of the value, and the step size follows its schedule."""

import pytest
import torch
from torch import nn

from pipeline_lib.config.training import LossSettings, TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import LearnsSpread
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.step import Optimiser, learning_rate
from tests.training.toy import Linear, columns

SETTINGS = TrainingSettings(learning_rate=0.1)
TRAIN = columns()


class Together(nn.Module):
    """The same network that does not name its spread: one group, clipped as a whole."""

    def __init__(self):
        super().__init__()
        self.network = Linear()


def moved(network, spread_factor, steps=3):
    """Return how far value and spread moved where the spread's gradient is multiplied by a factor."""
    whole = network
    network = whole.network if isinstance(whole, Together) else whole
    network.eval()
    before = [parameter.detach().clone() for parameter in network.parameters()]
    optimiser = Optimiser(whole, SETTINGS, 10)
    criterion = Criterion(LossSettings())
    for number in range(1, steps + 1):
        mean, log_sd = network.decode(network.encode(), TRAIN)
        terms = criterion(mean, log_sd, TRAIN["target"], TRAIN["weight"], TRAIN["is_call"])
        optimiser.step(terms["mse"] + spread_factor * terms["spread"], number)
    weight, bias, log_sd = (after.detach() - start for after, start in zip(network.parameters(), before, strict=True))
    return torch.cat([weight, bias]), log_sd, optimiser.figures


def test_the_value_moves_by_the_same_amount_however_large_the_gradient_of_the_spread():
    value, spread, figures = moved(Linear(), 1.0)
    same_value, _, larger = moved(Linear(), 1e5)
    assert torch.equal(value, same_value)
    assert value.abs().min() > 0
    assert spread.abs() > 0
    assert figures["gradient_norm"] == larger["gradient_norm"]
    assert larger["spread_gradient_norm"] > 1e4 * figures["spread_gradient_norm"]


def test_clipped_together_the_spread_would_eat_the_step_of_the_value():
    """What the groups are for: AdamW adds its epsilon to a gradient that clipping has made 1e-5 of itself."""
    assert not torch.equal(moved(Together(), 1.0)[0], moved(Together(), 1e5)[0])


def test_each_group_is_clipped_at_the_same_norm():
    network = Linear()
    optimiser = Optimiser(network, SETTINGS.model_copy(update={"gradient_clip": 0.5}), 10)
    optimiser.step(1e3 * (network.weight.sum() + network.bias.sum()) + 1e6 * network.log_sd.sum(), 1)
    value = torch.cat([network.weight.grad, network.bias.grad])
    assert value.norm() == pytest.approx(0.5, rel=1e-4)
    assert network.log_sd.grad.norm() == pytest.approx(0.5, rel=1e-4)
    assert optimiser.figures["gradient_norm"] == pytest.approx(1e3 * 5**0.5)
    assert optimiser.figures["spread_gradient_norm"] == pytest.approx(1e6)


def test_both_groups_share_one_schedule():
    network = Linear()
    optimiser = Optimiser(network, SETTINGS, 100)
    optimiser.step(network.weight.sum() + network.log_sd.sum(), 5)
    groups = optimiser.state()["param_groups"]
    assert [len(group["params"]) for group in groups] == [2, 1]
    assert {group["lr"] for group in groups} == {learning_rate(SETTINGS, 5, 100)} == {0.05}


def test_a_network_without_the_method_has_no_parameters_of_a_spread():
    network = nn.Linear(2, 1)
    assert not isinstance(network, LearnsSpread)
    optimiser = Optimiser(network, SETTINGS, 10)
    optimiser.step(network.weight.sum(), 1)
    assert set(optimiser.figures) == {"learning_rate", "gradient_norm"}


@pytest.mark.parametrize("part", ["weight", "log_sd"])
def test_an_infinite_gradient_of_either_group_is_reported_with_its_step(part):
    network = Linear()
    with pytest.raises(PipelineError, match=r"gradient is (inf|nan) at step 7.*learning_rate"):
        Optimiser(network, SETTINGS, 10).step(float("inf") * getattr(network, part).sum(), 7)


def test_the_step_size_rises_over_a_tenth_and_falls_to_zero():
    rates = [learning_rate(SETTINGS, step, 100) for step in range(1, 101)]
    assert rates[9] == max(rates) == 0.1
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
