"""Observations as tensors: rows of all states one after another, and where each belongs."""

from dataclasses import dataclass
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
    place : int64 [N]
        Its number within the state.
    starts : int64 [S]
        Where the tokens of each state start.
    shape
        S and the most tokens of a state: the shape of the padded form.
    """

    rows: Tensor
    state: Tensor
    place: Tensor
    starts: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, section: Section, device: torch.device) -> "Tokens":
        """Move a section to the device."""
        lengths = section.lengths
        state = np.repeat(np.arange(len(lengths)), lengths)
        place = np.arange(len(section.rows)) - section.starts[state]
        return cls(
            torch.from_numpy(section.rows).to(device),
            torch.from_numpy(state).to(device),
            torch.from_numpy(place).to(device),
            torch.from_numpy(section.starts[:-1]).to(device),
            (len(lengths), max(1, int(lengths.max(initial=0)))),
        )

    def whole(self, column: int) -> Tensor:
        """Return a column of integers: int64 [N]."""
        return self.rows[:, column].long()

    def index(self, column: int, into: "Tokens") -> Tensor:
        """Return a column of numbers within the state as positions among all tokens of ``into``: int64 [N]."""
        return self.whole(column) + into.starts[self.state]

    def pad(self, flat: Tensor, fill: float = 0.0) -> Tensor:
        """Spread values [N, ...] out to [S, most, ...]."""
        padded = flat.new_full((self.shape[0] * self.shape[1], *flat.shape[1:]), fill)
        at = self.state * self.shape[1] + self.place
        return padded.index_copy(0, at, flat).view(*self.shape, *flat.shape[1:])

    def unpad(self, padded: Tensor) -> Tensor:
        """Gather [S, most, ...] to [N, ...]."""
        return padded.flatten(0, 1).index_select(0, self.state * self.shape[1] + self.place)

    def sum(self, flat: Tensor) -> Tensor:
        """Add up the tokens of each state: [N, d] to [S, d]."""
        return flat.new_zeros(self.shape[0], flat.shape[1]).index_add(0, self.state, flat)


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


def segment_softmax(score: Tensor, segment: Tensor, segments: int) -> Tensor:
    """Softmax within segments: scores [N, heads] to weights [N, heads]; not even the empty segment divides by 0."""
    index = segment[:, None].expand_as(score)
    top = score.new_full((segments, score.shape[1]), -1e9).scatter_reduce(0, index, score.detach(), "amax")
    power = (score - top.index_select(0, segment)).exp()
    total = power.new_zeros(segments, score.shape[1]).index_add(0, segment, power)
    return power / total.index_select(0, segment)
