"""A plan, migration by migration: as a GIF and as a page that plays it. ``python -m harness.trajectory``."""

from pathlib import Path

from data import Cluster
from data.formats.files import write_bytes, write_text
from data.plan_file import PlanFile
from harness.trajectory.frames import trace
from harness.trajectory.gif import draw_gif
from harness.trajectory.player import draw_page


def make(cluster: Cluster, plan_file: PlanFile, out: Path, where: Path | str = "plan") -> list[Path]:
    """Write ``trajectory.gif`` and ``trajectory.html`` into a folder and return their paths.

    Parameters
    ----------
    cluster, plan_file
        The snapshot, and a plan that starts from it.
    out
        The folder; made where it is missing.
    where
        The file that the plan was read from, for messages.

    Raises
    ------
    InputError
        When the plan does not belong to this cluster, the checker refuses it, a figure that it claims is wrong, or a
        file cannot be written.
    """
    trajectory = trace(cluster, plan_file, where)
    picture, page = draw_gif(trajectory), draw_page(trajectory)  # both before either is written
    paths = [out / "trajectory.gif", out / "trajectory.html"]
    write_bytes(paths[0], picture)
    write_text(paths[1], page)
    return paths
