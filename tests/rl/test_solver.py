"""The learned solver: the clock, odd clusters, what more samples bring, and the shipped weights."""

from dataclasses import replace

import numpy as np
import pytest

from data import InputError, Objective, check
from data.generators import generate
from rl.store import SHIPPED, find, load, save
from solvers import Deadline, Problem, create
from solvers.toys import crowd


@pytest.fixture(scope="module")
def solver():
    made = create("vmr2l:samples=100000")
    made.prepare()
    return made


@pytest.mark.parametrize("limit_s", [0.05, 0.3, 1.0])
def test_never_overshoots(solver, limit_s):
    """With more samples asked for than there is time, the answer comes by the deadline, or a moment after it."""
    problem = Problem(generate("scarce", "test", 0), 50)
    deadline = Deadline(limit_s)
    plan = solver.solve(problem, deadline).plan
    assert deadline.elapsed_s() < limit_s + 0.25
    assert check(problem.cluster, plan, mnl=50).valid


def test_more_samples_are_never_worse():
    """The best of many begins with the same greedy trajectory, and only better ones replace it."""
    problem = Problem(crowd(12, seed=4), 10)
    finals = []
    for samples in (1, 4, 12):
        made = create(f"vmr2l:samples={samples}")
        made.prepare()
        plan = made.solve(problem, Deadline(60.0)).plan
        finals.append(check(problem.cluster, plan, mnl=10).final_fr)
    assert finals == sorted(finals, reverse=True)


def test_too_large_clusters(monkeypatch):
    """Where it keeps to some PMs, all trajectories keep to the same, since each begins with a part of another."""
    monkeypatch.setattr("rl.solver.LARGEST_PMS", 6)
    problem = Problem(crowd(30), 8)
    made = create("vmr2l:samples=12")
    plan = made.solve(problem, Deadline(60.0)).plan
    assert check(problem.cluster, plan, mnl=8).valid
    touched = set(problem.cluster.pm[[move.vm for move in plan]].tolist()) | {move.pm for move in plan}
    assert len(touched) <= 6


@pytest.mark.parametrize("text", ["double64", "memory32768", "0.3*cores16+0.7*double32"])
def test_other_objectives_are_valid(solver, text):
    """Objectives it was never trained on give valid plans that never harm."""
    cluster = replace(crowd(10), movable=np.arange(crowd(10).vms) % 3 > 0)
    problem = Problem(cluster, 6, Objective.parse(text))
    verdict = check(cluster, solver.solve(problem, Deadline(0.5)).plan, mnl=6, objective=problem.objective)
    assert verdict.valid
    assert verdict.final_fr <= verdict.initial_fr


def test_shipped_weights_are_small():
    """The weights that come with the project stay below 2 MB."""
    assert SHIPPED.stat().st_size < 2_000_000


def test_weights_are_named_or_given_as_a_file(tmp_path):
    """What comes with the project goes by its name, anything else by its path."""
    assert find("vmr2l") == SHIPPED
    assert find(str(tmp_path / "vmr2l")) == tmp_path / "vmr2l"


def test_weights_survive_a_file(tmp_path):
    """What is saved is loaded again, shape and all."""
    policy = load(SHIPPED)
    save(policy, tmp_path / "again.safetensors")
    again = load(tmp_path / "again.safetensors")
    assert again.config == policy.config
    assert all((mine == theirs).all() for mine, theirs in zip(policy.parameters(), again.parameters(), strict=True))


def test_other_files_are_refused(tmp_path):
    """A file that is no policy gives one sentence."""
    (tmp_path / "bad").write_text("not weights")
    for path in (tmp_path / "bad", tmp_path / "missing"):
        with pytest.raises(InputError, match="not the weights"):
            load(path)
