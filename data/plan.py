"""A plan: an ordered list of migrations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Migration(NamedTuple):
    """One VM to another PM, or to the other node of its own PM (a flip); indices into the cluster."""

    vm: int
    pm: int
    node: int
    """0 or 1; 0 for doubles, which occupy both."""


@dataclass(frozen=True)
class Plan:
    """Migrations in the order in which they are carried out."""

    migrations: tuple[Migration, ...] = ()

    @classmethod
    def of(cls, migrations: Iterable[tuple[int, int, int]]) -> "Plan":
        """Build a plan from (vm, pm, node) triples of any integer type."""
        return cls(tuple(Migration(int(vm), int(pm), int(node)) for vm, pm, node in migrations))

    def __len__(self) -> int:
        return len(self.migrations)

    def __iter__(self) -> Iterator[Migration]:
        return iter(self.migrations)

    def prefix(self, length: int) -> "Plan":
        """Return the first ``length`` migrations, themselves a valid plan of a valid one."""
        return Plan(self.migrations[:length])
