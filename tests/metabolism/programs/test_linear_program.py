"""A program that the solver gives up on is tried again, and never passes for a dead cell."""

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.metabolism.programs.linear_program import (
    ATTEMPTS,
    LinearProgram,
    Outcome,
    Settings,
    Status,
    WarmSolver,
    run_until_settled,
    unsettled,
)

NO_BASIS = np.empty(0, dtype=np.int8)


class FakeSolver:
    """Ends its runs with the statuses it was given, and notes with what it was started."""

    def __init__(self, *statuses: Status) -> None:
        self.statuses = iter(statuses)
        self.starts: list[bool] = []
        self.settings: list[Settings] = []

    def __call__(self, settings: Settings, start: np.ndarray | None) -> Outcome:
        self.settings.append(settings)
        self.starts.append(start is not None)
        status = next(self.statuses)
        if status == "optimal":
            return Outcome(status, 1.0, np.ones(3), NO_BASIS, np.zeros(3))
        return unsettled(status, 3)


def test_an_optimum_is_taken_at_once() -> None:
    solver = FakeSolver("optimal")
    assert run_until_settled(solver, NO_BASIS).status == "optimal"
    assert solver.starts == [True]


def test_a_failed_program_is_tried_cold_with_every_other_setting_and_then_reported() -> None:
    solver = FakeSolver(*["failed"] * len(ATTEMPTS))
    outcome = run_until_settled(solver, NO_BASIS)
    assert outcome.status == "failed"
    assert np.isnan(outcome.objective)
    assert solver.starts == [True, False, False, False]
    assert solver.settings == list(ATTEMPTS)
    assert {settings["solver"] for settings in ATTEMPTS} == {"simplex", "ipm"}


def test_a_later_attempt_can_rescue_a_program() -> None:
    assert run_until_settled(FakeSolver("failed", "failed", "optimal"), NO_BASIS).objective == 1.0


def test_infeasibility_is_believed_when_two_attempts_agree() -> None:
    assert run_until_settled(FakeSolver("infeasible", "infeasible"), NO_BASIS).status == "infeasible"
    assert run_until_settled(FakeSolver("infeasible", "failed", "infeasible"), NO_BASIS).status == "infeasible"
    assert run_until_settled(FakeSolver("infeasible", "optimal"), NO_BASIS).status == "optimal"


def test_infeasibility_that_no_other_attempt_confirms_is_a_failure() -> None:
    assert run_until_settled(FakeSolver("infeasible", "failed", "failed", "failed"), NO_BASIS).status == "failed"


def small_program() -> LinearProgram:
    """Maximise z of x + y = z with x <= 2, y <= 3."""
    matrix = sparse.csc_array(np.array([[1.0, 1.0, -1.0]]))
    return LinearProgram(matrix, np.zeros(3), np.array([2.0, 3.0, 10.0]), np.array([0.0, 0.0, -1.0]))


def test_fixed_columns_are_released_afterwards() -> None:
    solver = WarmSolver(small_program())
    assert solver.solve(np.array([0], dtype=np.int32), np.zeros(1)).objective == pytest.approx(-3)
    assert solver.solve(np.array([1], dtype=np.int32), np.ones(1)).objective == pytest.approx(-3)
    assert solver.solve(np.empty(0, dtype=np.int32), np.empty(0)).objective == pytest.approx(-5)


def test_an_outcome_does_not_depend_on_what_was_solved_before() -> None:
    random = np.random.default_rng(0)
    matrix = sparse.csc_array(np.round(random.normal(0, 1, (30, 90)) * (random.random((30, 90)) < 0.2), 2))
    program = LinearProgram(matrix, -np.ones(90), np.ones(90), random.normal(0, 1, 90))
    solver, fresh = WarmSolver(program), WarmSolver(program)
    start = solver.solve(np.empty(0, dtype=np.int32), np.empty(0)).basis
    shut = [np.sort(random.choice(90, 4, replace=False)).astype(np.int32) for _ in range(20)]
    forward = [solver.solve(columns, np.zeros(4), start) for columns in shut]
    backward = [fresh.solve(columns, np.zeros(4), start) for columns in reversed(shut)][::-1]
    for one, other in zip(forward, backward, strict=True):
        assert one.objective == other.objective
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.basis, other.basis)


def test_contradictory_bounds_are_infeasible_not_failed() -> None:
    program = small_program()
    demand = LinearProgram(program.matrix, np.array([0.0, 0.0, 4.0]), program.upper, program.cost)
    assert WarmSolver(demand).solve(np.array([1], dtype=np.int32), np.zeros(1)).status == "infeasible"


def test_an_iteration_limit_ends_as_failed_not_as_zero() -> None:
    solver = WarmSolver(small_program(), attempts=[{"simplex_iteration_limit": 0, "presolve": "off"}] * 2)
    outcome = solver.solve(np.empty(0, dtype=np.int32), np.empty(0))
    assert outcome.status == "failed"
    assert np.isnan(outcome.objective)
