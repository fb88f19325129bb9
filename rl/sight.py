"""What is known of a batch of clusters: what each node looks like, and which nodes, PMs and VMs look the same.

A migration changes two PMs at most. What is known of all others since the last look stays as it is (`rl.facts`); what
looks the same is sorted out anew (`rl.classes`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rl.arrays import Arrays, together
from rl.observation import SECTIONS

NODE_FACTS = SECTIONS["node"] - 1
"""Columns of the token of a node but for the first, how many there are."""
KIND_FACTS = SECTIONS["kind"] - 4
"""Columns of the token of a kind that never change; the last are how many, and in how many places."""
VM = np.dtype([
    ("pm", np.int32), ("first", np.int32), ("many", np.uint16), ("kind", np.uint16), ("node", np.uint8),
    ("joint", np.uint8), ("after", np.uint8, 2), ("gain", np.float32), ("alone", np.float32, 2),
])  # fmt: skip
"""What is known of the VMs of one kind on a node: the first, and how many they are; how the PM (`rl.outlook.joint`) and
its nodes stand once one has left, the slots gained then, and those gained on either node alone, unless the objective
couples them. It is small and lies together, since to fetch it takes longer than to read it."""


class Sight(NamedTuple):
    """What is known of B clusters of at most P PMs, V VMs and K kinds, as of the last look at each."""

    known: NDArray[np.bool_]
    """[B], False: nothing, or only of a problem that is gone."""
    fit: NDArray[np.bool_]
    """[B, K, P, 2], where a kind has room, groups and costs left out; a double needs both nodes and uses column 0."""
    places: NDArray[np.int64]
    """[B, K], in how many places."""
    safe: NDArray[np.bool_]
    """[B, K, P, 2], where no slot breaks either."""
    harmless: NDArray[np.int64]
    """[B, K], in how many places."""
    looks: NDArray[np.uint64]
    """[B, P, 2], hash of what a node looks like."""
    node: NDArray[np.float32]
    """[B, P, 2, columns], its token but for the number of nodes."""
    some: NDArray[np.uint8]
    """[B, P, 2, K], VMs of each kind on it, up to the cap, where their leaving changes a remainder."""
    edges: NDArray[np.int32]
    """[B, P, 2], how many kinds those are."""
    sums: NDArray[np.int32]
    """[B, P, 2, 5], what the departure of its 1, 2, 3, 4 largest remainders gives, and of all (`rl.outlook.sum_up`)."""
    stands: NDArray[np.uint8]
    """[B, P], how the PM stands (`rl.outlook.joint`)."""
    vm: NDArray[np.void]
    """[B, V] of `VM`: those that may leave, PM by PM; a double is on node 0."""
    vms: NDArray[np.int32]
    """[B, P + 1], where in ``vm`` those of each PM begin, and where all end."""
    kind: NDArray[np.float32]
    """[B, K, columns], the token of a kind but for the last columns."""
    node_class: NDArray[np.int32]
    """[B, P, 2], -1 on PMs that are closed."""
    pair_class: NDArray[np.int32]
    """[B, P], the class of the PM: that of its two nodes."""


def blind(a: Arrays) -> Sight:
    """Make room for what can be known of a batch; nothing is yet."""
    (b, p), v, k = a.open.shape, a.seat.shape[1], a.demand.shape[1]
    fields = Sight(
        known=np.zeros(b, dtype=np.bool_),
        fit=np.zeros((b, k, p, 2), dtype=np.bool_),
        places=np.empty((b, k), dtype=np.int64),
        safe=np.zeros((b, k, p, 2), dtype=np.bool_),
        harmless=np.empty((b, k), dtype=np.int64),
        looks=np.empty((b, p, 2), dtype=np.uint64),
        node=np.empty((b, p, 2, NODE_FACTS), dtype=np.float32),
        edges=np.empty((b, p, 2), dtype=np.int32),
        some=np.empty((b, p, 2, k), dtype=np.uint8),
        sums=np.empty((b, p, 2, 5), dtype=np.int32),
        stands=np.empty((b, p), dtype=np.uint8),
        vm=np.empty((b, v), dtype=VM),
        vms=np.empty((b, p + 1), dtype=np.int32),
        kind=np.empty((b, k, KIND_FACTS), dtype=np.float32),
        node_class=np.full((b, p, 2), -1, dtype=np.int32),
        pair_class=np.full((b, p), -1, dtype=np.int32),
    )
    return Sight._make(together(fields))
