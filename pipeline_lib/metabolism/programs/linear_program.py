"""Linear programs on HiGHS, solved again and again with other columns fixed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Status = Literal["optimal", "infeasible", "failed", "unbounded"]
STATUSES: tuple[Status, ...] = ("optimal", "infeasible", "failed", "unbounded")

TOLERANCE = 1e-9
"""Feasibility and optimality tolerance; HiGHS's own 1e-7 is as large as the flux of a trace cofactor."""
LEAK = 1e-11
"""Greatest departure of a fixed column from its value before a solution is refused."""

_ITERATIONS_A_ROW = 50
_LOWER, _BASIC, _UPPER = range(3)
_BASIS = (
    highspy.HighsBasisStatus.kLower,
    highspy.HighsBasisStatus.kBasic,
    highspy.HighsBasisStatus.kUpper,
)

Settings = Mapping[str, str | int | float]
_DUAL, _PRIMAL = 1, 4
_DEVEX, _CHOOSE = 1, -1
ATTEMPTS: tuple[Settings, ...] = (
    # Devex prices need no start-up solve a row, which would cost more than the few pivots of a warm start.
    {"solver": "simplex", "simplex_strategy": _DUAL, "presolve": "off", "simplex_dual_edge_weight_strategy": _DEVEX},
    {"solver": "simplex", "simplex_strategy": _DUAL, "presolve": "on", "simplex_dual_edge_weight_strategy": _CHOOSE},
    {"solver": "simplex", "simplex_strategy": _PRIMAL, "presolve": "off"},
    {"solver": "ipm", "run_crossover": "on", "presolve": "on"},
)
"""First the warm dual simplex, then cold: dual simplex with presolve, primal simplex, interior point."""


@dataclass(frozen=True)
class LinearProgram:
    """Minimise cost.x subject to matrix x = 0 and lower <= x <= upper; the matrix is float64 csc [m, n]."""

    matrix: sparse.csc_array
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    cost: NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What one run of the solver found.

    Attributes
    ----------
    status
        'optimal', 'infeasible' (proved), 'unbounded' (proved), or 'failed' (the solver gave up, in whatever way).
    objective
        The least cost; NaN unless optimal.
    values
        float64 [n]; NaN unless optimal.
    basis
        int8 [n + m], a code a column and a row; empty unless optimal.
    reduced_costs
        float64 [n]: what one unit more of each column would cost; NaN unless optimal. A feasible point is optimal if
        and only if every column with a reduced cost stands at the bound where it stands in `values`.
    """

    status: Status
    objective: float
    values: NDArray[np.float64]
    basis: NDArray[np.int8]
    reduced_costs: NDArray[np.float64]


Run = Callable[[Settings, NDArray[np.int8] | None], Outcome]


def run_until_settled(run: Run, start: NDArray[np.int8] | None, attempts: Sequence[Settings] = ATTEMPTS) -> Outcome:
    """Run the attempts until one is optimal or unbounded, or two prove infeasibility.

    A warm start that ends infeasible is not believed before a cold one agrees: numerical trouble in an inherited
    basis looks the same. A program that no attempt settles stays 'failed'; it has no value, least of all zero.

    Parameters
    ----------
    run
        Solves once with the given settings, from the given basis or (None) cold.
    start
        Basis for the first attempt.
    attempts
        The solver's settings, in the order in which they are tried.
    """
    proofs: list[Outcome] = []
    outcome = run(attempts[0], start)
    for settings in attempts[1:]:
        if outcome.status in {"optimal", "unbounded"}:
            return outcome
        if outcome.status == "infeasible":
            proofs.append(outcome)
            if len(proofs) == 2:
                return outcome
        outcome = run(settings, None)
    if outcome.status in {"optimal", "unbounded"} or (proofs and outcome.status == "infeasible"):
        return outcome
    return unsettled("failed", len(outcome.values))


def unsettled(status: Literal["infeasible", "failed", "unbounded"], size: int) -> Outcome:
    """Return the outcome of a program of `size` columns without an optimum."""
    unknown = np.full(size, np.nan)
    return Outcome(status, float("nan"), unknown, np.empty(0, dtype=np.int8), unknown)


class WarmSolver:
    """One linear program in HiGHS's memory, solved with different columns fixed.

    Parameters
    ----------
    program
        The program.
    attempts
        The solver's settings, in the order in which they are tried; only the first starts warm.
    """

    def __init__(self, program: LinearProgram, attempts: Sequence[Settings] = ATTEMPTS) -> None:
        self.program = program
        self._attempts = attempts
        self._highs = highspy.Highs()
        options: Settings = {
            "output_flag": False,
            "threads": 1,
            "random_seed": 0,
            "primal_feasibility_tolerance": TOLERANCE,
            "dual_feasibility_tolerance": TOLERANCE,
            "simplex_iteration_limit": _ITERATIONS_A_ROW * sum(program.matrix.shape),
        }
        self._set(options)
        self._highs.passModel(_as_highs(program))
        self._start = b"", highspy.HighsBasis()

    def solve(
        self, fixed: NDArray[np.int32], at: NDArray[np.float64], start: NDArray[np.int8] | None = None
    ) -> Outcome:
        """Solve with the columns `fixed`, int32 [k], at the values `at`, float64 [k], from the basis `start`.

        The outcome depends on the arguments alone, not on what was solved before.
        """
        self._highs.changeColsBounds(len(fixed), fixed, at, at)
        try:
            return run_until_settled(
                lambda settings, basis: self._run(settings, basis, fixed, at), start, self._attempts
            )
        finally:
            lower, upper = self.program.lower[fixed], self.program.upper[fixed]
            self._highs.changeColsBounds(len(fixed), fixed, lower, upper)

    def minimise(self, cost: NDArray[np.float64]) -> None:
        """Minimise another cost, float64 [n], from now on."""
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)

    def _decoded(self, codes: NDArray[np.int8]) -> "highspy.HighsBasis":
        """Return the basis of the codes; knockouts that start from the same one mostly follow each other."""
        content = codes.tobytes()
        if content != self._start[0]:
            self._start = content, _decode_basis(codes, len(self.program.lower))
        return self._start[1]

    def _set(self, settings: Settings) -> None:
        for name, value in settings.items():
            if self._highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
                raise ValueError(f"HiGHS does not know the option {name} = {value!r}")

    def _run(
        self, settings: Settings, start: NDArray[np.int8] | None, fixed: NDArray[np.int32], at: NDArray[np.float64]
    ) -> Outcome:
        self._highs.clearSolver()
        self._set(settings)
        if start is not None and len(start):
            self._highs.setBasis(self._decoded(start))
        size = len(self.program.lower)
        if self._highs.run() == highspy.HighsStatus.kError:
            return unsettled("failed", size)
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return unsettled("infeasible", size)
        if status == highspy.HighsModelStatus.kUnbounded:
            return unsettled("unbounded", size)
        if status != highspy.HighsModelStatus.kOptimal:
            return unsettled("failed", size)
        solution = self._highs.getSolution()
        values = np.array(solution.col_value)
        if len(fixed) and np.abs(values[fixed] - at).max() > LEAK:
            return unsettled("failed", size)
        objective = self._highs.getInfo().objective_function_value
        basis = _encode_basis(self._highs.getBasicVariables()[1], values, self.program)
        return Outcome("optimal", objective, values, basis, np.array(solution.col_dual))


def _as_highs(program: LinearProgram) -> "highspy.HighsLp":
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_ = lp.row_upper_ = np.zeros(lp.num_row_)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data
    return lp


def _encode_basis(basic: NDArray[np.int32], values: NDArray[np.float64], program: LinearProgram) -> NDArray[np.int8]:
    """Return the codes of a basis; in `basic`, row r is written as -(r + 1)."""
    columns = len(values)
    codes = np.full(columns + program.matrix.shape[0], _LOWER, dtype=np.int8)
    codes[:columns][np.abs(values - program.upper) < np.abs(values - program.lower)] = _UPPER
    codes[np.where(basic >= 0, basic, columns - basic - 1)] = _BASIC
    return codes


def _decode_basis(codes: NDArray[np.int8], columns: int) -> "highspy.HighsBasis":
    basis = highspy.HighsBasis()
    statuses = [_BASIS[code] for code in codes.tolist()]
    basis.col_status, basis.row_status = statuses[:columns], statuses[columns:]
    basis.valid = True
    # An alien basis is factorised once to count its columns and once more to start from it; these come from a solver.
    basis.alien = False
    return basis
