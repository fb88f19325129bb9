"""Best-fit: where the scheduler of the paper puts an arriving VM, or that it must refuse it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.cluster import Cluster
from data.objective import Objective
from data.placement import room

SLOTS_OF_16 = Objective().rates[0].slots

TIE = 1e-4
"""What the room left counts for, in slots: it decides among equals only."""


class BestFit:
    """Of all places with room for a VM, the one where the FR falls most when the VM is added.

    The published online rule (Ding et al., EuroSys '25). Wherever the VM goes the same cores stop being free, so the
    FR falls most where the fewest slots break. Among equals, which are many and about which nothing is published, ours
    takes the PM where least is left free (the squared norm over nodes and resources, as in Panigrahy et al.,
    "Heuristics for vector bin packing", 2011), then the lowest PM and node.

    Parameters
    ----------
    cluster
        Its capacities, and which PMs are open; its VMs are not looked at.
    slots
        Values PMs in slots: ``free`` [..., 2, R] to [...]; those of 16 cores if not given.
    """

    def __init__(self, cluster: Cluster, slots: Callable[[NDArray[np.int64]], NDArray[Any]] = SLOTS_OF_16) -> None:
        self._open = cluster.open
        self._scale = np.maximum(cluster.capacity.max(axis=(0, 1), initial=0), 1)
        self._slots = slots

    def place(
        self,
        free: NDArray[np.int64],
        demand: NDArray[np.int64],
        double: bool,
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[int, int] | None:
        """Choose a PM and node (0 for a double) for a VM, or None where it fits nowhere.

        Parameters
        ----------
        free
            int64 [P, 2, R], cores and MiB that are free now.
        demand
            int64 [R], cores and MiB on each node that the VM takes.
        double
            Half on each node of one PM.
        allowed
            bool [P], the PMs that rules leave to the VM; all open ones if not given.
        """
        fits = room(free, demand, double) & (self._open if allowed is None else allowed)[:, None]
        if not fits.any():
            return None
        gains = np.full(fits.shape, -np.inf)
        for node in (0, 1):
            pms = np.flatnonzero(fits[:, node])
            after = free[pms]
            after[:, slice(0, 2) if double else slice(node, node + 1)] -= demand
            left = np.square(after / self._scale).sum(axis=(1, 2))
            gains[pms, node] = self._slots(after) - self._slots(free[pms]) - TIE * left
        pm, node = divmod(int(gains.argmax()), 2)
        return pm, node
