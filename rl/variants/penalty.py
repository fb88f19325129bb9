"""No masks: every VM and every place may be chosen, and what is illegal costs."""

from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from data import Migration
from rl import rules
from rl.arrays import Arrays
from rl.env import CAP, GOAL_COLUMNS, Env, Ints
from rl.look import list_hosts, write_vms
from rl.observation import SECTIONS, Observation, Section
from rl.rules import host_class
from rl.sight import Sight

PENALTY = -5.0
"""Reward of an illegal choice, slots: the published figure, though there a slot was rewarded with 1/8."""


class PenaltyEnv(Env):
    """As `rl.env.Env`, but all VMs that may leave are tokens, and all open places except a VM's own are options.

    An illegal choice leaves the state as it was, uses up a step, gains nothing and costs the penalty.
    """

    fine = PENALTY

    def observe(self, rows: Ints | None = None) -> Observation:
        """Return the tokens, those of VMs that can go nowhere among them."""
        rows = np.arange(len(self)) if rows is None else rows
        seen = super().observe(rows)
        buffer = np.empty((int(self.arrays.size[rows, 1].sum()), SECTIONS["vm"]), dtype=np.float32)
        ends = np.empty(len(rows), dtype=np.int64)
        _everyone(self.arrays, self._sight, rows, self.merge, buffer, ends)
        return replace(seen, vm=Section.of(buffer, ends))

    def choose(self, firsts: Ints, u: NDArray[np.float64], rows: Ints | None = None) -> tuple[Ints, Section]:
        """Choose one VM of each token and list where it could be, as `rl.env.Env.choose` does, legal or not."""
        rows = np.arange(len(self)) if rows is None else rows
        vms = firsts.copy()
        for i in np.flatnonzero(firsts >= 0) if self.merge else ():
            like = self._like(int(rows[i]), int(firsts[i]))
            vms[i] = like[int(u[i] * len(like))]
        return vms, self.goals(vms, rows)

    def _like(self, row: int, vm: int) -> Ints:
        """Return the VMs of one token."""
        kinds = self.arrays.kind[row, : self.arrays.size[row, 1]]
        vms = np.flatnonzero(kinds == kinds[vm])
        pms, nodes = np.divmod(self.arrays.seat[row, vms], 2)
        hosts = self.hosts(row, vm, 2 * pms + nodes)
        return np.asarray(vms[hosts == hosts[vms == vm]])

    def goals(self, vms: Ints, rows: Ints) -> Section:
        """List where VMs [n] could be."""
        buffer = np.empty((2 * int(self.arrays.size[rows, 0].sum()), GOAL_COLUMNS), dtype=np.float32)
        ends = np.empty(len(rows), dtype=np.int64)
        _everywhere(self.arrays, self._sight, rows, CAP, vms, buffer, ends)
        return Section.of(buffer, ends)

    def step(
        self, vms: Ints, hosts: Ints, u: NDArray[np.float64], rows: Ints | None = None
    ) -> tuple[NDArray[np.float64], list[Migration | None]]:
        """Try to migrate each chosen VM to a place on its chosen class of hosts; None for stop and where illegal."""
        rows = np.arange(len(self)) if rows is None else rows
        gains = np.zeros(len(rows))
        made: list[Migration | None] = [None] * len(rows)
        for i in np.flatnonzero(vms >= 0).tolist():
            row, vm = int(rows[i]), int(vms[i])
            double = self.arrays.double[row, self.arrays.kind[row, vm]]
            places = rules.places_of(elsewhere(self.arrays, row, vm), self._pair_class[row], double, hosts[i])
            pm, node = divmod(int(places[int(u[i] * len(places))]), 2)
            if rules.legal(self.arrays, row, vm)[pm, node]:
                gains[i] = rules.migrate(self.arrays, row, vm, pm, node)
                made[i] = Migration(vm, pm, node)
            else:
                self.arrays.steps[row] -= 1
        return gains, made

    def able(self, row: int, vms: Ints) -> NDArray[np.bool_]:
        """Tell which VMs [n] have a legal migration."""
        return np.asarray(rules.movable(self.arrays, row)[vms])

    def allowed(self, row: int, vm: int, places: Ints) -> NDArray[np.bool_]:
        """Tell which places [n] are legal for a VM."""
        return np.asarray(rules.legal(self.arrays, row, vm).reshape(-1)[places])


@njit(cache=True, nogil=True)
def elsewhere(a: Arrays, b: int, v: int) -> Any:
    """Tell where else than now VM ``v`` could be if everything were legal: bool [P, 2]; a double uses column 0."""
    mask = np.zeros((a.size[b, 0], 2), np.bool_)
    for p in range(len(mask)):
        mask[p, 0] = a.open[b, p]
        mask[p, 1] = a.open[b, p] and not a.double[b, a.kind[b, v]]
    mask[a.seat[b, v] >> 1, a.seat[b, v] & 1] = False
    return mask


@njit(cache=True, nogil=True)
def _everywhere(a: Arrays, s: Sight, rows: Any, cap: int, vms: Any, goal: Any, ends: Any) -> None:
    """Write where each chosen VM could be, legal or not."""
    at = 0
    for i in range(len(rows)):
        b, v = rows[i], vms[i]
        if v >= 0:
            at = list_hosts(a, s, b, a.kind[b, v], elsewhere(a, b, v), cap, goal, at)
        ends[i] = at


@njit(cache=True, nogil=True)
def _everyone(a: Arrays, s: Sight, rows: Any, merge: bool, vm: Any, ends: Any) -> None:
    """Write one token for all VMs of one kind on hosts of one class, whether or not they can go anywhere."""
    at = 0
    for i in range(len(rows)):
        b = rows[i]
        double, following, facts = a.double[b], a.following[b], s.vm[b]
        node_class, pair_class = s.node_class[b], s.pair_class[b]
        alone = a.open[b].sum() < 2
        token = np.full((2 * a.size[b, 0], a.size[b, 2]), -1, np.int64)
        for each in range(s.vms[b, a.size[b, 0]]):
            one = facts[each]
            k, v = one.kind, one.first
            if alone and double[k]:
                continue
            host = host_class(pair_class[one.pm], one.node, double[k])
            while v >= 0:
                if merge and token[host, k] >= 0:
                    vm[token[host, k], 3] += 1
                else:
                    token[host, k] = at
                    write_vms(double, node_class, pair_class, one, v, 1, vm, at)
                    at += 1
                v = following[v]
        ends[i] = at
