"""What counts as a called interaction."""

from collections.abc import Callable

import numpy as np

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.calls import call_score, called, negative_calls, positive_calls, threshold_of
from pipeline_lib.evaluation.measurements import from_table, named_genes

SETTINGS = EvaluationSettings()


def test_the_published_threshold_of_trigenic_interactions_is_minus_0_08_and_p_0_05() -> None:
    value, p_value = np.array([-0.09, -0.09, -0.07, -0.08, 0.2]), np.array([0.04, 0.06, 0.001, 0.01, 0.001])
    threshold = threshold_of("kuzmin2018", SETTINGS)
    assert negative_calls(value, p_value, threshold).tolist() == [True, False, False, False, False]
    assert positive_calls(value, p_value, threshold).tolist() == [False, False, False, False, True]


def test_an_s_score_of_minus_2_5_is_a_negative_interaction_by_itself() -> None:
    value, unknown = np.array([-2.5, -2.49, 2.5]), np.full(3, np.nan)
    threshold = threshold_of("collins2007", SETTINGS)
    assert negative_calls(value, unknown, threshold).tolist() == [True, False, False]
    assert positive_calls(value, unknown, threshold).tolist() == [False, False, True]


def test_without_a_p_value_the_score_alone_decides() -> None:
    value, p_value = np.array([-0.2, -0.2]), np.array([np.nan, 0.5])
    assert negative_calls(value, p_value, SETTINGS.calls).tolist() == [True, False]


def test_a_released_one_sided_p_of_0_04_is_not_significant(measure: Callable, observe: Callable) -> None:
    data = measure(observe([("A", "B")] * 2, [-0.2, -0.2], p_value=[0.04, 0.02], p_sided=1))
    marks = called(data, "kuzmin2018", "interaction", SETTINGS)
    assert marks is not None
    assert marks.tolist() == [False, True]


def test_a_trigenic_score_is_called_by_the_doubled_p_value_of_its_raw_score(table: Callable, observe: Callable) -> None:
    frame = table(observe([("A", "B", "C")] * 3, [-0.2, -0.2, -0.2], p_sided=1))
    data = from_table(frame.assign(raw_p_value=[0.04, 0.02, np.nan]), named_genes(frame["genes"]), "test")
    assert np.isnan(data.p_value).all()
    marks = called(data, "kuzmin2018", "interaction", SETTINGS)
    assert marks is not None
    assert marks.tolist() == [False, True, True]


def test_a_call_is_its_own_label_and_fitness_has_no_calls(measure: Callable, observe: Callable) -> None:
    data = measure(observe([("A", "B")] * 2, [1.0, 0.0], phenotype="call"))
    marks = called(data, "kuzmin2018_calls", "call", SETTINGS)
    assert marks is not None
    assert marks.tolist() == [True, False]
    assert called(data, "kuzmin2018", "fitness", SETTINGS) is None


def test_a_low_interaction_and_a_high_call_both_score_high() -> None:
    assert call_score(np.array([-0.3, 0.1]), "interaction").tolist() == [0.3, -0.1]
    assert call_score(np.array([0.9, 0.1]), "call").tolist() == [0.9, 0.1]
