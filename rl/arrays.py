"""The state of a batch of clusters as plain integer arrays, which the compiled kernels read and write."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data import SlotRate
from data.cluster import CORES, MEMORY
from data.rows import distinct_rows
from solvers import Problem

CORES_TERM, DOUBLE_TERM, MEMORY_TERM = 0, 1, 2
ALIGNMENT = 64
"""Bytes of a cache line."""
TERM = {"cores": CORES_TERM, "double": DOUBLE_TERM, "memory": MEMORY_TERM}


class Arrays(NamedTuple):
    """B clusters of at most P PMs, V VMs, K kinds of VM, G groups, J rates; what lies beyond a cluster's own is unused.

    VMs of one *kind* have the same demand and shape and are all in groups or all in none; where VMs must stay in their
    cluster they live in the same one, and where costs are limited they cost the same. Columns of resources: cores,
    then MiB.
    """

    size: NDArray[np.int64]
    """[B, 5], PMs, VMs, kinds, groups and rates of each cluster."""
    steps: NDArray[np.int64]
    """[B], migrations left."""
    free: NDArray[np.int64]
    """[B, P, 2, R], free on each node, cores and MiB."""
    open: NDArray[np.bool_]
    """[B, P]."""
    receives: NDArray[np.bool_]
    """[B, P], open, and not to be emptied."""
    pool: NDArray[np.int32]
    """[B, P], the cluster that VMs may not leave; 0 everywhere where they may."""
    rack: NDArray[np.int32]
    """[B, P]."""
    seat: NDArray[np.int32]
    """[B, V], where each VM is: twice the PM plus the node, which is 0 for doubles."""
    kind: NDArray[np.int32]
    """[B, V], -1 for a VM that may not leave."""
    held: NDArray[np.int32]
    """[B, P, 2, K], VMs that may leave, by kind; a double counts on node 0."""
    first: NDArray[np.int32]
    """[B, P, 2, K], the first of those VMs, -1 for none."""
    following: NDArray[np.int32]
    """[B, V], the next of the same kind on the same node, -1 after the last."""
    movers: NDArray[np.int64]
    """[B, K], how many those are in all."""
    touched: NDArray[np.bool_]
    """[B, P], whether VMs or what they may do have changed there since the last look (`rl.facts`)."""
    demand: NDArray[np.int64]
    """[B, K, R], on each node that is occupied."""
    double: NDArray[np.bool_]
    """[B, K]."""
    grouped: NDArray[np.bool_]
    """[B, K], members of an anti-affinity group."""
    home: NDArray[np.int32]
    """[B, K], the pool of the kind."""
    fee: NDArray[np.int64]
    """[B, K], what a migration costs; 0 where that is not limited."""
    budget: NDArray[np.int64]
    """[B], what further migrations may cost together."""
    inert: NDArray[np.bool_]
    """[B, K], a whole number of slots wherever it sits: moving it changes no remainder."""
    order: NDArray[np.int32]
    """[B, K], the kinds by what their leaving adds to a node's remainder of the first rate, most first."""
    member: NDArray[np.int32]
    """[B, V + 1], where the groups of each VM start in ``groups``."""
    groups: NDArray[np.int32]
    """[B, M], groups of VM 0, then of VM 1, and so on."""
    by_rack: NDArray[np.bool_]
    """[B, G], the group keeps its VMs on different racks, not just on different PMs."""
    taken: NDArray[np.int32]
    """[B, G, D], members of the group on each PM or rack."""
    term: NDArray[np.int64]
    """[B, J, 2], kind (cores, double, memory) and size per node of each rate."""
    worth: NDArray[np.float64]
    """[B, J], slots of the first rate that one of this is worth."""
    ratio: NDArray[np.int64]
    """[B], the most MiB that any kind wants per core, rounded up."""


def pack(problem: Problem) -> Arrays:
    """Write one problem as arrays of a batch of one."""
    cluster = problem.cluster
    stay = problem.rules.stay_in_cluster
    pool = cluster.pool if stay else np.zeros(cluster.pms, dtype=np.int32)
    limit = problem.rules.max_cost
    fee = np.zeros(cluster.vms, dtype=np.int64) if limit is None else cluster.migration_cost
    keys = np.column_stack([cluster.vm_type, cluster.grouped, pool[cluster.pm], fee]).reshape(-1, 4)
    kind = np.full(cluster.vms, -1, dtype=np.int32)
    kinds, kind[cluster.may_leave] = distinct_rows(keys[cluster.may_leave])
    held = np.zeros((cluster.pms, 2, len(kinds)), dtype=np.int32)
    movers = np.flatnonzero(cluster.may_leave)
    cell = np.ravel_multi_index((cluster.pm[movers], cluster.node[movers], kind[movers]), held.shape)
    np.add.at(held.reshape(-1), cell, 1)
    first, following = _chains(cell, held.size, movers, cluster.vms)
    types = cluster.types[kinds[:, 0]]
    terms = problem.score.terms or [SlotRate("cores", 16)]  # where nothing is free, nothing can be gained
    term = np.array([(TERM[rate.kind], rate.size // (1 + (rate.kind == "double"))) for rate in terms])
    column = np.where(term[:, 0] == MEMORY_TERM, MEMORY, CORES)
    demand = types[:, 1:]
    given = demand[:, column] % term[:, 1]
    groups_of = cluster.groups_of
    lists = [sorted(set(groups_of[vm])) if vm in groups_of else [] for vm in range(cluster.vms)]
    taken = np.zeros((len(cluster.groups), max(cluster.pms, len(cluster.rack_names))), dtype=np.int32)
    by_rack = np.array([group.granularity == "rack" for group in cluster.groups], dtype=bool)
    for index, group in enumerate(cluster.groups):
        homes = cluster.pm[sorted(set(group.vms))]
        np.add.at(taken[index], cluster.rack[homes] if by_rack[index] else homes, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(demand[:, CORES] > 0, -(-demand[:, MEMORY] // np.maximum(demand[:, CORES], 1)), 1 << 40)
    one = Arrays(
        size=np.array([cluster.pms, cluster.vms, len(kinds), len(cluster.groups), len(term)], dtype=np.int64),
        steps=np.array(problem.mnl, dtype=np.int64),
        free=cluster.free.copy(),
        open=cluster.open.copy(),
        receives=cluster.receiving(problem.rules),
        pool=pool.astype(np.int32),
        rack=cluster.rack.copy(),
        seat=2 * cluster.pm + cluster.node,
        kind=kind,
        held=held,
        first=first.reshape(held.shape),
        following=following,
        movers=held.sum(axis=(0, 1), dtype=np.int64),
        touched=np.ones(cluster.pms, dtype=bool),
        demand=demand.copy(),
        double=types[:, 0] == 1,
        grouped=kinds[:, 1] == 1,
        home=kinds[:, 2].astype(np.int32),
        fee=kinds[:, 3].astype(np.int64),
        budget=np.array(limit or 0, dtype=np.int64),
        inert=(given == 0).all(axis=1),
        order=np.argsort(-given[:, 0], kind="stable").astype(np.int32),
        member=np.cumsum([0, *map(len, lists)]).astype(np.int32),
        groups=np.array([group for each in lists for group in each], dtype=np.int32),
        by_rack=by_rack,
        taken=taken,
        term=term.astype(np.int64),
        worth=np.array(problem.score.coefficients or [1.0]),
        ratio=np.array(ratio.max(initial=0), dtype=np.int64),
    )
    return Arrays._make(array[None] for array in one)


def _chains(cell: NDArray[Any], cells: int, movers: NDArray[Any], vms: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Chain the movers in each cell: the first of each [cells], and who follows each VM [V]; -1 for none."""
    first, following = np.full(cells, -1, dtype=np.int32), np.full(vms, -1, dtype=np.int32)
    order = np.argsort(cell, kind="stable")
    cell, chain = cell[order], movers[order]
    new = np.diff(cell, prepend=-1) != 0
    first[cell[new]] = chain[new]
    following[chain[:-1][~new[1:]]] = chain[1:][~new[1:]]
    return first, following


def left(problem: Problem, batch: Arrays, index: int) -> Problem:
    """Return what is left of a problem in place ``index``: its VMs where they are now, and the migrations left."""
    vms = problem.cluster.vms
    cluster = replace(
        problem.cluster, pm=batch.seat[index, :vms] >> 1, node=(batch.seat[index, :vms] & 1).astype(np.int8),
        movable=problem.cluster.movable & (batch.kind[index, :vms] >= 0),
    )  # fmt: skip
    return replace(problem, cluster=cluster, mnl=int(batch.steps[index]))


def narrow(one: Arrays, most: int, rng: np.random.Generator) -> Arrays:
    """Close all but ``most`` random open PMs of a packed problem: what is legal then is legal without."""
    (pms,) = np.nonzero(one.open[0])
    if len(pms) <= most:
        return one
    shut = np.ones(one.open.shape[1], dtype=bool)
    shut[rng.permutation(pms)[:most]] = False
    still, held, first = one.kind.copy(), one.held.copy(), one.first.copy()
    still[0, shut[one.seat[0] >> 1]] = -1
    held[0, shut], first[0, shut] = 0, -1
    return one._replace(
        open=one.open & ~shut, receives=one.receives & ~shut, kind=still, held=held, first=first,
        movers=held.sum(axis=(1, 2)),
    )  # fmt: skip


def stack(parts: list[Arrays]) -> Arrays:
    """Put batches one after another, each filled up with zeros to the largest."""
    return Arrays._make(together([_stack(list(fields)) for fields in zip(*parts, strict=True)]))


def together(arrays: Iterable[NDArray[Any]]) -> list[NDArray[Any]]:
    """Move arrays into one block of memory.

    A large one gets large pages. Kernels go through all arrays for every cluster, and to find the pages of so many
    takes them longer than some of their work.
    """
    arrays = list(arrays)
    ends = np.cumsum([-(-each.nbytes // ALIGNMENT) * ALIGNMENT for each in arrays])
    block = np.empty(ends[-1], dtype=np.uint8)
    moved = []
    for start, each in zip([0, *ends.tolist()], arrays, strict=False):
        moved.append(block[start : start + each.nbytes].view(each.dtype).reshape(each.shape))
        moved[-1][:] = each
    return moved


def put(batch: Arrays, index: int, one: Arrays) -> Arrays:
    """Replace cluster ``index``; returns the batch, which is a new one where the old was too small."""
    pairs: list[tuple[NDArray[Any], NDArray[Any]]] = list(zip(batch, one, strict=True))
    if any(_exceeds(new, old) for old, new in pairs):
        rows = [Arrays._make(array[i : i + 1] for array in batch) for i in range(len(batch.size))]
        rows[index] = one
        return stack(rows)
    for old, new in pairs:
        old[index] = 0
        inside: tuple[slice, ...] = tuple(map(slice, new.shape[1:]))
        old[(slice(index, index + 1), *inside)] = new
    return batch


def _exceeds(new: NDArray[Any], old: NDArray[Any]) -> bool:
    return any(mine > theirs for mine, theirs in zip(new.shape[1:], old.shape[1:], strict=True))


def _stack(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    shape = np.max([array.shape[1:] for array in arrays], axis=0) if arrays[0].ndim > 1 else ()
    result = np.zeros((sum(map(len, arrays)), *shape), dtype=arrays[0].dtype)
    start = 0
    for array in arrays:
        inside: tuple[slice, ...] = tuple(map(slice, array.shape[1:]))
        result[(slice(start, start + len(array)), *inside)] = array
        start += len(array)
    return result
