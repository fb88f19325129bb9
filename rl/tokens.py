"""Observations as tensors: rows of all states one after another, and where each belongs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from torch import Tensor

from rl.observation import Observation, Section


@dataclass(frozen=True)
class Tokens:
    """Tokens of one sort of S states, flat.

    Attributes
    ----------
    rows : float32 [N, columns]
    state : int64 [N]
        The state of each token.
    at : int64 [N]
        Its position in the padded form, counted through all states; None where the flat form needs no padding.
    starts : int64 [S]
        Where the tokens of each state start.
    shape
        S and the most tokens of a state: the shape of the padded form.
    """

    rows: Tensor
    state: Tensor
    at: Tensor | None
    starts: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, section: Section, device: torch.device) -> "Tokens":
        """Move a section to the device."""
        states, count = len(section.starts) - 1, len(section.rows)
        lengths = section.lengths
        most = max(1, int(lengths.max(initial=0)))
        state = np.repeat(np.arange(states), lengths)
        at = None
        if count < states * most:
            at = torch.from_numpy(np.arange(count) + (np.arange(states) * most - section.starts[:-1])[state]).to(device)
        return cls(
            torch.from_numpy(section.rows).to(device),
            torch.from_numpy(state).to(device),
            at,
            torch.from_numpy(section.starts[:-1]).to(device),
            (states, most),
        )

    @cached_property
    def whole(self) -> Tensor:
        """The columns as integers: int64 [columns, N]; of use for those that hold some."""
        return self.rows.T.to(torch.int64, memory_format=torch.contiguous_format)

    def index(self, column: int, into: "Tokens") -> Tensor:
        """Return a column of numbers within the state as positions among all tokens of ``into``: int64 [N]."""
        return self.whole[column] + self.spread(into.starts)

    def spread(self, each: Tensor) -> Tensor:
        """Give every token what its state has: [S, ...] to [N, ...]."""
        return each.index_select(0, self.state)

    def pad(self, flat: Tensor, fill: float = 0.0) -> Tensor:
        """Spread values [N, ...] out to [S, most, ...]."""
        if self.at is not None:
            padded = flat.new_full((self.shape[0] * self.shape[1], *flat.shape[1:]), fill)
            flat = padded.index_copy_(0, self.at, flat)
        return flat.view(*self.shape, *flat.shape[1:])

    def unpad(self, padded: Tensor) -> Tensor:
        """Gather [S, most, ...] to [N, ...]."""
        flat = padded.flatten(0, 1)
        return flat if self.at is None else flat.index_select(0, self.at)

    def sum(self, flat: Tensor) -> Tensor:
        """Add up the tokens of each state: [N, d] to [S, d]."""
        return self.pad(flat).sum(dim=1)


@dataclass(frozen=True)
class Batch:
    """An observation as tensors; the sections are those of `rl.observation.Observation`."""

    whole: Tokens
    node: Tokens
    edge: Tokens
    pair: Tokens
    kind: Tokens
    vm: Tokens

    @classmethod
    def of(cls, seen: Observation, device: torch.device) -> Self:
        """Move an observation to the device."""
        return cls(*(Tokens.of(getattr(seen, name), device) for name in cls.__dataclass_fields__))

    @cached_property
    def edge_node(self) -> Tensor:
        """Position of the node that each edge is of: int64 [edges]."""
        return self.edge.index(0, self.node)

    @cached_property
    def edge_kind(self) -> Tensor:
        """Position of its kind: int64 [edges]."""
        return self.edge.index(1, self.kind)

    @cached_property
    def pair_nodes(self) -> tuple[Tensor, Tensor]:
        """Positions of the two nodes of each pair: int64 [pairs]."""
        return self.pair.index(0, self.node), self.pair.index(1, self.node)

    @cached_property
    def tree(self) -> tuple[Tensor, Tensor]:
        """What nodes attend to, themselves and then edges: of which node each is, and log m: [nodes + edges]."""
        everyone = torch.arange(len(self.node.rows), device=self.node.rows.device)
        alone = self.node.rows.new_zeros(len(everyone))
        return torch.cat([everyone, self.edge_node]), torch.cat([alone, self.edge.rows[:, 2].log()])

    @cached_property
    def node_bias(self) -> Tensor:
        """The log m of nodes, which attention to them adds: [S, 1, 1, most nodes], -inf where there is none."""
        return self.node.pad(self.node.rows[:, 0].log(), -torch.inf)[:, None, None]

    @cached_property
    def kind_bias(self) -> Tensor:
        """The same of kinds, whose number does not count: [S, 1, 1, most kinds]."""
        return self.kind.pad(torch.zeros_like(self.kind.rows[:, 0]), -1e9)[:, None, None]

    @cached_property
    def host_bias(self) -> Tensor:
        """The same of the hosts of each kind, nodes or, of doubles, pairs: [S, 1, most kinds, most nodes + pairs]."""
        double = self.kind.pad(self.kind.rows[:, 2])[:, None, :, None] > 0
        pairs = self.pair.pad(self.pair.rows[:, 2].log(), -torch.inf)[:, None, None]
        return torch.cat([torch.where(double, -1e9, self.node_bias), torch.where(double, pairs, -1e9)], dim=3)


def segment_softmax(score: Tensor, value: Tensor, segment: Tensor, segments: int) -> Tensor:
    """Average values [N, heads, d] within segments, none empty, by softmax of scores [N, heads]: [segments, width]."""
    index = segment[:, None].expand_as(score)
    top = score.new_full((segments, score.shape[1]), -torch.inf).scatter_reduce_(0, index, score.detach(), "amax")
    power = (score - top.index_select(0, segment)).exp()
    total = power.new_zeros(segments, score.shape[1]).index_add_(0, segment, power)
    summed = value.new_zeros(segments, *value.shape[1:]).index_add_(0, segment, power[..., None] * value)
    return (summed / total[..., None]).flatten(1)
