"""A plan as frames, as a GIF and as a page."""

import io
import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data import Cluster, InputError, Objective, Placement, Plan, Score, check
from data.formats.vmr_json_save import save_json
from data.plan_file import PlanFile, make_plan_file, write_plan
from harness.trajectory import make
from harness.trajectory.__main__ import main
from harness.trajectory.frames import BOTH, Content, Trajectory, trace
from harness.trajectory.gif import draw_gif
from harness.trajectory.player import draw_page
from tests.harness.stubs import BEST
from tests.strategies import clusters

FLIP_AND_DOUBLE = Plan.of([(0, 0, 1), (0, 1, 1), (3, 0, 0)])


def _plan_file(cluster: Cluster, plan: Plan, objective: Objective = Objective()) -> PlanFile:
    return make_plan_file(cluster, plan, cluster.name, "by hand", max(5, len(plan)), objective, bound_fr=0.0)


def _draw_plan(draw: st.DrawFn, cluster: Cluster) -> Plan:
    """Draw a valid plan of up to six migrations."""
    placement, moves = Placement(cluster), []
    for _ in range(6):
        legal = [(vm, pm, node) for vm in range(cluster.vms) for pm, node in np.argwhere(placement.legal(vm)).tolist()]
        if not legal:
            break
        moves.append(draw(st.sampled_from(legal)))
        placement.apply(Plan.of(moves[-1:]).migrations[0])
    return Plan.of(moves)


def _held(trajectory: Trajectory) -> list[dict[int, Content]]:
    """Return what each PM holds after each step."""
    held: list[dict[int, Content]] = [{}]
    for frame in trajectory.frames:
        held.append(held[-1] | frame.changed)
    return held[1:]


@given(data=st.data(), cluster=clusters(max_vms=6), text=st.sampled_from(["cores16", "double8", "memory8"]))
def test_frames_are_what_the_checker_replays(data: st.DataObject, cluster: Cluster, text: str) -> None:
    """FR, slots, free cores and the VMs of every node are right after each step, for singles, doubles and flips."""
    plan, objective = _draw_plan(data.draw, cluster), Objective.parse(text)
    trajectory = trace(cluster, _plan_file(cluster, plan, objective))
    names = [pm.name for pm in trajectory.pms]
    assert tuple(frame.fr for frame in trajectory.frames) == check(cluster, plan, objective=objective).fr_after
    score = Score(cluster, objective)
    for step, held in enumerate(_held(trajectory)):
        placement = Placement(cluster).apply_plan(plan.prefix(step))
        gained = score.slots(placement.free) - score.slots(cluster.free)
        assert trajectory.frames[step].total == pytest.approx(gained)
        for shown, content in held.items():
            pm = cluster.pm_names.index(names[shown])
            assert content.free == tuple(placement.free[pm, :, 0])
            here = {cluster.vm_names[vm] for vm in np.flatnonzero(placement.pm == pm)}
            assert {trajectory.vms[block.vm].name for block in content.blocks} == here
            _assert_stacked(trajectory, shown, content)


def _assert_stacked(trajectory: Trajectory, pm: int, content: Content) -> None:
    """Blocks and free cores fill each node without gap or overlap."""
    for node, (capacity, free) in enumerate(zip(trajectory.pms[pm].capacity, content.free, strict=True)):
        blocks = [block for block in content.blocks if block.node in (node, BOTH)]
        tops = [0, *(block.bottom + trajectory.vms[block.vm].on_each for block in blocks)]
        assert [block.bottom for block in blocks] == tops[:-1]
        assert tops[-1] + free == capacity
        assert 0 <= content.whole[node] <= free


def test_whole_slots_are_those_of_the_objective(tiny: Cluster) -> None:
    """Slots of 16 count node by node, a double slot needs its half on both, and memory marks no core as a fragment."""
    found = {
        text: trace(tiny, _plan_file(tiny, BEST, Objective.parse(text))).frames[0].changed[1]
        for text in ("cores16", "double16", "memory32")
    }
    assert [content.free for content in found.values()] == [(24, 8)] * 3
    assert [content.whole for content in found.values()] == [(16, 0), (8, 8), (24, 8)]


def test_what_is_not_drawn_is_counted(tiny: Cluster) -> None:
    """The other open PMs are summed up; closed ones are not among them."""
    rest = trace(tiny, _plan_file(tiny, Plan())).rest
    free = tiny.free[tiny.open, :, 0]
    assert (rest.pms, rest.vms, rest.free, rest.fragments) == (2, 5, free.sum(), (free % 16).sum())


def test_moves_name_their_spots(tiny: Cluster) -> None:
    """A flip stays on its PM, and each migration starts where the one before left its VM."""
    trajectory = trace(tiny, _plan_file(tiny, FLIP_AND_DOUBLE))
    moves = [frame.move for frame in trajectory.frames[1:] if frame.move]
    assert [trajectory.where(spot) for move in moves for spot in (move.source, move.target)] == [
        "pm_0, node 0", "pm_0, node 1", "pm_0, node 1", "pm_1, node 1", "pm_1, both nodes", "pm_0, both nodes",
    ]  # fmt: skip
    assert [pm.short for pm in trajectory.pms] == ["0", "1"]


@pytest.mark.parametrize("plan", [BEST, FLIP_AND_DOUBLE, FLIP_AND_DOUBLE.prefix(1), Plan()])
def test_the_gif_has_a_picture_for_each_step(tiny: Cluster, plan: Plan) -> None:
    """A plan of n migrations has n + 1 pictures of one size, all different, which run for ever."""
    image = Image.open(io.BytesIO(draw_gif(trace(tiny, _plan_file(tiny, plan)))))
    assert image.n_frames == len(plan) + 1
    assert image.info["loop"] == 0
    pictures = []
    for step in range(image.n_frames):
        image.seek(step)
        pictures.append(image.convert("RGB").tobytes())
    assert all(one != other for one, other in pairwise(pictures))


def test_the_page_holds_every_step_and_needs_nothing_else(tiny: Cluster) -> None:
    """The data in the page are the frames, every migration is listed, and nothing is loaded from elsewhere."""
    trajectory = trace(tiny, _plan_file(tiny, FLIP_AND_DOUBLE))
    page = draw_page(trajectory)
    data = re.search(r'<script id="trajectory" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert msgspec.convert(json.loads(data[1]), Trajectory, str_keys=True) == trajectory
    assert re.findall(r'<tr data-step="(\d+)">', page) == ["1", "2", "3"]
    assert not re.search(r"https?:|//\w|@import|\bsrc=|<link", page)


def test_names_cannot_break_the_page(tiny: Cluster) -> None:
    """A name that looks like markup is shown, not obeyed."""
    names = ("</script><script>alert(1)</script>", *tiny.vm_names[1:])
    cluster = Cluster(**{name: getattr(tiny, name) for name in tiny.__dataclass_fields__} | {"vm_names": names})
    page = draw_page(trace(cluster, _plan_file(cluster, BEST)))
    assert "<script>alert" not in page


def test_a_plan_that_does_not_hold_is_not_drawn(tiny: Cluster, tmp_path: Path) -> None:
    """An illegal migration or a false claim is refused, and nothing is written."""
    plan_file = _plan_file(tiny, BEST)
    for broken in (
        msgspec.structs.replace(plan_file, mnl=1),
        msgspec.structs.replace(plan_file, final_fr=0.5),
        msgspec.structs.replace(plan_file, bound_fr=0.5),
    ):
        with pytest.raises(InputError, match=r"only a valid plan is drawn"):
            make(tiny, broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("cluster", "plan", "message"),
    [
        ("tiny.json", "tiny.json", "missing required field"),
        ("tiny.json", "nowhere.json", "nowhere.json"),
        ("nowhere.json", "plan.json", "there is no such file"),
        ("scarce-test-0", "plan.json", "check which snapshot"),
    ],
)
def test_bad_input_gets_one_sentence(
    tiny: Cluster,
    tmp_path: Path,
    cluster: str,
    plan: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What cannot be used is said in one line, with exit code 2, and nothing is written."""
    save_json(tiny, tmp_path / "tiny.json")
    write_plan(tmp_path / "plan.json", _plan_file(tiny, BEST))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["harness.trajectory", cluster, plan, "--out", "out"])
    with pytest.raises(SystemExit) as ended:
        main()
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1)
    assert err.startswith("error: ")
    assert message in err
    assert not (tmp_path / "out").exists()


def test_the_command_writes_both(
    tiny: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --out both files lie below results/, under the name of the plan."""
    save_json(tiny, tmp_path / "tiny.json")
    write_plan(tmp_path / "plan.json", _plan_file(tiny, BEST))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["harness.trajectory", "tiny.json", "plan.json"])
    main()
    written = capsys.readouterr().out.split()
    assert written == [f"results/trajectories/plan/trajectory.{kind}" for kind in ("gif", "html")]
    assert all((tmp_path / name).stat().st_size for name in written)
