"""Objectives: the published figures, hand-made ones, and the notation."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import InputError, Objective, Placement, Score, SlotRate, check
from data.plan import Plan
from solvers.toys import build
from tests.strategies import clusters

OBJECTIVES = [
    "cores16",
    "cores7",
    "double64",
    "double10",
    "memory32",
    "0.5*cores16+0.5*double32",
    "0.2*memory9+0.8*cores4",
]


def test_worked_example_of_the_paper():
    """12 and 20 free cores waste 16 of 32; after the 4-core VM moves, nothing (Ding et al., figures 2 and 3)."""
    cluster = build("paper", [(16, 0), (32, 0)], [(0, 0, 4), (1, 0, 12)])
    score = Score(cluster, Objective())
    assert score.rate(cluster.free) == 0.5
    after = Placement(cluster).apply_plan(Plan.of([(0, 1, 0)]))
    assert score.rate(after.free) == 0.0
    assert score.quantum == 16 / 32


@pytest.mark.parametrize(("name", "rate"), [("medium", 0.9770), ("large", 0.6003)])
def test_published_rates(request, name, rate):
    """The released snapshots have the published FR, by the score and by the checker."""
    cluster = request.getfixturevalue(name)
    assert Score(cluster, Objective()).rate(cluster.free) == pytest.approx(rate, abs=5e-5)
    assert check(cluster, Plan()).initial_fr == pytest.approx(rate, abs=5e-5)


def test_slots_of_each_kind_by_hand():
    """Cores and memory count on one node, a double slot needs its half on both."""
    free = np.array([[[40, 100], [15, 31]], [[32, 64], [33, 0]]])
    assert SlotRate("cores", 16).slots(free).tolist() == [2, 4]
    assert SlotRate("double", 64).slots(free).tolist() == [0, 1]
    assert SlotRate("double", 16).slots(free).tolist() == [1, 4]
    assert SlotRate("memory", 32).slots(free).tolist() == [3, 2]


def test_overdrawn_nodes_count_below_zero():
    """Slots of a node with less than nothing are negative, so that gains add up over impossible steps."""
    free = np.array([[[-1, 0], [-16, 0]], [[-17, 0], [16, 0]]])
    assert SlotRate("cores", 16).slots(free).tolist() == [-2, -1]


def test_closed_pms_do_not_count():
    """Neither the free cores nor the slots of a closed PM enter the rate."""
    cluster = build("closed", [(24, 0), (16, 0)], [], open=np.array([True, False]))
    assert Score(cluster, Objective()).rate(cluster.free) == pytest.approx(8 / 24)


def test_nothing_free_is_rate_0():
    """With nothing free there is no waste and no division by zero."""
    cluster = build("full", [(8, 0)], [(0, 0, 8)])
    score = Score(cluster, Objective())
    assert (score.rate(cluster.free), score.quantum, score.slots_of(0.0)) == (0.0, 0.0, 0.0)
    assert check(cluster, Plan()).initial_fr == 0.0


def test_a_rate_with_nothing_free_leaves_the_mix():
    """A resource that is used up counts 0 in a mix; the weights of the others stay."""
    cluster = build("no memory", [((24, 8), 0)], [(0, 0, 8)])
    objective = Objective.parse("0.5*memory4+0.5*cores12")
    score = Score(cluster, objective)
    assert score.rate(cluster.free) == pytest.approx(0.5 * 4 / 16)
    assert check(cluster, Plan(), objective=objective).initial_fr == pytest.approx(0.5 * 4 / 16)


def test_mix_weighs_its_rates():
    """A mix is the weighted mean of its rates."""
    cluster = build("mix", [(40, 20)], [])
    parts = [Score(cluster, Objective.parse(text)).rate(cluster.free) for text in ("cores16", "double32")]
    mixed = Score(cluster, Objective.parse("0.25*cores16+0.75*double32")).rate(cluster.free)
    assert parts == [pytest.approx(12 / 60), pytest.approx(28 / 60)]
    assert mixed == pytest.approx(0.25 * parts[0] + 0.75 * parts[1])


@given(clusters(), st.sampled_from(OBJECTIVES))
def test_score_agrees_with_the_checker(cluster, text):
    """The two codes that measure FR give one number, and slots and rate convert both ways."""
    objective = Objective.parse(text)
    score = Score(cluster, objective)
    rate = score.rate(cluster.free)
    assert rate == pytest.approx(check(cluster, Plan(), objective=objective).initial_fr, abs=1e-12)
    assert 0 <= rate <= 1
    if score.quantum:
        assert score.slots_of(score.rate_of(3.0)) == pytest.approx(3.0) or score.rate_of(3.0) == 0


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("cores16", [SlotRate("cores", 16)]),
        (" double64 ", [SlotRate("double", 64)]),
        (
            "0.5*cores16 + .5*memory1024",
            [SlotRate("cores", 16, Fraction(1, 2)), SlotRate("memory", 1024, Fraction(1, 2))],
        ),
        (
            "0.1*cores1+0.2*cores2+0.7*cores3",
            [SlotRate("cores", n, Fraction(w, 10)) for n, w in ((1, 1), (2, 2), (3, 7))],
        ),
    ],
)
def test_notation(text, rates):
    """What a user writes is read exactly, and printed so that it reads the same."""
    objective = Objective.parse(text)
    assert list(objective.rates) == rates
    assert Objective.parse(str(objective)) == objective


@pytest.mark.parametrize(
    "text",
    ["", "cores", "cores0", "cores-4", "double15", "cpu16", "0.5*cores16", "0.5*cores16+0.6*double64",
     "0*cores16+1*cores8", "cores16+", "cores1e3", "nan*cores16", "16", "cores16+double64", "cores9999999999999"],
)  # fmt: skip
def test_bad_notation_is_refused(text):
    """What is no objective is refused with a sentence, never a traceback."""
    with pytest.raises(InputError, match=r"[a-z].*[.]$"):
        Objective.parse(text)


def test_no_rate_at_all_is_refused():
    """An objective without a rate measures nothing."""
    with pytest.raises(InputError):
        Objective(())


def test_slots_of_a_whole_pm_are_empty_pms():
    """Where PMs are equal, an objective of double slots as large as one counts the PMs that are empty."""
    cluster = build("equal", [(44, 44)] * 4, [(0, 0, 1), (1, 2, 2), (3, 1, 44)])
    assert Score(cluster, Objective.parse("double88")).pm_slots(cluster.free).tolist() == [0, 0, 1, 0]
