"""The examples in docs/formats.md."""

import json
import re
from pathlib import Path

from data.formats import load
from data.plan_file import read_plan

DOCS = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_examples_are_read(tmp_path: Path) -> None:
    """What the documentation shows can be read: both snapshots, the groups, and the plan."""
    snapshot, groups, plan = re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)
    pms, vms = re.findall(r"```csv\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "snapshot.json").write_text(snapshot)
    (tmp_path / "groups.json").write_text(_snapshot_of(10))
    (tmp_path / "groups.groups.json").write_text(groups)
    (tmp_path / "plan.json").write_text(plan)
    (tmp_path / "pms.csv").write_text(pms)
    (tmp_path / "vms.csv").write_text(vms)
    published, tables = load(tmp_path / "snapshot.json"), load(tmp_path)
    for cluster in (published, tables):
        assert cluster.double.tolist() == [False, True]
        assert cluster.movable.tolist() == [True, False]
        assert cluster.demand[1, 0] == 16
        assert len(cluster.groups) == 1
    assert len(load(tmp_path / "groups.json").groups) == 2
    assert read_plan(tmp_path / "plan.json").migrations[0].target.pm == "pm_9"


def _snapshot_of(vms: int) -> str:
    """Write a snapshot of one host and some VMs, as the groups in the documentation name them."""
    host = {
        "node_id": "a", "status": "ACTIVE", "rack_id": 0,
        "numa": [{"node": 0, "total_cpu": 1, "memory_huge_total_mb": 1}],
    }  # fmt: skip
    listed = [
        {"instance_id": f"vm_{vm}", "host_id": "a", "numa": [{"node": 0, "cpu": 0, "mem_mb": 0}]} for vm in range(vms)
    ]
    return json.dumps({"cluster_list": [{"cluster_name": "one", "host_info": [host], "vm_instance": listed}]})
