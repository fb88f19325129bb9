"""A linear programme that grows by rows and columns, and integer programmes over it, in plain arrays.

It speaks MathOpt's published protocol messages to the solver that `mathopt.IncrementalSolver` wraps: with a few
thousand columns a round, the object layer above them takes several times as long as the simplex itself.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt import callback_pb2, model_parameters_pb2, model_pb2, model_update_pb2, parameters_pb2, result_pb2
from ortools.math_opt.core.python import solver as core
from pybind11_abseil.status import StatusNotOk

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Engine = Literal["highs", "cp-sat", "scip"]

ENGINES: dict[str, int] = {
    "highs": parameters_pb2.SOLVER_TYPE_HIGHS,
    "cp-sat": parameters_pb2.SOLVER_TYPE_CP_SAT,
    "scip": parameters_pb2.SOLVER_TYPE_GSCIP,
}


@dataclass(frozen=True, eq=False)
class LinearSolution:
    """An optimal basic solution."""

    value: float
    use: Floats
    """[columns]."""
    row_price: Floats
    """[rows], the dual values: what one unit more of the row's bound is worth."""


class Programme:
    """Maximise cost @ x subject to low <= A x <= high and x >= 0, with rows and columns added as needed."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self._upper: list[float] = []
        self._low: list[float] = []
        self.high: list[float] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._solver: core.Solver | None = None
        self._told = (0, 0, 0)  # rows, columns and entry blocks that the solver knows
        self._repriced: set[int] = set()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._low)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.cost)

    def add_row(self, low: float, high: float) -> int:
        """Add an empty row and return its index."""
        self._low.append(low)
        self.high.append(high)
        return self.rows - 1

    def add_columns(self, cost: list[float], upper: list[float], row: Ints, column: Ints, coefficient: Floats) -> None:
        """Add columns; ``column`` holds absolute indices, beginning with the present number of columns.

        ``upper`` bounds the columns in integer programmes, where it must be implied by the rows.
        """
        self.cost.extend(cost)
        self._upper.extend(upper)
        self._entries.append((row, column, coefficient))

    def set_cost(self, column: int, cost: float) -> None:
        """Change the cost of a column."""
        self.cost[column] = cost
        self._repriced.add(column)

    def solve(self, time_limit_s: float) -> LinearSolution | None:
        """Solve the linear programme with GLOP's simplex, warm from the last time; None where it did not finish."""
        self._tell()
        parameters = parameters_pb2.SolveParametersProto(threads=1, presolve=parameters_pb2.EMPHASIS_OFF)
        parameters.time_limit.FromNanoseconds(int(max(time_limit_s, 1e-3) * 1e9))
        result = _run(self._solver, parameters, model_parameters_pb2.ModelSolveParametersProto())
        if result.termination.reason != result_pb2.TERMINATION_REASON_OPTIMAL or not result.solutions:
            return None
        solution = result.solutions[0]
        use = _dense(solution.primal_solution.variable_values, self.columns)
        price = _dense(solution.dual_solution.dual_values, self.rows)
        return LinearSolution(solution.primal_solution.objective_value, use, price)

    def solve_integer(
        self,
        keep: NDArray[np.bool_],
        at_least: Ints,
        engine: Engine,
        *,
        target: float,
        penalty: Floats | None = None,
        time_limit_s: float,
        threads: int,
        seed: int,
    ) -> Ints | None:
        """Solve over the kept columns in integers; stop at the first solution worth ``target``.

        Parameters
        ----------
        keep
            bool [columns]; all others are 0.
        at_least
            int64 [columns], lower bounds.
        penalty
            float64 [columns], taken off the cost of each column; none if not given.

        Returns
        -------
        int64 [columns] or None
            The best solution found, None where there is none.
        """
        if time_limit_s <= 0.0:
            return None
        model, kept = self._restricted(keep, at_least, penalty)
        parameters = parameters_pb2.SolveParametersProto(random_seed=seed)
        parameters.time_limit.FromNanoseconds(int(time_limit_s * 1e9))
        if engine == "highs":  # one thread: HiGHS sets threads for the whole process
            parameters.highs.double_options["objective_target"] = target
        else:
            parameters.threads = threads
        try:
            result = _run(
                core.new(ENGINES[engine], model, parameters_pb2.SolverInitializerProto()),
                parameters,
                model_parameters_pb2.ModelSolveParametersProto(),
            )
        except StatusNotOk:  # an engine's internal error: other attempts follow
            return None
        if not result.solutions:
            return None
        use = np.zeros(self.columns, dtype=np.int64)
        values = _dense(result.solutions[0].primal_solution.variable_values, len(kept))
        use[kept] = np.round(values).astype(np.int64)
        return use if self._feasible(use) else None

    def _feasible(self, use: Ints) -> bool:
        """Check every row in exact integers: what an engine calls feasible may be off by its tolerance."""
        row, column, coefficient = self.matrix()
        total = np.bincount(row, weights=coefficient * use[column], minlength=self.rows)
        return bool((total >= np.array(self._low)).all() and (total <= np.array(self.high)).all() and (use >= 0).all())

    def matrix(self, first_block: int = 0) -> tuple[Ints, Ints, Floats]:
        """Return the entries of all blocks from ``first_block`` on: row, column, coefficient."""
        blocks = self._entries[first_block:]
        if not blocks:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        row, column, coefficient = (np.concatenate(part) for part in zip(*blocks, strict=True))
        return row, column, coefficient

    def _tell(self) -> None:
        """Give the solver what was added since the last time."""
        rows, columns, blocks = self._told
        new_rows, new_columns = np.arange(rows, self.rows), np.arange(columns, self.columns)
        matrix = _sparse(*self.matrix(blocks))
        cost = model_pb2.ObjectiveProto(maximize=True)
        priced = np.append(
            np.array(sorted(each for each in self._repriced if each < columns), dtype=np.int64), new_columns
        )
        _fill(cost.linear_coefficients, priced, [self.cost[each] for each in priced])
        self._repriced.clear()
        variables = _variables(
            new_columns, np.zeros(len(new_columns)), np.full(len(new_columns), np.inf), integers=False
        )
        constraints = model_pb2.LinearConstraintsProto(
            ids=new_rows, lower_bounds=self._low[rows:], upper_bounds=self.high[rows:]
        )
        if self._solver is None:
            model = model_pb2.ModelProto(
                variables=variables, objective=cost, linear_constraints=constraints, linear_constraint_matrix=matrix
            )
            glop = parameters_pb2.SOLVER_TYPE_GLOP
            self._solver = core.new(glop, model, parameters_pb2.SolverInitializerProto())
        else:
            update = model_update_pb2.ModelUpdateProto(
                new_variables=variables, new_linear_constraints=constraints, linear_constraint_matrix_updates=matrix
            )
            update.objective_updates.linear_coefficients.CopyFrom(cost.linear_coefficients)
            if not self._solver.update(update):
                self._solver, self._told = None, (0, 0, 0)
                self._tell()
        self._told = (self.rows, self.columns, len(self._entries))

    def _restricted(
        self, keep: NDArray[np.bool_], at_least: Ints, penalty: Floats | None
    ) -> tuple[model_pb2.ModelProto, Ints]:
        """Build the integer model over the kept columns; return it with their indices."""
        kept = np.flatnonzero(keep)
        row, column, coefficient = self.matrix()
        chosen = keep[column]
        index = np.cumsum(keep) - 1
        used = np.unique(row[chosen])
        model = model_pb2.ModelProto()
        model.objective.maximize = True
        cost = np.array(self.cost) if penalty is None else np.array(self.cost) - penalty
        _fill(model.objective.linear_coefficients, np.arange(len(kept)), cost[kept])
        bounds = at_least[kept].astype(float), np.array(self._upper)[kept]
        model.variables.CopyFrom(_variables(np.arange(len(kept)), *bounds, integers=True))
        model.linear_constraints.CopyFrom(
            model_pb2.LinearConstraintsProto(
                ids=used, lower_bounds=np.array(self._low)[used], upper_bounds=np.array(self.high)[used]
            )
        )
        model.linear_constraint_matrix.CopyFrom(_sparse(row[chosen], index[column[chosen]], coefficient[chosen]))
        return model, kept


def _variables(ids: Ints, low: Floats, high: Floats, *, integers: bool) -> model_pb2.VariablesProto:
    return model_pb2.VariablesProto(ids=ids, lower_bounds=low, upper_bounds=high, integers=np.full(len(ids), integers))


def _sparse(row: Ints, column: Ints, coefficient: Floats) -> "model_pb2.SparseDoubleMatrixProto":
    """Pack matrix entries, each place once, in the order that MathOpt asks for."""
    order = np.lexsort((column, row))
    matrix = model_pb2.ModelProto().linear_constraint_matrix
    matrix.row_ids.extend(row[order].tolist())
    matrix.column_ids.extend(column[order].tolist())
    matrix.coefficients.extend(coefficient[order].tolist())
    return matrix


def _fill(vector: Any, ids: Ints, values: Any) -> None:
    vector.ids.extend(np.asarray(ids).tolist())
    vector.values.extend(np.asarray(values, dtype=float).tolist())


def _dense(vector: Any, length: int) -> Floats:
    """Unpack a sparse vector message."""
    dense = np.zeros(length)
    dense[np.array(vector.ids, dtype=np.int64)] = np.array(vector.values)
    return dense


def _run(
    solver: Any, parameters: parameters_pb2.SolveParametersProto, model: model_parameters_pb2.ModelSolveParametersProto
) -> result_pb2.SolveResultProto:
    result: result_pb2.SolveResultProto = solver.solve(
        parameters, model, None, callback_pb2.CallbackRegistrationProto(), None, None
    )
    return result
