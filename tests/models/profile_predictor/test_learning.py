"""Kernels that carry the profiles are found; those that do not are left out."""

import numpy as np
import pytest
import torch

from pipeline_lib.models.profile_predictor.gene_process import GeneProcess
from pipeline_lib.models.profile_predictor.learning import learn_weights, left_out_residuals, weights_of


@pytest.fixture
def simulated():
    """120 genes whose 200 functions follow the first of three kernels, with noise of a fifth of its variance."""
    generator = np.random.default_rng(3)
    kernels = []
    for _ in range(3):
        rows = generator.standard_normal((120, 6))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        kernels.append(rows @ rows.T)
    signal = np.linalg.cholesky(kernels[0] + 1e-9 * np.eye(120)) @ generator.standard_normal((120, 200))
    return kernels, signal + np.sqrt(0.2) * generator.standard_normal((120, 200))


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


def test_the_loss_is_the_error_of_the_process_on_left_out_genes(simulated):
    kernels, targets = simulated
    residuals = left_out_residuals(torch.from_numpy(kernels[0] + 0.2 * np.eye(120)), torch.from_numpy(targets)).numpy()
    np.testing.assert_allclose(targets - residuals, GeneProcess.fit(kernels[0], 0.2).left_out(targets), atol=1e-9)


def test_weights_that_a_flat_loss_lets_run_away_keep_the_covariance_positive_definite():
    """A line search over a loss that nothing changes once ended a fit: an infinite weight, or all of them 0."""
    kernel = torch.eye(4, dtype=torch.float64)
    for logs in (torch.full((2,), 1e4, dtype=torch.float64), torch.full((2,), -1e4, dtype=torch.float64)):
        weights = weights_of(logs)
        residuals = left_out_residuals(weights[0] * kernel + weights[1] * kernel, torch.ones(4, 1, dtype=torch.float64))
        torch.testing.assert_close(residuals, torch.ones(4, 1, dtype=torch.float64))
