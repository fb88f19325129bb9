"""The policies of the variants: the network of `rl.model`, with the same parameters."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import relu

from rl.model import Policy, Trunk, option_logits
from rl.tokens import Batch, Tokens
from rl.variants.full import FullEnv
from rl.variants.penalty import PenaltyEnv

OWN, KIND = 10, 8
"""Columns of VM tokens and of places that only `FullEnv` writes."""
NEVER = 1e-30
"""Stands for 0 equal places, whose logarithm would have no gradient."""


class PenaltyPolicy(Policy):
    """The two-stage policy without masks."""

    agent = "penalty"
    environment = PenaltyEnv


@dataclass(frozen=True)
class FullBatch(Batch):
    """A `rl.variants.full.FullObservation` as tensors."""

    place: Tokens


class FullPolicy(Policy):
    """One softmax over stop and all legal pairs of VM token and class of hosts.

    The score of a pair is that of the VM, plus that of the place, plus the product of what the VM asks for and what the
    place offers, as in attention; the parameters are those of the two-stage policy. A pair is drawn as its VM, by the
    sum over the places of each, and then its place, which is the same distribution: probabilities are those of the
    pair. Two things are taken of the whole token in the sum and of the VM itself in the choice: its own place, which is
    no place to go, is that of the token's first VM, and what anti-affinity groups bar is not left out.
    """

    agent = "full"
    environment = FullEnv
    batch = FullBatch

    def forward(self, batch: Batch) -> Trunk:
        """Embed all tokens, score all pairs, and add them up by VM token."""
        assert isinstance(batch, FullBatch)
        trunk = super().forward(batch)
        if not len(batch.place.rows):
            return trunk
        doubles = batch.kind.rows[batch.place.index(KIND, batch.kind), 2] > 0
        offer, merit = self._offers(batch, trunk, batch.place, doubles)
        vms, places = _by_kind(batch.vm, 1, batch.kind), _by_kind(batch.place, KIND, batch.kind)
        pairs = torch.einsum("kvd,kpd->kvp", vms.pad(self.goal_vm(trunk.hidden)), places.pad(offer))
        own = vms.pad(batch.vm.rows[:, OWN], -1.0)
        host = places.pad(batch.place.rows[:, 0], -2.0)
        count = places.pad(batch.place.rows[:, 1])[:, None] - (own[:, :, None] == host[:, None]).float()
        pairs = pairs + places.pad(merit)[:, None] + count.clamp(min=NEVER).log()
        scores = batch.vm.pad(vms.unpad(pairs.logsumexp(dim=2)), 0.0)
        return replace(trunk, logits=torch.cat([trunk.logits[:, :-1] + scores, trunk.logits[:, -1:]], dim=1))

    def goals(self, batch: Batch, trunk: Trunk, chosen: Tensor, goals: Tokens) -> Tensor:
        """Score the pairs of the chosen VMs [S]: logits [S, most]."""
        if not len(goals.rows):
            return torch.zeros(goals.shape, device=chosen.device)
        vm = (batch.vm.starts + chosen).clamp(max=len(batch.vm.rows) - 1)
        offer, merit = self._offers(batch, trunk, goals, goals.spread(batch.vm.rows[vm, 2]) > 0)
        asked = goals.spread(self.goal_vm(trunk.hidden[vm]))
        return option_logits(goals, (asked * offer).sum(dim=1) + merit + goals.rows[:, 1].log())

    def _offers(self, batch: Batch, trunk: Trunk, places: Tokens, doubles: Tensor) -> tuple[Tensor, Tensor]:
        """Return what places [N] offer to VMs that are ``doubles`` [N] or not: [N, d], and their own scores [N]."""
        place = self._places(batch, trunk, places, doubles)
        hidden = relu(torch.addmm(place, places.rows[:, 4:5], self.goal_own.weight.T))
        hidden = relu(self.goal_hidden(hidden))
        return hidden / hidden.shape[1] ** 0.5, self.goal_out(hidden)[:, 0]


def _by_kind(tokens: Tokens, column: int, kinds: Tokens) -> Tokens:
    """Return the same tokens, numbered within their kind instead of their state; ``column`` holds the kind."""
    kind = tokens.index(column, kinds)
    counts = torch.bincount(kind, minlength=len(kinds.rows))
    starts = counts.cumsum(0) - counts
    order = torch.argsort(kind, stable=True)
    most = max(1, int(counts.max()))
    rank = torch.arange(len(kind), device=kind.device) - starts[kind[order]]
    at = kind * most + torch.empty_like(kind).index_copy(0, order, rank)
    return replace(tokens, state=kind, at=at, starts=starts, shape=(len(counts), most))
