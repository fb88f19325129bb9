"""The policy: sparse attention over the tree of PMs, NUMA nodes and VMs, two actors and a critic.

After Ding et al., EuroSys '25: shared embeddings, tree-local attention, PM and VM self-attention, VM-to-PM
cross-attention, then a VM actor and a PM actor that sees only the chosen VM. Four things differ, three for speed:
attention within the tree runs over segments instead of a masked dense matrix; what looks the same is one token, whose
number m enters as log m, which equals the network on all tokens one by one; and VMs attend to one another, and to the
PMs, by kind (one query for all VMs of a size and shape), since VMs of a kind differ by their host alone. Rounds after
the first enter by gates that start at 0 (ReZero; Bachlechner et al., 2021), so that a trained network can grow.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu, scaled_dot_product_attention

from rl.env import Env
from rl.outlook import BUCKETS, JOINTS, OUTLOOKS
from rl.tokens import Batch, Tokens, segment_softmax

Attention = Literal["sparse", "vanilla", "none"]
SIZES = 8
"""Whole slots are told apart up to so many."""
VALUE_SLOTS = 10.0
"""What the critic's output of 1 stands for."""


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the network; its number of parameters does not depend on the cluster."""

    width: int = 32
    heads: int = 2
    blocks: int = 1
    attention: Attention = "sparse"
    """``vanilla``: no tree-local attention; ``none``: no attention at all, sums over all nodes instead."""


class Attend(nn.Module):
    """Multi-head attention of queries [S, A, d] over keys [S, B, d] with an added bias [S, 1, 1 or A, B]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.memory = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        """Return what each query gathers: [S, A, d]."""
        query = self.query(queries).view(*queries.shape[:2], self.heads, -1).transpose(1, 2)
        key, value = self.memory(keys).view(*keys.shape[:2], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=bias)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class Tree(nn.Module):
    """Tree-local attention, by segments: each node attends to the VMs on it and to itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.own = nn.Linear(width, 2 * width)
        self.memory = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, node: Tensor, vm: Tensor, segment: Tensor, log_count: Tensor) -> Tensor:
        """Take nodes [N, d], VMs [E, d] and `Batch.tree` [N + E]; return what each node gathers [N, d]."""
        key, value = torch.cat([self.own(node), self.memory(vm)]).view(len(segment), 2, self.heads, -1).unbind(1)
        query = self.query(node).view(len(node), self.heads, -1).index_select(0, segment)
        score = torch.add(log_count[:, None], (query * key).sum(-1), alpha=key.shape[-1] ** -0.5)
        out: Tensor = self.out(segment_softmax(score, value, segment, len(node)))
        return out


class Block(nn.Module):
    """One round: tree, self-attention of nodes, self-attention of kinds, cross-attention of kinds to hosts."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.attention = config.attention
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(6))
        self.tree = Tree(width, config.heads)
        self.among_nodes = Attend(width, config.heads)
        self.among_kinds = Attend(width, config.heads)
        self.across = Attend(width, config.heads)
        self.pool = nn.Linear(width, width)
        self.spread = nn.Linear(width, width)
        self.node_forward = feed_forward(width)
        self.kind_forward = feed_forward(width)
        self.pair = nn.Linear(width, width)

    def forward(
        self, batch: Batch, node: Tensor, edge: Tensor, kind: Tensor, whole: Tensor, joint: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the tokens of nodes, PMs, kinds and whole states, each having seen the others.

        ``joint`` is how PMs stand, [PMs, d].
        """
        count = batch.node.rows[:, :1]
        if self.attention == "sparse":
            node = node + self.tree(self.norm[0](node), edge, *batch.tree)
        whole = whole + self.spread(batch.node.sum(count * relu(self.pool(node))).log1p())
        node = node + batch.node.spread(whole)
        if self.attention != "none":
            padded = batch.node.pad(self.norm[1](node))
            node = node + batch.node.unpad(self.among_nodes(padded, padded, batch.node_bias))
        node = node + self.node_forward(self.norm[2](node))
        pair = pair_up(batch, self.pair(node)) + joint
        kind = kind + batch.kind.spread(whole)
        if self.attention != "none":
            kind = kind + self._kinds(batch, kind, node, pair)
        kind = kind + self.kind_forward(self.norm[5](kind))
        return node, pair, kind, whole

    def _kinds(self, batch: Batch, kind: Tensor, node: Tensor, pair: Tensor) -> Tensor:
        hosts = torch.cat([batch.node.pad(node), batch.pair.pad(pair)], dim=1)
        padded = batch.kind.pad(self.norm[3](kind))
        found = self.across(padded, self.norm[4](hosts), batch.host_bias)
        padded = padded + found
        return batch.kind.unpad(found + self.among_kinds(padded, padded, batch.kind_bias))


class Policy(nn.Module):
    """VM actor, PM actor and critic on one trunk."""

    agent: ClassVar[str] = "vmr2l"
    """Its name in options and files."""
    environment: ClassVar[type[Env]] = Env
    """What lists the options of its second stage."""
    batch: ClassVar[type[Batch]] = Batch
    """What it reads observations as."""
    block: ClassVar[type[nn.Module]] = Block
    """One round of the trunk."""

    def __init__(self, config: ModelConfig = ModelConfig()) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.outlook = nn.Embedding(OUTLOOKS + 1, width)
        self.left_behind = nn.Embedding(OUTLOOKS + 1, width)
        self.arrived_at = nn.Embedding(OUTLOOKS + 1, width)
        self.sibling = nn.Embedding(BUCKETS + 1, width)
        self.joint, self.joint_left = (nn.Embedding(JOINTS + 1, width) for _ in range(2))
        self.slots = nn.Embedding(SIZES, width)
        self.size = nn.Embedding(BUCKETS, width)
        self.size_slots = nn.Embedding(SIZES, width)
        self.node_in = nn.Linear(3, width)
        self.kind_in = nn.Linear(8, width)
        self.kind_on_node = nn.Linear(width, width)
        self.edge_in = nn.Linear(2, width, bias=False)
        self.whole_in = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(self.block(config) for _ in range(config.blocks))
        self.news = nn.ModuleList(nn.Linear(width, width) for _ in range(config.blocks - 1))
        self.gates = nn.Parameter(torch.zeros(config.blocks - 1))
        self.end = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.vm_host = nn.Linear(width, width)
        self.vm_pair = nn.Linear(width, width)
        self.vm_beside = nn.Linear(width, width)
        self.vm_kind = nn.Linear(width, width)
        self.left_vm = nn.Embedding(OUTLOOKS + 1, width)
        self.vm_own = nn.Linear(1, width, bias=False)
        self.vm_whole = nn.Linear(width, width)
        self.vm_out = nn.Linear(width, 1)
        self._add_second_stage(width)
        self.stop = _head(width)
        self.critic = _head(width)
        for layer in (self.vm_out, self.goal_out):
            nn.init.normal_(layer.weight, std=0.01)
        for name, weight in self.named_parameters():
            if name.startswith(("joint", "vm_beside")):  # came later: weights from before go on as they were
                nn.init.zeros_(weight)

    def _add_second_stage(self, width: int) -> None:
        self.goal_host = nn.Linear(width, width)
        self.goal_pair = nn.Linear(width, width)
        self.goal_beside = nn.Linear(width, width)
        self.goal_vm = nn.Linear(width, width)
        self.goal_own = nn.Linear(1, width, bias=False)
        self.joint_arrived = nn.Embedding(JOINTS + 1, width)
        self.goal_hidden = nn.Linear(width, width)
        self.goal_out = nn.Linear(width, 1)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.gates.device

    def forward(self, batch: Batch) -> "Trunk":
        """Embed all tokens and score the VM tokens."""
        node_rows, kind_rows, edges, vms = batch.node, batch.kind, batch.edge, batch.vm
        node = self.outlook(node_rows.whole[1]) + self.slots(node_rows.whole[2]) + self.sibling(node_rows.whole[3])
        node = node + self.node_in(node_rows.rows[:, 4:7])
        kind = (
            self.size(kind_rows.whole[0]) + self.size_slots(kind_rows.whole[1]) + self.kind_in(kind_rows.rows[:, 2:10])
        )
        on_node = self.kind_on_node(kind).index_select(0, batch.edge_kind) + self.left_behind(edges.whole[3])
        edge = relu(torch.addmm(on_node, edges.rows[:, 2::2], self.edge_in.weight.T))  # their number, slots gained
        steps = batch.whole.rows[:, :1]
        whole = self.whole_in(torch.cat([steps / 50, batch.whole.rows.log1p(), (-steps / 5).exp()], dim=1))
        node = node + node_rows.spread(whole)
        joint = self.joint(batch.pair.whole[3])
        node, pair, kind, whole = self.blocks[0](batch, node, edge, kind, whole, joint)
        for block, news, gate in zip(self.blocks[1:], self.news, self.gates, strict=True):
            edge = edge + news(kind).index_select(0, batch.edge_kind)  # what each VM's kind found elsewhere
            before = node, pair, kind, whole
            after = block(batch, node, edge, kind, whole, joint)
            node, pair, kind, whole = (torch.lerp(old, new, gate) for old, new in zip(before, after, strict=True))
        node, pair, kind = self.end[0](node), self.end[1](pair), self.end[2](kind)
        double = vms.rows[:, 2] > 0
        host = torch.where(double, vms.index(0, batch.pair) + len(node), vms.index(9, node_rows))
        beside = torch.where(double, len(pair), vms.whole[0] // 2 + vms.spread(batch.pair.starts))
        hosts = torch.cat([self.vm_host(node), self.vm_pair(pair)])
        others = pad(self.vm_beside(pair), (0, 0, 0, 1))  # a double's PM is its host
        kinds = self.vm_kind(kind) + kind_rows.spread(self.vm_whole(whole))
        hidden = hosts.index_select(0, host) + others.index_select(0, beside)
        hidden = hidden + kinds.index_select(0, vms.index(1, kind_rows))
        hidden = hidden + self.left_vm(vms.whole[4]) + self.left_vm(vms.whole[5]) + self.joint_left(vms.whole[8])
        hidden = relu(torch.addmm(hidden, vms.rows[:, 6:7], self.vm_own.weight.T))
        score = self.vm_out(hidden)[:, 0] + vms.rows[:, 3].log()
        logits = torch.cat([vms.pad(score, -torch.inf), self.stop(whole)], dim=1)
        value = self.critic(whole)[:, 0] * VALUE_SLOTS
        return Trunk(logits, value, hidden, node, pair)

    def goals(self, batch: Batch, trunk: "Trunk", chosen: Tensor, goals: Tokens) -> Tensor:
        """Score where the chosen VMs may go.

        Parameters
        ----------
        chosen
            [S], number of the chosen VM token within its state; any number where nothing may be chosen.
        goals
            Classes of hosts, as `rl.env.Env.choose` lists them.

        Returns
        -------
        Tensor
            [S, most] logits, -inf where there is no class; a state without any has one logit 0.
        """
        if not len(goals.rows):
            return torch.zeros(goals.shape, device=chosen.device)
        vm = (batch.vm.starts + chosen).clamp(max=len(batch.vm.rows) - 1)
        place = self._places(batch, trunk, goals, goals.spread(batch.vm.rows[vm, 2]) > 0)
        place = place + goals.spread(self.goal_vm(trunk.hidden[vm]))
        hidden = relu(torch.addmm(place, goals.rows[:, 4:5], self.goal_own.weight.T))
        hidden = relu(self.goal_hidden(hidden))
        score = self.goal_out(hidden)[:, 0] + goals.rows[:, 1].log()
        return option_logits(goals, score)

    def _places(self, batch: Batch, trunk: "Trunk", goals: Tokens, double: Tensor) -> Tensor:
        """Add up what is known of places, for VMs that are ``double`` [N] or not: host, PM, both outlooks: [N, d]."""
        nodes = len(batch.node.rows)
        pair = torch.where(double, goals.whole[0], goals.whole[0] // 2) + goals.spread(batch.pair.starts)
        host = torch.where(double, pair + nodes, goals.index(6, batch.node))
        beside = torch.where(double, len(trunk.pair), pair)  # a double's PM is its host
        hosts = torch.cat([self.goal_host(trunk.node), self.goal_pair(trunk.pair)])
        others = pad(self.goal_beside(trunk.pair), (0, 0, 0, 1))
        arrived: Tensor = self.arrived_at(goals.whole[2]) + self.arrived_at(goals.whole[3])
        arrived = arrived + self.joint_arrived(goals.whole[7])
        return hosts.index_select(0, host) + others.index_select(0, beside) + arrived


@dataclass(frozen=True)
class Trunk:
    """What the first stage leaves for the second.

    Attributes
    ----------
    logits : float32 [S, most + 1]
        VM tokens, -inf where there is none, and stop last.
    value : float32 [S]
        Slots still to be gained, discounted as in training.
    hidden : float32 [VM tokens, d]
    node, pair : float32 [nodes, d], [PMs, d]
    """

    logits: Tensor
    value: Tensor
    hidden: Tensor
    node: Tensor
    pair: Tensor


def pair_up(batch: Batch, part: Tensor) -> Tensor:
    """Make the token of each class of PMs of what its two nodes give to it: [N, d] to [Q, d]."""
    first, second = batch.pair_nodes
    return relu(part.index_select(0, first) + part.index_select(0, second))


def option_logits(options: Tokens, score: Tensor) -> Tensor:
    """Spread scores [N] out to logits [S, most], -inf where there is no option; a state without any has one 0."""
    logits = options.pad(score, -torch.inf)
    first = logits[:, 0]
    first.masked_fill_(first.isinf(), 0.0)
    return logits


def _head(width: int) -> nn.Sequential:
    """Make a small network with one output that starts near 0."""
    last = nn.Linear(width, 1)
    nn.init.normal_(last.weight, std=0.01)
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), last)


def feed_forward(width: int) -> nn.Module:
    """Make the layers that each token goes through by itself."""
    return nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
