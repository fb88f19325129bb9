"""Many clusters at once: observe them, choose VMs, then where they go."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from data import Migration
from rl import look, rules
from rl.arrays import Arrays, pack, put, stack
from rl.observation import SECTIONS, Observation, Rows, Section
from rl.sight import blind
from solvers import Problem

Ints = NDArray[np.int64]

GOAL_COLUMNS = 8
CAP = 2
"""VMs of one kind on one node are counted up to so many; a slot that needs more of a kind to leave is a poor deal."""


class Env:
    """B rescheduling problems side by side; one step is one migration in each, chosen in two stages.

    First a VM token (all VMs of one kind on hosts that look the same) or stop, then a class of hosts for a VM of it,
    among which the place is chosen. All that `data.Placement` forbids is forbidden here, by the same rules; the
    reward is the slots gained, of any objective.

    Parameters
    ----------
    problems
        One for each of the B places.
    merge
        False: every VM, node and PM is a token of its own. The policy is the same, and slower.
    """

    fine: ClassVar[float] = 0.0
    """Reward of a choice that turns out to be illegal; there is none among the options here."""

    def __init__(self, problems: Sequence[Problem], *, merge: bool = True) -> None:
        self._begin(stack([pack(problem) for problem in problems]), merge)

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Make an environment of packed problems, which it will change."""
        env = cls.__new__(cls)
        env._begin(arrays, merge=True)  # noqa: SLF001 - its own class
        return env

    def _begin(self, arrays: Arrays, merge: bool) -> None:
        self.arrays, self.merge = arrays, merge
        self._expected = np.zeros(len(SECTIONS), dtype=np.int64)
        self._fit()

    @classmethod
    def restored(cls, arrays: tuple[Any, ...]) -> Self:
        """Make an environment of the arrays of another, as a checkpoint holds them."""
        return cls.of(Arrays(*arrays))

    def __len__(self) -> int:
        return len(self.arrays.size)

    def reset(self, index: int, problem: Problem) -> None:
        """Put another problem in place ``index``."""
        self.restore(index, pack(problem))

    def restore(self, index: int, state: Arrays) -> None:
        """Put a packed problem in place ``index``."""
        before = self.arrays
        self.arrays = put(before, index, state)
        self._sight.known[index] = False
        if self.arrays is not before:
            self._fit()

    def _fit(self) -> None:
        """Make the working arrays as large as the batch."""
        self._sight = blind(self.arrays)
        self._pair_class = self._sight.pair_class

    def observe(self, rows: Ints | None = None) -> Observation:
        """Return the tokens of the clusters in places ``rows``, all by default."""
        rows = np.arange(len(self)) if rows is None else rows
        tokens, starts = self._blank(len(rows)), np.zeros((len(rows) + 1, len(SECTIONS)), dtype=np.int64)
        if not look.observe(self.arrays, self._sight, self.merge, CAP, rows, starts, *tokens):
            self._expected = starts[-1] * 9 // 8 // len(rows) + 1
            tokens = self._blank(len(rows))
            look.observe(self.arrays, self._sight, self.merge, CAP, rows, starts, *tokens)
        return Observation(*(Section(each[: starts[-1, i]], starts[:, i].copy()) for i, each in enumerate(tokens)))

    def _blank(self, states: int) -> list[Rows]:
        """Make room for the tokens of so many states, as far as they are no more than expected."""
        counts = self._expected * states
        return [np.empty(shape, dtype=np.float32) for shape in zip(counts.tolist(), SECTIONS.values(), strict=True)]

    def choose(self, firsts: Ints, u: NDArray[np.float64], rows: Ints | None = None) -> tuple[Ints, Section]:
        """Choose one VM of each token and list where it may go.

        Parameters
        ----------
        firsts
            [n], first VM of the chosen token of the last observation; -1: stop.
        u
            [n], random numbers from [0, 1) by which the VM is chosen.

        Returns
        -------
        vms : int64 [n]
        goals : Section
            Columns: class of hosts (of PMs for a double, else twice that plus the node), legal places, outlook of both
            nodes once it is there, slots gained there, first place (twice the PM plus the node), class of the node, and
            for a double how the PM stands then (`rl.outlook.joint`).
        """
        rows = np.arange(len(self)) if rows is None else rows
        vms = np.empty(len(rows), dtype=np.int64)
        look.pick_vms(self.arrays, self._sight, self.merge, rows, firsts, u, vms)
        return vms, self.goals(vms, rows)

    def goals(self, vms: Ints, rows: Ints) -> Section:
        """List where VMs [n] of the clusters in places ``rows`` may go, as `choose` does; -1 for no VM."""
        buffer = np.empty((2 * int(self.arrays.size[rows, 0].sum()), GOAL_COLUMNS), dtype=np.float32)
        ends = np.empty(len(rows), dtype=np.int64)
        look.destinations(self.arrays, self._sight, CAP, rows, vms, buffer, ends)
        return Section.of(buffer, ends)

    def tokens(self, row: int, vms: Ints, seen: Observation, state: int) -> Ints:
        """Return the VM token, in an observation just made, of each VM [n] that has a legal migration."""
        own = seen.vm.rows[seen.vm.starts[state] : seen.vm.starts[state + 1], :2].astype(np.int64)
        kinds, (pms, nodes) = self.arrays.kind[row, vms], np.divmod(self.arrays.seat[row, vms], 2)
        host = rules.host_class(self._pair_class[row, pms], nodes, self.arrays.double[row, kinds])
        wanted = np.column_stack([host, kinds])
        return np.asarray((own[None] == wanted[:, None]).all(axis=2).argmax(axis=1))

    def hosts(self, row: int, vm: int, places: Ints) -> Ints:
        """Return the class of hosts, as `choose` has it, that each place [n] (twice the PM plus the node) is on."""
        pair = self._pair_class[row, places // 2].astype(np.int64)
        return np.asarray(rules.host_class(pair, places % 2, self.arrays.double[row, self.arrays.kind[row, vm]]))

    def step(
        self, vms: Ints, hosts: Ints, u: NDArray[np.float64], rows: Ints | None = None
    ) -> tuple[NDArray[np.float64], list[Migration | None]]:
        """Migrate each chosen VM to its chosen class of hosts; return slots gained and migrations, None for stop."""
        rows = np.arange(len(self)) if rows is None else rows
        made, gains = np.empty((len(rows), 3), dtype=np.int64), np.empty(len(rows))
        rules.advance(self.arrays, self._sight.fit, self._pair_class, rows, vms, hosts, u, made, gains)
        return gains, [Migration(*each) if each[0] >= 0 else None for each in made.tolist()]

    def able(self, row: int, vms: Ints) -> NDArray[np.bool_]:  # noqa: ARG002 - no other is offered here
        """Tell which of the VMs [n] that were offered have a legal migration."""
        return np.ones(len(vms), dtype=np.bool_)

    def allowed(self, row: int, vm: int, places: Ints) -> NDArray[np.bool_]:  # noqa: ARG002 - no other is offered here
        """Tell which of the places [n] that were offered to a VM (twice the PM plus the node) are legal."""
        return np.ones(len(places), dtype=np.bool_)

    @property
    def steps_left(self) -> Ints:
        """[B], migrations left."""
        return self.arrays.steps
