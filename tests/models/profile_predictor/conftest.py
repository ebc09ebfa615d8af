"""Simulated functions of rows (genes) whose kernel is known."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def simulated_functions():
    """Return a function that makes kernels, and functions [rows, functions] of the first of them, with noise."""

    def make(*, rows, kernels, dimensions, functions, noise, seed):
        generator = np.random.default_rng(seed)
        made = []
        for _ in range(kernels):
            vectors = generator.standard_normal((rows, dimensions))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            made.append(vectors @ vectors.T)
        root = np.linalg.cholesky(made[0] + 1e-9 * np.eye(rows))
        signal = root @ generator.standard_normal((rows, functions))
        return made, signal + np.sqrt(noise) * generator.standard_normal((rows, functions))

    return make
