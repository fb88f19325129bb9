"""What the policy sees: tokens of many states, one after another, and how to take some of the states."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

SECTIONS = {"whole": 2, "node": 7, "edge": 5, "pair": 4, "kind": 10, "vm": 10}
"""Columns of each section; `rl.look` writes them, `rl.model` reads them."""


@dataclass(frozen=True)
class Section:
    """Tokens of one sort of S states: ``rows`` [N, columns] float32, state s owns rows ``starts[s]:starts[s + 1]``."""

    rows: Rows
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows, ends: NDArray[np.int64]) -> "Section":
        """Copy the rows that are used out of a buffer."""
        starts = np.concatenate([[0], ends])
        return cls(rows[: starts[-1]].copy(), starts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[S], tokens of each state."""
        return self.starts[1:] - self.starts[:-1]

    def take(self, states: NDArray[np.int64]) -> "Section":
        """Return the tokens of some states, in the order given."""
        lengths = self.lengths[states]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        index = np.repeat(self.starts[states] - starts[:-1], lengths) + np.arange(starts[-1])
        return Section(self.rows[index], starts)

    @staticmethod
    def join(parts: "list[Section]") -> "Section":
        """Put the states of all parts one after another."""
        if len(parts) == 1:
            return parts[0]
        starts = np.concatenate([[0], np.cumsum(np.concatenate([part.lengths for part in parts]))])
        return Section(np.concatenate([part.rows for part in parts]), starts)


@dataclass(frozen=True)
class Observation:
    """All tokens of S states; indices in the columns count within a state.

    ``whole``: migrations left, remainders of all nodes in slots.
    ``node`` (a class of NUMA nodes): how many, outlook (remainder and departures to the next slot), whole slots,
    bucket of the sibling (where the objective couples them), free cores / 64, whether memory may bind, cores that its
    memory feeds / 64.
    ``edge`` (VMs on a node class): node class, kind, number up to the cap, outlook once one left, slots gained then.
    ``pair`` (a class of PMs): its two node classes, how many, how it stands (`rl.outlook.joint`).
    ``kind`` (of VM): bucket and whole slots of its size, double, grouped, cores / 32, MiB per core / the most, how
    many, places with room, those of them where no slot breaks, VMs that can leave and give a slot at once.
    ``vm`` (VMs of a kind on a class of hosts): host (a double: PM class; any other: twice that plus the node), kind,
    double, how many, outlook of the nodes it leaves, slots gained then, first VM, how the PM stands then, node class.
    """

    whole: Section
    node: Section
    edge: Section
    pair: Section
    kind: Section
    vm: Section

    def __len__(self) -> int:
        return len(self.whole.starts) - 1

    def take(self, states: NDArray[np.int64]) -> Self:
        """Return some states, in the order given."""
        return type(self)(*(getattr(self, field.name).take(states) for field in fields(self)))

    @staticmethod
    def join(parts: "list[Observation]") -> "Observation":
        """Put the states of all parts one after another."""
        first = parts[0]
        return type(first)(*(Section.join([getattr(part, field.name) for part in parts]) for field in fields(first)))
