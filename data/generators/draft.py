"""A cluster in the making: VMs are put on nodes and taken off again."""

import numpy as np
from numpy.typing import NDArray

from data.cluster import CORES, MEMORY, Cluster
from data.generators.draws import Draws, pick
from data.generators.population import Population

NOWHERE = -1


class Draft:
    """Which VMs of a population sit where so far.

    Attributes
    ----------
    cores, memory_mib : int64 [2, P]
        Free on each node; by node first, since every search runs over the PMs.
    pm : int32 [V]
        The PM that holds each VM, or ``NOWHERE``.
    node : int8 [V]
        The node that holds each VM, 0 for doubles.
    """

    def __init__(self, population: Population) -> None:
        self.population = population
        self.cores, self.memory_mib = (np.tile(size, (2, 1)) for size in population.node_size.T)
        vms = len(population.demand)
        self.pm: NDArray[np.int32] = np.full(vms, NOWHERE, dtype=np.int32)
        self.node: NDArray[np.int8] = np.zeros(vms, dtype=np.int8)
        self._demand: list[tuple[int, int]] = [(int(row[CORES]), int(row[MEMORY])) for row in population.demand]
        self._double: list[bool] = population.double.tolist()

    @property
    def placed(self) -> NDArray[np.intp]:
        """The VMs that sit somewhere."""
        return np.flatnonzero(self.pm != NOWHERE)

    def place(self, vm: int, word: int) -> bool:
        """Put a VM on a random PM that fits, node 0 before node 1; tell whether there was one."""
        cores, memory_mib = self._demand[vm]
        first, second = (self.cores >= cores) & (self.memory_mib >= memory_mib)
        (pms,) = (first & second if self._double[vm] else first | second).nonzero()
        if not len(pms):
            return False
        pm = pick(pms, word)
        self.pm[vm] = pm
        self.node[vm] = 0 if first[pm] else 1
        self._occupy(vm, -1)
        return True

    def remove(self, vm: int) -> None:
        """Take a VM off its PM."""
        self._occupy(vm, 1)
        self.pm[vm] = NOWHERE

    def _occupy(self, vm: int, sign: int) -> None:
        cores, memory_mib = self._demand[vm]
        nodes = slice(None) if self._double[vm] else int(self.node[vm])
        self.cores[nodes, self.pm[vm]] += sign * cores
        self.memory_mib[nodes, self.pm[vm]] += sign * memory_mib

    def finish(self, name: str) -> Cluster:
        """Make a cluster of the VMs placed, listed PM by PM, all of them movable and all PMs open."""
        population = self.population
        vms = self.placed[np.argsort(self.pm[self.placed], kind="stable")]
        pms = population.pms
        return Cluster(
            name=name,
            capacity=np.repeat(population.node_size[:, None], 2, axis=1),
            demand=population.demand[vms],
            double=population.double[vms],
            pm=self.pm[vms],
            node=self.node[vms],
            pm_names=tuple(f"pm_{pm}" for pm in range(pms)),
            vm_names=tuple(f"vm_{vm}" for vm in range(len(vms))),
            open=np.ones(pms, dtype=bool),
            movable=np.ones(len(vms), dtype=bool),
            pool=np.repeat(np.arange(len(population.pools), dtype=np.int32), population.pools),
            rack=np.arange(pms, dtype=np.int32) % population.racks,
            pool_names=tuple(f"cluster_{pool}" for pool in range(len(population.pools))),
            rack_names=tuple(f"rack_{rack}" for rack in range(population.racks)),
            vm_type_names=tuple(population.type_names[vm] for vm in vms),
        )


def place_all(draft: Draft, vms: NDArray[np.intp], draws: Draws) -> NDArray[np.intp]:
    """Place VMs in the order given and return those that fit nowhere."""
    words = draws.words(len(vms)).tolist()
    return np.array([vm for vm, word in zip(vms.tolist(), words, strict=True) if not draft.place(vm, word)], np.intp)
