"""Kernels that carry the profiles are found; those that do not are left out."""

import numpy as np
import pytest

from pipeline_lib.models.profile_predictor.learning import learn_weights


@pytest.fixture
def simulated(simulated_functions):
    """120 genes whose 200 functions follow the first of three kernels, with noise of a fifth of its variance."""
    return simulated_functions(rows=120, kernels=3, dimensions=6, functions=200, noise=0.2, seed=3)


def test_the_kernel_that_made_the_profiles_gets_the_weight_and_the_noise_is_found(simulated):
    kernels, targets = simulated
    learned = learn_weights(kernels, targets, steps=60, least_share=0.01)
    assert learned.weights[0] > 0.95
    assert learned.weights.sum() == pytest.approx(1.0)
    assert 0.1 < learned.noise < 0.4
    assert learned.loss < 0.3


def test_the_order_of_genes_does_not_matter(simulated):
    kernels, targets = simulated
    order = np.random.default_rng(4).permutation(120)
    learned = learn_weights(kernels, targets, steps=20, least_share=0.0)
    again = learn_weights([kernel[np.ix_(order, order)] for kernel in kernels], targets[order], 20, 0.0)
    np.testing.assert_allclose(again.weights, learned.weights, atol=1e-4)
    np.testing.assert_allclose(again.noise, learned.noise, rtol=1e-3)


def test_profiles_that_no_kernel_explains_are_all_noise(simulated):
    kernels, _ = simulated
    noise = np.random.default_rng(5).standard_normal((120, 200))
    learned = learn_weights(kernels, noise, steps=60, least_share=0.01)
    assert learned.loss > 0.98
    assert learned.noise > 5


def test_a_loss_that_nothing_changes_ends_with_finite_weights():
    """A line search over a flat loss once ended a fit: an infinite weight, or all of them 0."""
    learned = learn_weights([np.eye(12), np.eye(12)], np.ones((12, 1)), steps=40, least_share=0.01)
    assert np.isfinite(learned.weights).all()
    assert np.isfinite(learned.noise)
    assert learned.loss == pytest.approx(1.0)
