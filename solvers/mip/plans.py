"""From whole patterns to a plan that can be carried out: casting, ordering, and patterns that do have an order.

Patterns that meet the bound may wait for each other in circles. Others are looked for among those that serve in few
waves (`waves`), then in large neighbourhoods of the best plan (Shaw 1998): some PMs are free to do anything, all
others may do what they do in that plan, or nothing; the waves say what is promising, an integer programme chooses.

VMs on PMs that are to be emptied leave in every plan, beside the patterns. Where members of anti-affinity groups leave,
or the VMs together cost more than they may (rounding, see `reduction`), neither quick orders nor neighbourhoods apply:
`order` carries out what the rules allow.
"""

import numpy as np
from numpy.typing import NDArray

from data import Plan
from solvers.deadline import Deadline
from solvers.incumbents import EPSILON, Incumbents
from solvers.mip.decode import Casting
from solvers.mip.master import Master
from solvers.mip.pricing import Evaluation, Floats, Ints
from solvers.mip.programme import Engine
from solvers.mip.rounding import possible
from solvers.mip.sequencing import sequence
from solvers.mip.waves import promising
from solvers.moves import MoveTable
from solvers.order import order
from solvers.two_step import run_two_step

CASTS, FREE_CASTS = 12, 2
"""Random castings of the same patterns, where there are anti-affinity groups and where there are none."""

WAVES, DEEP, DEEPEST = 8, 12, 24
"""Waves on the whole cluster, and in a neighbourhood, where most is settled and the programme is small."""

VARIANTS = 4
"""Choices of patterns tried among the same promising ones."""

WHIM = 0.003
"""Slots a departure, at most, by which a pattern is made dearer at random, so that choices differ."""

FREED = (0.05, 0.3)
"""Share of the PMs in use that a neighbourhood frees: drawn between the two."""

PATIENCE = 40
"""Neighbourhoods in a row that may bring nothing."""

CHOICE_S = 1.0
"""Limit of an integer programme."""

RESERVE_S = 0.2


class PlanSearch:
    """Turns patterns of one master into plans, and offers them to ``best``."""

    def __init__(
        self, master: Master, best: Incumbents, deadline: Deadline, engine: Engine, threads: int, seed: int
    ) -> None:
        self._master = master
        self._problem = master.pricer.reduction.problem
        self._best = best
        self._deadline = deadline
        self._engine = engine
        self._threads = threads
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._cost: Floats = np.array(master.programme.cost)[master.slacks :]
        self._done = np.zeros(len(master.patterns), dtype=np.int64)  # patterns that the best plan carries out in full
        self._done_slots = -np.inf

    def worth(self, use: Ints) -> float:
        """Return the slots that patterns gain."""
        return float(self._cost @ use)

    def carry_out(self, use: Ints, *, hops: bool = True) -> bool:
        """Cast the patterns and order them, again and again until all can be carried out; tell whether they could.

        ``hops`` allows temporary ones where migrations are left; to look for them takes far longer than an order.
        """
        worth = self._master.pricer.initial_slots + self.worth(use)
        grouped, drain = self._problem.cluster.grouped, bool(self._problem.rules.drain)
        for cast in range(CASTS if grouped.any() else FREE_CASTS):
            if cast and self._deadline.expired(RESERVE_S / 2):
                break
            casting = Casting(self._master, use, self._seed + cast)
            leavers = [vm for vms in casting.leavers.values() for vm in vms]
            slots, plain = -np.inf, self._is_plain(leavers)
            if plain:
                plan = sequence(self._problem, casting.leavers, casting.places, self._deadline, self._seed + cast)
                slots = self._offer(plan)
                if slots > self._done_slots:
                    self._done, self._done_slots = self._carried_out(casting, plan), slots
            if slots < worth - 1e-6 and (not plain or (hops and (drain or len(leavers) < self._problem.mnl))):
                plan = order(self._problem, *casting.target(), self._deadline)  # with hops, and an eye on all rules
                slots = self._offer(plan)
                if slots < worth - 1e-6:
                    self._extend(plan)
            if slots >= worth - 1e-6:
                return True
        return False

    def improve(self, best_known: Evaluation, aim: float) -> None:
        """Look for patterns that have an order, until the best plan gains ``aim`` slots or nothing helps any more."""
        keep = possible(self._master, best_known, aim)
        self._choose(keep, best_known, WAVES, aim)
        failures, waves = 0, DEEP
        while self._done.any() and failures < PATIENCE and not self._over(aim):
            before = self._gained
            if not self._choose(self._neighbourhood(keep), best_known, waves, aim):
                waves = min(waves + 1, DEEPEST)  # the best plan itself may need more
            failures = 0 if self._gained > before + EPSILON else failures + 1

    def _is_plain(self, leavers: list[int]) -> bool:
        """Tell whether all may leave, whatever the order and the places: `sequence` knows no groups and no costs."""
        cluster, most = self._problem.cluster, self._problem.rules.max_cost
        affordable = most is None or cluster.migration_cost[leavers].sum() <= most
        return bool(affordable and not cluster.grouped[leavers].any())

    def _choose(self, keep: NDArray[np.bool_], best_known: Evaluation, waves: int, aim: float) -> bool:
        """Try some choices among the patterns that are promising in so many waves; False where none can be better."""
        if self._over(aim):
            return False
        found = promising(self._master, keep, best_known.prices, waves, self._deadline.remaining_s(RESERVE_S))
        if found is None or found[1] < self._gained + float(self._master.pricer.reduction.worth.step) - 1e-6:
            return False
        programme, slacks = self._master.programme, self._master.slacks
        emptying = self._master.pricer.reduction.supply.any()  # whole numbers of promising patterns may not take all in
        used = np.append(np.zeros(slacks, dtype=bool), found[0] | ((self._done > 0) & emptying))
        departures = np.array([pattern.leaving.sum() for pattern in self._master.patterns])
        for _ in range(VARIANTS):
            if self._over(aim):
                break
            whim = WHIM * self._rng.random(len(departures)) * departures
            use = programme.solve_integer(
                used, np.zeros(programme.columns, dtype=np.int64), self._engine, target=np.inf,
                penalty=np.append(np.zeros(slacks), whim),
                time_limit_s=min(CHOICE_S, self._deadline.remaining_s(RESERVE_S)),
                threads=self._threads, seed=self._seed,
            )  # fmt: skip
            if (
                use is None
                or self.worth(use[slacks:]) <= self._gained + EPSILON
                or self.carry_out(use[slacks:], hops=False)
            ):
                break
        return True

    def _neighbourhood(self, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Free what was not carried out in full, and some PMs at random; hold the others to their part."""
        held = np.flatnonzero(self._done)
        held = held[self._rng.random(len(held)) > self._rng.uniform(*FREED)]
        chosen: NDArray[np.bool_] = keep & ~self._master.crowded_out(held, self._done)
        chosen[held] = True
        return chosen

    @property
    def _gained(self) -> float:
        """Slots that the best plan gains; nothing counts as long as it leaves VMs on PMs that are to be emptied."""
        return -np.inf if self._best.staying else self._best.slots - self._master.pricer.initial_slots

    def _over(self, aim: float) -> bool:
        return self._gained >= aim - EPSILON or self._deadline.expired(RESERVE_S)

    def _offer(self, plan: Plan) -> float:
        """Return what the plan ends with, which is nothing where it leaves VMs on PMs that are to be emptied."""
        slots = self._problem.score.slots(self._problem.placement().apply_plan(plan).free)
        self._best.offer(plan, slots)
        return -np.inf if self._problem.staying(plan) else slots

    def _extend(self, plan: Plan) -> None:
        """Go on by the two-step rule."""
        table = MoveTable(self._problem, self._problem.placement().apply_plan(plan))
        run_two_step(table, self._problem.mnl, self._deadline, self._best, plan.migrations)

    def _carried_out(self, casting: Casting, plan: Plan) -> Ints:
        """Count how often each pattern was carried out in full: int64 [patterns]."""
        moved = {migration.vm for migration in plan}
        done = np.zeros(len(self._master.patterns), dtype=np.int64)
        for index, vms in casting.parts:
            done[index] += bool(vms) and moved.issuperset(vms)
        return done
