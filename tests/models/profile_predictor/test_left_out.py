"""Residuals of rows left out are those of a Gaussian process; the search follows their exact gradient."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from pipeline_lib.models.profile_predictor import learning
from pipeline_lib.models.profile_predictor.kernels import GeneProcess
from pipeline_lib.models.profile_predictor.learning import left_out_residuals, minimise_left_out


@pytest.fixture
def problem(simulated_functions):
    """Two kernels of 40 rows, and 7 functions of the first."""
    return simulated_functions(rows=40, kernels=2, dimensions=5, functions=7, noise=0.09, seed=8)


def squared_error(residuals):
    return float(np.sum(residuals**2)), 2 * residuals


def test_residuals_are_those_of_the_process_without_each_row(problem):
    kernels, targets = problem
    residuals = left_out_residuals(kernels, np.array([1.0, 0.0, 0.2]), targets)
    np.testing.assert_allclose(targets - residuals, GeneProcess.fit(kernels[0], 0.2).left_out(targets), atol=1e-5)


def test_the_gradient_is_that_of_finite_differences(problem, monkeypatch):
    kernels, targets = problem
    taken = {}
    monkeypatch.setattr(learning, "minimize", lambda objective, logs, **_: taken.update(at=objective) or _Found(logs))
    minimise_left_out(kernels, targets, squared_error, (0.3, 0.5), 5)
    logs = np.array([-0.4, 0.7, -1.1])
    by_difference = approx_fprime(logs, lambda at: taken["at"](at)[0], 1e-6)
    np.testing.assert_allclose(taken["at"](logs)[1], by_difference, rtol=1e-4, atol=1e-4)


def test_the_search_ends_where_no_neighbouring_weights_are_better(problem):
    kernels, targets = problem
    found = minimise_left_out(kernels, targets, squared_error, (0.1, 1.5), 200)

    def penalised(weights):
        return np.sum(left_out_residuals(kernels, weights, targets) ** 2) + 1e-4 * np.mean(np.log(weights) ** 2)

    best = penalised(found)
    for position in range(3):
        for factor in (0.8, 1.25):
            moved = found.copy()
            moved[position] *= factor
            if abs(np.log(moved[position])) < 12:
                assert penalised(moved) >= best - 1e-4


def test_what_is_no_kernel_is_refused(problem):
    _, targets = problem
    with pytest.raises(ArithmeticError, match="not positive definite"):
        minimise_left_out([-np.eye(40)], targets, squared_error, (5.0, 0.1), 5)


class _Found:
    def __init__(self, x):
        self.x = x
