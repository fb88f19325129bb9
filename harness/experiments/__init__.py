"""The experiments by name, loaded when asked for; each repeats a figure of the paper or shows what it could not."""

import difflib
import importlib

from data import InputError
from harness.experiments.contract import Experiment

EXPERIMENTS: dict[str, str] = {
    "migrations": "harness.experiments.migrations:Migrations",
    "time": "harness.experiments.seconds:Seconds",
    "latency": "harness.experiments.latency:Latency",
    "churn": "harness.experiments.day:Day",
    "attention": "harness.experiments.curves:Attention",
    "risk": "harness.experiments.risk:Risk",
    "two-stage": "harness.experiments.curves:TwoStage",
    "affinity": "harness.experiments.affinity:Affinity",
    "goal": "harness.experiments.goal:Goal",
    "objectives": "harness.experiments.objectives:Objectives",
    "workloads": "harness.experiments.workloads:Workloads",
    "transfer": "harness.experiments.transfer:Transfer",
    "scale": "harness.experiments.scale:Scale",
    "trajectory": "harness.experiments.steps:Steps",
}
"""Name to ``module:Class``, in the order in which ``all`` carries them out; the class takes nothing."""


def create(name: str) -> Experiment:
    """Make the experiment of that name.

    Raises
    ------
    InputError
        When there is none: says which there are.
    """
    if name not in EXPERIMENTS:
        close = difflib.get_close_matches(name, EXPERIMENTS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"there is no experiment {name!r}{hint}; choose all or one of {', '.join(EXPERIMENTS)}.")
    module, _, attribute = EXPERIMENTS[name].partition(":")
    experiment: Experiment = getattr(importlib.import_module(module), attribute)()
    return experiment
