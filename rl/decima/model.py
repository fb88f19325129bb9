"""Decima's network: messages between PMs and their VMs, a summary of the whole, and a head over limits."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from rl.decima.env import POWERS, LimitedEnv
from rl.model import ModelConfig, Policy, Trunk, feed_forward, option_logits, pair_up
from rl.tokens import Batch, Tokens


class Messages(nn.Module):
    """One round of messages: VMs to their nodes, nodes to their PMs, PMs to a summary, and that to nodes and kinds."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.host = nn.Linear(width, width)
        self.heard = nn.Linear(width, width)
        self.pool = nn.Linear(width, width)
        self.spread = nn.Linear(width, width)
        self.node_forward = feed_forward(width)
        self.kind_forward = feed_forward(width)
        self.pair = nn.Linear(width, width)

    def forward(
        self, batch: Batch, node: Tensor, edge: Tensor, kind: Tensor, whole: Tensor, joint: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the tokens of nodes, PMs, kinds and whole states, each having heard from the others."""
        where, number = batch.edge_node, batch.edge.rows[:, 2:3]
        message = relu(edge + self.host(self.norm[0](node)).index_select(0, where))
        node = node + self.heard(torch.zeros_like(node).index_add_(0, where, number * message))
        node = node + self.node_forward(self.norm[1](node))
        pair = pair_up(batch, self.pair(node)) + joint
        whole = whole + self.spread(batch.pair.sum(batch.pair.rows[:, 2:3] * relu(self.pool(pair))).log1p())
        node = node + batch.node.spread(whole)
        kind = kind + batch.kind.spread(whole)
        kind = kind + self.kind_forward(self.norm[2](kind))
        return node, pair, kind, whole


class DecimaPolicy(Policy):
    """Embeddings, VM actor and critic of `rl.model.Policy` on messages instead of attention, and limits for places.

    The second stage sees the chosen VM, which knows its host and the summary, and the limit, as Decima's own does
    (Mao et al., SIGCOMM '19); where best-fit would put the VM is hidden from it.
    """

    agent = "decima"
    environment = LimitedEnv
    block = Messages

    def _add_second_stage(self, width: int) -> None:
        del self.arrived_at  # of places, which it does not see
        self.limit = nn.Embedding(POWERS + 1, width)
        self.goal_vm = nn.Linear(width, width)
        self.goal_hidden = nn.Linear(width, width)
        self.goal_out = nn.Linear(width, 1)

    def goals(self, batch: Batch, trunk: Trunk, chosen: Tensor, goals: Tokens) -> Tensor:
        """Score the limits for the chosen VMs [S], as `LimitedEnv.goals` lists them: logits [S, most]."""
        if not len(goals.rows):
            return torch.zeros(goals.shape, device=chosen.device)
        vm = (batch.vm.starts + chosen).clamp(max=len(batch.vm.rows) - 1)
        hidden = relu(goals.spread(self.goal_vm(trunk.hidden[vm])) + self.limit(goals.whole[2]))
        hidden = relu(self.goal_hidden(hidden))
        return option_logits(goals, self.goal_out(hidden)[:, 0])
