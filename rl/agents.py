"""The learned policies by name."""

from rl.decima.model import DecimaPolicy
from rl.model import Policy
from rl.variants.model import FullPolicy, PenaltyPolicy

AGENTS: dict[str, type[Policy]] = {policy.agent: policy for policy in (Policy, DecimaPolicy, PenaltyPolicy, FullPolicy)}
