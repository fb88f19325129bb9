"""Colours and markers of solvers."""

from harness.palette import STYLES, styles


def test_a_solver_looks_the_same_everywhere() -> None:
    """Who else is drawn changes nothing, known solver or not."""
    assert styles(["mip"])["mip"] == styles(["ha", "mip", "new"])["mip"] == STYLES["mip"]
    assert styles(["new"])["new"] == styles(["ha", "new"])["new"]


def test_settings_share_the_color_and_differ_by_line() -> None:
    """Two settings of a solver are of one colour, told apart by their lines."""
    one, two = styles(["mip:workers=1", "mip:workers=2"]).values()
    assert one.color == two.color == STYLES["mip"].color
    assert one.line != two.line


def test_unknown_solvers_differ() -> None:
    """Unknown solvers in one figure do not get the same style while styles last."""
    assert len(set(styles([f"new-{index}" for index in range(7)]).values())) == 7
