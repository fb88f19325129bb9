"""Plans with an aim besides the lowest FR, by a solver in a process of its own, and what is said of them."""

from data import InputError
from harness.process import Worker
from solvers import Deadline, Problem, Solution
from solvers.drain import DrainResult
from solvers.goal import GoalResult


class Remote:
    """The solver of a worker, as a solver: what is built on solvers runs on it as on any other.

    Raises
    ------
    InputError
        From ``solve``, when the worker gives no plan.
    """

    def __init__(self, worker: Worker) -> None:
        self.name = worker.spec.name
        self._worker = worker

    def prepare(self) -> None:
        """Nothing to do: a worker is prepared when it starts."""

    def solve(self, problem: Problem, deadline: Deadline, seed: int = 0) -> Solution:
        """Let the worker solve."""
        answer = self._worker.solve(problem, deadline.remaining_s(), seed)
        if answer.solution is None:
            raise InputError(f"{self._worker.spec} gave no plan: {answer.message}; try a longer --time-limit.")
        return answer.solution


def verdict(result: GoalResult, goal_fr: float, mnl: int) -> str:
    """Say in one sentence whether the goal is met, with how few migrations, and how certain that is."""
    least = result.least_possible
    if result.proven_fewest:
        return f"Goal FR {goal_fr:g}: {_migrations(result.migrations)}; fewer cannot reach it, certified."
    if result.reached:
        text = f"Goal FR {goal_fr:g}: {_migrations(result.migrations)}; whether fewer do is not known"
        return f"{text}, but fewer than {least} do not, certified." if least > 1 else f"{text}."
    if least > mnl:
        return f"Goal FR {goal_fr:g}: not met; no plan of at most {_migrations(mnl)} reaches it, certified."
    return f"Goal FR {goal_fr:g}: not met with at most {_migrations(mnl)}; whether it can be is not known."


def emptied(result: DrainResult, problem: Problem) -> str:
    """Say in one sentence whether the PMs are empty, and if not, whether it is certain that they cannot be."""
    cluster, count = problem.cluster, int(problem.evacuees.sum())
    names = ", ".join(cluster.pm_names[pm] for pm in sorted(problem.rules.drain))
    if result.emptied:
        return f"Emptied: {names}, {count} VM{'' if count == 1 else 's'} moved away."
    staying = len(result.staying)
    text = f"Not emptied: {staying} of the {count} VMs on {names} stay{'s' if staying == 1 else ''}"
    if result.obstacle:
        return f"{text}; no plan within the limits can empty them, certified: {result.obstacle}."
    return f"{text}; whether that can be done is not known."


def _migrations(count: int) -> str:
    return f"{count} migration{'' if count == 1 else 's'}"
