"""Who lives in a cluster: PMs and VM types, with the published counts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NODE_CORES = 44
NODE_MEMORY_MIB = 184_388
"""Every published PM has two NUMA nodes of 44 cores and 184,388 MiB."""


@dataclass(frozen=True)
class VmType:
    """A VM type and how many VMs of it there are, by shape."""

    name: str
    cores: int
    """Of the whole VM; a double has half on each node."""
    memory_mib: int
    """Of the whole VM."""
    singles: int
    doubles: int


@dataclass(frozen=True)
class PmType:
    """PMs of one size, of which there are ``count``."""

    count: int
    cores: int
    """Of each of its two nodes."""
    memory_mib: int
    """Of each of its two nodes."""


@dataclass(frozen=True)
class Population:
    """The PMs of a cluster and all VMs that may live on them.

    ``pools`` gives the number of PMs of each of its pools, ``racks`` the number of racks, dealt out evenly;
    ``hosts`` the sizes of the PMs in this order, all of the published size if there are none.
    """

    pools: tuple[int, ...]
    racks: int
    types: tuple[VmType, ...]
    hosts: tuple[PmType, ...] = ()

    @property
    def pms(self) -> int:
        """Number of PMs."""
        return sum(self.pools)

    @property
    def cores(self) -> int:
        """Cores of all PMs."""
        return int(2 * self.node_size[:, 0].sum())

    @cached_property
    def node_size(self) -> NDArray[np.int64]:
        """[P, R], cores and MiB of each node of each PM."""
        hosts = self.hosts or (PmType(self.pms, NODE_CORES, NODE_MEMORY_MIB),)
        return np.array([(each.cores, each.memory_mib) for each in hosts for _ in range(each.count)], dtype=np.int64)

    @cached_property
    def type_names(self) -> tuple[str, ...]:
        """[V], the type of each VM."""
        return tuple(each.name for each in self.types for _ in range(each.singles + each.doubles))

    @cached_property
    def double(self) -> NDArray[np.bool_]:
        """[V], half on each node."""
        return np.concatenate([np.arange(each.singles + each.doubles) >= each.singles for each in self.types])

    @cached_property
    def demand(self) -> NDArray[np.int64]:
        """[V, R], cores and MiB on each node the VM occupies."""
        whole = [(each.cores, each.memory_mib) for each in self.types for _ in range(each.singles + each.doubles)]
        return np.array(whole, dtype=np.int64) // np.where(self.double, 2, 1)[:, None]

    @cached_property
    def whole_cores(self) -> NDArray[np.int64]:
        """[V], cores of the whole VM."""
        return np.asarray(self.demand[:, 0] * np.where(self.double, 2, 1))


MEDIUM = Population(
    pools=(236, 43),
    racks=10,
    types=(
        VmType("ecs.c1.large", 2, 4_096, 337, 0),
        VmType("ecs.c1.xlarge", 4, 8_192, 906, 3),
        VmType("ecs.c1.2xlarge", 8, 16_384, 311, 57),
        VmType("ecs.c1.4xlarge", 16, 32_768, 184, 46),
        VmType("ecs.c1.8xlarge", 32, 65_536, 61, 50),
        VmType("ecs.c1.16xlarge", 64, 131_072, 0, 130),
        VmType("ecs.c1.22xlarge", 88, 180_224, 0, 4),
    ),
)
"""The released Medium population (bytedance/DRL-based-VM-Rescheduling), 2,089 VMs."""

LARGE = Population(
    pools=(352, 824),
    racks=40,
    types=(
        VmType("ecs.g1.large", 2, 8_192, 1030, 0),
        VmType("ecs.g1.xlarge", 4, 16_384, 670, 10),
        VmType("ecs.g1.2xlarge", 8, 32_768, 617, 84),
        VmType("ecs.g1.4xlarge", 16, 65_536, 767, 152),
        VmType("ecs.g1.8xlarge", 32, 131_072, 253, 479),
        VmType("ecs.g1.16xlarge", 64, 262_144, 0, 266),
        VmType("ecs.g1.21xlarge", 84, 350_208, 0, 2),
        VmType("ecs.g1.22xlarge", 88, 360_448, 0, 216),
    ),
)
"""The released Large population (bytedance/DRL-based-VM-Rescheduling), 4,546 VMs."""

MULTI = Population(
    pools=(280,),
    racks=10,
    types=(
        VmType("ecs.c1.xlarge", 4, 8_192, 150, 0),
        VmType("ecs.c1.2xlarge", 8, 16_384, 90, 10),
        VmType("ecs.c1.4xlarge", 16, 32_768, 80, 10),
        VmType("ecs.c1.8xlarge", 32, 65_536, 30, 40),
        VmType("ecs.g1.xlarge", 4, 16_384, 150, 0),
        VmType("ecs.g1.2xlarge", 8, 32_768, 90, 10),
        VmType("ecs.g1.4xlarge", 16, 65_536, 80, 10),
        VmType("ecs.g1.8xlarge", 32, 131_072, 30, 60),
        VmType("ecs.r1.xlarge", 4, 32_768, 150, 0),
        VmType("ecs.r1.2xlarge", 8, 65_536, 90, 10),
        VmType("ecs.r1.4xlarge", 16, 131_072, 80, 10),
        VmType("ecs.r1.8xlarge", 32, 262_144, 0, 20),
    ),
)
"""Our own: the paper gives 280 PMs and at most 1,200 VMs, but neither types nor resources of Multi-Resource."""


def shrink(population: Population, divisor: int) -> Population:
    """Take one of every ``divisor`` PMs and VMs of each type and shape, rounded up."""
    return Population(
        tuple(-(-pms // divisor) for pms in population.pools),
        population.racks,
        tuple(
            VmType(each.name, each.cores, each.memory_mib, -(-each.singles // divisor), -(-each.doubles // divisor))
            for each in population.types
        ),
    )


def vary_memory(population: Population, families: dict[str, tuple[int, int]]) -> Population:
    """Deal the VMs of each type out to families: name to MiB per core and share in per cent (together 100).

    The first family takes what rounding leaves over.
    """
    types = []
    for each in population.types:
        left = [each.singles, each.doubles]
        for name, (mib_per_core, per_cent) in reversed(families.items()):
            last = name == next(iter(families))
            singles, doubles = left if last else [count * per_cent // 100 for count in (each.singles, each.doubles)]
            left = [left[0] - singles, left[1] - doubles]
            own = each.name.replace(".c1.", f".{name}.")
            types.append(VmType(own, each.cores, each.cores * mib_per_core, singles, doubles))
    return Population(population.pools, population.racks, tuple(types))


SCARCE = shrink(MEDIUM, 2)
"""Our own: half of Medium, so that good moves run out within the limit."""

MEMORY = vary_memory(shrink(MEDIUM, 2), {"c1": (2048, 60), "g1": (4096, 25), "r1": (6144, 15)})
"""Our own: half of Medium in three families, so that here memory binds and there cores do."""

MIXED = Population(
    pools=(200,),
    racks=10,
    types=tuple(
        VmType(f"{family}.{cores}", cores, cores * mib_per_core, singles // share, doubles // share)
        for family, mib_per_core, share in (("c", 2048, 1), ("g", 4096, 2), ("r", 8192, 4))
        for cores, singles, doubles in (
            (1, 60, 0), (2, 130, 0), (3, 60, 0), (4, 130, 4), (6, 60, 8), (8, 90, 12), (10, 40, 8), (12, 40, 12),
            (16, 60, 16), (20, 16, 12), (24, 20, 16), (32, 16, 20), (48, 0, 16), (64, 0, 16),
        )
    ),
    hosts=(PmType(100, 44, 184_388), PmType(60, 32, 131_072), PmType(40, 64, 393_216)),
)  # fmt: skip
"""Our own: unequal PMs, and VMs of many sizes in three families of memory."""
