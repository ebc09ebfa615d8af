"""Variance components and shrunken effects: closed forms of balanced designs, and simulated truth."""

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.models.baselines.linear import TwoWayModel
from pipeline_lib.models.crosses.effects import Effects, variance_components


def balanced(generator, rows, columns, spread=(2.0, 1.0, 0.5)):
    row, column, noise = spread
    table = 3.0 + row * generator.standard_normal((rows, 1)) + column * generator.standard_normal(columns)
    return table + noise * generator.standard_normal((rows, columns))


def screen_of(bench, table):
    rows, columns = table.shape
    genes = [[i, rows + j] for i in range(rows) for j in range(columns)]
    query = [f"q{i:02}" for i in range(rows) for _ in range(columns)]
    array = [f"a{j:02}" for _ in range(rows) for j in range(columns)]
    return bench.genotypes(genes, table.ravel(), query=query, array=array)


def anova(table):
    """Noise, row and column variance by the mean squares of a two-way table without replicates."""
    rows, columns = table.shape
    centred = table - table.mean()
    row, column = centred.mean(axis=1), centred.mean(axis=0)
    noise = np.sum((centred - row[:, None] - column) ** 2) / ((rows - 1) * (columns - 1))
    return [
        noise,
        (columns * np.sum(row**2) / (rows - 1) - noise) / columns,
        (rows * np.sum(column**2) / (columns - 1) - noise) / rows,
    ]


def test_moments_are_the_anova_estimates_of_a_balanced_table(generator):
    table = balanced(generator, 12, 9)
    row, column = np.divmod(np.arange(table.size), 9)
    factors = [sparse.csr_array((np.ones(table.size), (np.arange(table.size), position))) for position in (row, column)]
    np.testing.assert_allclose(variance_components(factors, table.ravel()), anova(table), rtol=1e-9)


def test_no_variance_is_negative(generator):
    value = generator.standard_normal(200)
    factors = [sparse.csr_array((np.ones(200), (np.arange(200), generator.integers(0, 20, 200)))) for _ in range(2)]
    assert (variance_components(factors, value) >= 0).all()


def test_one_measurement_a_strain_is_believed(bench):
    """Without a repeat nothing tells noise from effects, and the best guess of a strain is what was measured of it."""
    value = np.array([0.9, 0.5, 1.0, 0.7])
    train = bench.genotypes([[0], [1], [2], [3]], value, array=list("abcd"), phenotype="fitness")
    predicted = bench.fit(TwoWayModel, train).predict(train)
    np.testing.assert_allclose(predicted.value, value, atol=0.01)


def test_effects_solve_the_mixed_model_equations(bench, generator):
    table = balanced(generator, 25, 20)
    effects = bench.fit(TwoWayModel, screen_of(bench, table)).assays["screen", "interaction"].model.effects
    row, column = (table - table.mean()).mean(axis=1), (table - table.mean()).mean(axis=0)
    # In a balanced table each effect is its mean times n v / (n v + s2).
    np.testing.assert_allclose(
        effects.row, row * 20 * effects.row_variance / (20 * effects.row_variance + effects.noise_variance), atol=1e-7
    )
    np.testing.assert_allclose(
        effects.column,
        column * 25 * effects.column_variance / (25 * effects.column_variance + effects.noise_variance),
        atol=1e-7,
    )


def test_simulated_variances_are_recovered(bench, generator):
    effects = (
        bench.fit(TwoWayModel, screen_of(bench, balanced(generator, 30, 29)))
        .assays["screen", "interaction"]
        .model.effects
    )
    assert effects.noise_variance == pytest.approx(0.25, rel=0.15)
    assert effects.row_variance == pytest.approx(4.0, rel=0.6)
    assert effects.column_variance == pytest.approx(1.0, rel=0.6)


def test_a_symmetric_screen_has_one_effect_a_strain(bench, generator):
    effect = generator.standard_normal(50)
    train, validation, test = bench.thirds(bench.emap(effect[:, None] + effect))
    model = bench.fit(TwoWayModel, train, validation)
    assert bench.correlation(model, test) > 0.999


def test_the_spread_grows_where_a_strain_is_unknown(bench, generator):
    train = screen_of(bench, balanced(generator, 30, 29))
    model = bench.fit(TwoWayModel, train)
    new = bench.genotypes([[0, 58], [0, 59], [59, 57]], [0] * 3, query=["q00", "q00", "qx"], array=["a28", "ax", "ay"])
    known, half, neither = model.predict(new).std
    assert known < half < neither
    assert neither == pytest.approx(np.std(train.value), rel=0.25)


def test_the_spread_covers_simulated_measurements(bench, generator):
    train, validation, test = bench.thirds(screen_of(bench, balanced(generator, 30, 29)))
    predicted = bench.fit(TwoWayModel, train, validation).predict(test)
    standardised = (test.value - predicted.value) / predicted.std
    assert np.mean(np.abs(standardised) < 1.96) == pytest.approx(0.95, abs=0.05)


def test_constant_values_are_predicted_without_noise(bench):
    effects = bench.fit(TwoWayModel, bench.emap(np.full((8, 8), 2.5)))
    assert np.allclose(effects.predict(bench.emap(np.zeros((8, 8)))).value, 2.5)
    assert isinstance(effects.assays["screen", "interaction"].model.effects, Effects)
