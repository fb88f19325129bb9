"""Numbers that are equal where states are the same but for names.

VMs of one kind on nodes in the same state are interchangeable, and so are PMs, and nodes of a PM, that are alike and
hold alike VMs. Random numbers of 64 bits stand for what is alike, and sums, in which order does not count, for what
holds several of them (Zobrist, "A new hashing method with application for game playing", 1970).
"""

import numpy as np
from numpy.typing import NDArray

from data import Placement
from data.rows import distinct_rows
from solvers.contract import Problem

Keys = NDArray[np.uint64]


class Canonical:
    """Keys of VMs, PMs and states of one problem.

    What rules tell apart is never alike: members of anti-affinity groups, PMs of other clusters where VMs must stay in
    theirs, and PMs of other racks where there are rack groups.
    """

    def __init__(self, problem: Problem) -> None:
        cluster = problem.cluster
        rng = np.random.default_rng(0)
        single = np.where(cluster.grouped, np.arange(cluster.vms) + 1, 0)
        kind = np.column_stack([cluster.vm_type, cluster.may_leave, single]).astype(np.int64)
        racks = any(group.granularity == "rack" for group in cluster.groups)
        place = np.column_stack([
            cluster.open,
            cluster.pool * problem.rules.stay_in_cluster,
            cluster.rack * racks,
        ]).astype(np.int64)  # fmt: skip
        self.vm = _draw(rng, kind)
        self._other_half = _draw(rng, kind)
        self._pm = _draw(rng, place)
        self._node = _draw(rng, cluster.capacity.reshape(-1, cluster.capacity.shape[2])).reshape(-1, 2)
        self._double = cluster.double

    def keys(self, placement: Placement) -> tuple[Keys, Keys]:
        """Return the keys of all PMs [P] and nodes [P, 2] as they are now."""
        node = self._node.copy()
        np.add.at(node, (placement.pm, placement.node), self.vm)
        np.add.at(node[:, 1], placement.pm[self._double], self._other_half[self._double])
        node = _mix(node)
        return _mix(self._pm + node.sum(axis=1)), node


def _draw(rng: np.random.Generator, rows: NDArray[np.int64]) -> Keys:
    """Give each distinct row a random number: uint64 [n]."""
    distinct, index = distinct_rows(rows)
    return rng.integers(1 << 64, size=len(distinct), dtype=np.uint64)[index]


def _mix(keys: Keys) -> Keys:
    """Scatter keys, so that sums of scattered ones meet by chance alone (the finaliser of Steele's SplitMix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(keys ^ (keys >> np.uint64(31)))
