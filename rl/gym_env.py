"""The public face: ``gymnasium.make("vmr/Medium-v0")``, one environment or a vector of them, over `rl.env.Env`."""

from collections.abc import Callable
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from data import Objective
from data.generators import PRESETS, generate
from rl import rules
from rl.env import Env
from rl.variants.penalty import PENALTY
from solvers import Problem

Observation = dict[str, NDArray[np.float32]]
Illegal = Literal["ignore", "penalty"]

PM_FEATURES, VM_FEATURES = 7, 8
COUNT = 1_000_000
"""Train clusters to draw from."""


class VmrVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """Problems on clusters of one preset, side by side.

    An action is a pair: the VM (the number of VMs in the population stands for stop), then twice the PM plus the
    node. The reward is the slots gained. An episode ends at stop, or when the migration limit is used up; the next
    step then begins another (``AutoresetMode.NEXT_STEP``).

    Observations, float32, padded with zeros to the preset's population:
    ``pm`` [P, 7]: free cores / 64 of both nodes, free GiB / 256 of both, remainder / slot of both, open;
    ``vm`` [V, 8]: cores / 64 and GiB / 256 on each node it occupies, remainder / slot, double, node, PM / P, may
    leave, present; ``steps`` [1]: share of the limit that is left.

    ``info["vm_mask"]`` [V + 1]: VMs that have a legal migration, and stop; `destination_mask` gives the places of one.
    With ``mask="full"`` also ``info["action_mask"]`` [V + 1, 2 P]: all legal pairs (stop: any place).

    Parameters
    ----------
    num_envs
        How many problems.
    preset, split
        Which clusters (`data.generators`); each episode has one at random.
    mnl
        Migration limit.
    illegal
        An illegal action leaves the state as it was and uses up a step: with reward 0, or -5 (``penalty``).
    mask
        ``vm`` or ``full``.
    objective
        As ``data.Objective.parse`` reads it.
    goal
        An episode also ends once FR is at most this; 0 to 1.
    draw, size
        Problems of your own instead of a preset, by number, and the most PMs and VMs that they have.
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}  # noqa: RUF012 - Gymnasium's contract

    def __init__(
        self, num_envs: int = 1, preset: str = "medium", split: Literal["train", "dev", "test"] = "train",
        mnl: int = 50, illegal: Illegal = "ignore", mask: Literal["vm", "full"] = "vm", objective: str = "cores16",
        goal: float | None = None, draw: Callable[[int], Problem] | None = None, size: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        self.num_envs = num_envs
        self.mnl, self.illegal, self.mask, self.goal = mnl, illegal, mask, goal
        self.objective = Objective.parse(objective)
        self._make = draw or (lambda index: Problem(generate(preset, split, index), mnl, self.objective))
        population = PRESETS[preset].population
        self.pms, self.vms = size or (population.pms, len(population.demand))
        free: dict[str, tuple[int, ...]] = {"pm": (self.pms, PM_FEATURES), "vm": (self.vms, VM_FEATURES), "steps": (1,)}
        self.single_observation_space = spaces.Dict(
            {key: spaces.Box(0.0, np.inf, shape, np.float32) for key, shape in free.items()}
        )
        self.single_action_space = spaces.MultiDiscrete([self.vms + 1, 2 * self.pms])
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)
        self._env: Env | None = None
        self._ended = np.zeros(num_envs, dtype=bool)
        self._problems: list[Problem] = []

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin anew everywhere; ``options={"index": i}`` takes cluster i of the split, i + 1 in the next place, ..."""
        super().reset(seed=seed[0] if isinstance(seed, list) else seed)
        first = None if options is None else options.get("index")
        self._problems = [self._draw(None if first is None else first + place) for place in range(self.num_envs)]
        self._env = Env(self._problems)
        self._ended[:] = False
        return self._observe(), self._info()

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Carry out one action in each place; a place whose episode has ended begins another instead."""
        assert self._env is not None, "call reset first"
        rewards = np.zeros(self.num_envs)
        begun = self._ended.copy()
        for place, (vm, where) in enumerate(np.asarray(actions).reshape(self.num_envs, 2).tolist()):
            if begun[place]:
                self._problems[place] = self._draw()
                self._env.reset(place, self._problems[place])
                self._ended[place] = False
            elif vm == self.vms:
                self._ended[place] = True
            else:
                rewards[place] = self._migrate(self._env, place, vm, *divmod(where, 2))
                self._ended[place] = self._env.steps_left[place] <= 0 or self._at_goal(place)
        return self._observe(), rewards, self._ended.copy(), np.zeros(self.num_envs, dtype=bool), self._info()

    def destination_mask(self, vm: int, place: int = 0) -> NDArray[np.bool_]:
        """Tell where a VM may migrate to now: bool [2 P], twice the PM plus the node."""
        assert self._env is not None, "call reset first"
        mask = np.zeros((self.pms, 2), dtype=bool)
        if vm < self._env.arrays.size[place, 1]:
            found = rules.legal(self._env.arrays, place, vm)
            mask[: len(found)] = found
        return mask.reshape(-1)

    def _draw(self, index: int | None = None) -> Problem:
        index = int(self.np_random.integers(COUNT)) if index is None else index
        return self._make(index)

    def _migrate(self, env: Env, place: int, vm: int, pm: int, node: int) -> float:
        """Carry a migration out where it is legal; else use up a step."""
        if self.destination_mask(vm, place)[2 * pm + node]:
            return float(rules.migrate(env.arrays, place, vm, pm, node))
        env.arrays.steps[place] -= 1
        return PENALTY if self.illegal == "penalty" else 0.0

    def _at_goal(self, place: int) -> bool:
        return self.goal is not None and self._rate(place) <= self.goal

    def _rate(self, place: int) -> float:
        assert self._env is not None
        problem = self._problems[place]
        return problem.score.rate(self._env.arrays.free[place, : problem.cluster.pms])

    def _observe(self) -> Observation:
        assert self._env is not None
        a, count = self._env.arrays, self.num_envs
        slot = self.objective.rates[0].size
        pms, vms = a.free.shape[1], a.seat.shape[1]
        pm = np.zeros((count, self.pms, PM_FEATURES), dtype=np.float32)
        pm[:, :pms, 0:2] = a.free[..., 0] / 64
        pm[:, :pms, 2:4] = a.free[..., 1] / 2**18
        pm[:, :pms, 4:6] = a.free[..., 0] % slot / slot
        pm[:, :pms, 6] = a.open
        vm = np.zeros((count, self.vms, VM_FEATURES), dtype=np.float32)
        for place, problem in enumerate(self._problems):
            own = slice(problem.cluster.vms)
            demand = problem.cluster.demand
            vm[place, own, 0] = demand[:, 0] / 64
            vm[place, own, 1] = demand[:, 1] / 2**18
            vm[place, own, 2] = demand[:, 0] % slot / slot
            vm[place, own, 3] = problem.cluster.double
            vm[place, own, 6] = problem.cluster.may_leave
            vm[place, own, 7] = 1
        vm[:, :vms, 4] = a.seat & 1
        vm[:, :vms, 5] = (a.seat >> 1) / self.pms
        steps = (a.steps[:, None] / max(1, self.mnl)).astype(np.float32)
        return {"pm": pm, "vm": vm, "steps": steps}

    def _info(self) -> dict[str, Any]:
        assert self._env is not None
        arrays = self._env.arrays
        vm_mask = np.zeros((self.num_envs, self.vms + 1), dtype=bool)
        vm_mask[:, self.vms] = True
        for place in range(self.num_envs):
            able = rules.movable(arrays, place)
            vm_mask[place, : len(able)] = able
        info: dict[str, Any] = {"vm_mask": vm_mask, "fr": np.array([self._rate(i) for i in range(self.num_envs)])}
        if self.mask == "full":
            full = np.ones((self.num_envs, self.vms + 1, 2 * self.pms), dtype=bool)
            for place in range(self.num_envs):
                for vm in range(self.vms):
                    full[place, vm] = self.destination_mask(vm, place) if vm_mask[place, vm] else False
            info["action_mask"] = full
        return info


class VmrEnv(gymnasium.Env[Observation, NDArray[np.int64]]):
    """One problem: `VmrVectorEnv` with one place, and its parameters."""

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's contract

    def __init__(self, **options: Any) -> None:
        self._vector = VmrVectorEnv(1, **options)
        self.observation_space = self._vector.single_observation_space
        self.action_space = self._vector.single_action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin with another cluster; ``options={"index": i}`` chooses it."""
        super().reset(seed=seed)
        seen, info = self._vector.reset(seed=seed, options=options)
        return _first(seen), _first(info)

    def step(self, action: NDArray[np.int64]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry out one action."""
        seen, rewards, ended, cut, info = self._vector.step(np.asarray(action)[None])
        return _first(seen), float(rewards[0]), bool(ended[0]), bool(cut[0]), _first(info)

    def destination_mask(self, vm: int) -> NDArray[np.bool_]:
        """Tell where a VM may migrate to now: bool [2 P]."""
        return self._vector.destination_mask(vm)


class FlatActions(gymnasium.Wrapper[Any, Any, Any, Any]):
    """All pairs of VM and place as one number, the last one stop: what MaskablePPO of sb3-contrib takes.

    Needs ``mask="full"``; fit for small clusters, since there are as many actions as pairs.
    """

    def __init__(self, env: gymnasium.Env[Observation, NDArray[np.int64]]) -> None:
        super().__init__(env)
        assert isinstance(env.action_space, spaces.MultiDiscrete)
        self._stop, self._places = int(env.action_space.nvec[0]) - 1, int(env.action_space.nvec[1])
        self.action_space = spaces.Discrete(self._stop * self._places + 1)
        self._mask = np.ones(1, dtype=bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin anew."""
        seen, info = self.env.reset(seed=seed, options=options)
        return seen, self._note(info)

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry out one action."""
        seen, reward, ended, cut, info = self.env.step(np.array(divmod(int(action), self._places)))
        return seen, float(reward), ended, cut, self._note(info)

    def action_masks(self) -> NDArray[np.bool_]:
        """Tell which actions are legal now: bool [actions]."""
        return self._mask

    def _note(self, info: dict[str, Any]) -> dict[str, Any]:
        self._mask = np.append(info["action_mask"][:-1].reshape(-1), True)
        return info


def _first(batch: dict[str, Any]) -> dict[str, Any]:
    return {key: values[0] for key, values in batch.items()}


def register_all() -> None:
    """Register ``vmr/Medium-v0`` and its likes, one for each preset."""
    for preset in PRESETS:
        name = f"vmr/{preset.capitalize()}-v0"
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="rl.gym_env:VmrEnv",
                vector_entry_point="rl.gym_env:VmrVectorEnv",
                kwargs={"preset": preset},
            )


register_all()
