"""The line that puts a score into an assay's units."""

import numpy as np

from pipeline_lib.models.baselines.linear import Lines

SCORE = np.array([0.1, 0.2, 0.4, 0.3, 0.5, 0.9])


def test_each_order_has_its_own_least_squares_line():
    order = np.array([1, 1, 1, 2, 2, 2])
    lines = Lines.fit(order, SCORE, np.where(order == 1, 3 * SCORE, 1 - SCORE))
    np.testing.assert_allclose(lines.predict(order, SCORE), np.where(order == 1, 3 * SCORE, 1 - SCORE))


def test_an_order_that_training_lacks_has_the_line_of_all_and_is_no_constant():
    lines = Lines.fit(np.array([1, 1, 2, 2, 2, 2]), SCORE, 1 + 2 * SCORE)
    np.testing.assert_allclose(lines.predict(np.full(3, 3), np.array([-1.0, 0.0, 0.7])), [-1.0, 1.0, 2.4])


def test_scores_that_are_not_known_or_do_not_differ_leave_the_mean():
    value = np.array([1.0, 2.0, 3.0])
    for score in (np.full(3, np.nan), np.full(3, 0.5)):
        lines = Lines.fit(np.full(3, 2), score, value)
        np.testing.assert_allclose(lines.predict(np.full(2, 2), np.array([0.1, np.nan])), [2.0, 2.0])
