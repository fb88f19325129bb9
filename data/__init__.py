"""Clusters, placements, plans, objectives, the plan checker, formats and generators."""

from data.checker import Verdict, check
from data.cluster import AntiAffinity, Cluster, Rules
from data.errors import InputError
from data.objective import Objective, Score, SlotRate
from data.placement import Placement
from data.plan import Migration, Plan
from data.waves import assign_waves

__all__ = [
    "AntiAffinity",
    "Cluster",
    "InputError",
    "Migration",
    "Objective",
    "Placement",
    "Plan",
    "Rules",
    "Score",
    "SlotRate",
    "Verdict",
    "assign_waves",
    "check",
]
