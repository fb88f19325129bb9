"""Broken files: each is refused in one sentence that names the file, the place in it, the reason and what to do."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import Cluster, InputError
from data.formats import load
from data.plan_file import read_plan, to_plan

GONE = object()
"""Takes a field away."""

HOST = "cluster_list[0].host_info[0]"
VM = "cluster_list[0].vm_instance[0]"
PAIR = "cluster_list[0].vm_instance[1]"
GROUP = "cluster_list[0].other_requirement.deployment_set[0]"


def snapshot() -> dict[str, Any]:
    """Return a good snapshot of two hosts, a single and a double."""
    return {
        "cluster_list": [
            {
                "cluster_name": "east",
                "host_info": [
                    {
                        "node_id": name, "status": "ACTIVE", "rack_id": 1,
                        "numa": [{"node": node, "total_cpu": 32, "memory_huge_total_mb": 128.0} for node in (0, 1)],
                    }
                    for name in ("a", "b")
                ],
                "vm_instance": [
                    {
                        "instance_id": "v", "instance_type": "small", "host_id": "a", "allow_migration": True,
                        "numa": [{"node": 1, "cpu": 4, "mem_mb": 16.0}],
                    },
                    {
                        "instance_id": "w", "instance_type": "big", "host_id": "b", "allow_migration": 0,
                        "numa": [{"node": node, "cpu": 8, "mem_mb": 32.0} for node in (0, 1)],
                    },
                ],
                "other_requirement": {"deployment_set": [{"granularity": "host", "data": ["v", "w"]}]},
            }
        ]
    }  # fmt: skip


def changed(place: str, value: object) -> str:
    """Return the good snapshot as JSON, with the value at a place replaced."""
    content: Any = snapshot()
    *way, last = [int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", place)]
    here = content
    for key in way:
        here = here[key]
    if value is GONE:
        del here[last]
    else:
        here[last] = value
    return json.dumps(content)


def node(number: object = 0, cpu: object = 4, mem_mb: object = 16) -> dict[str, object]:
    return {"node": number, "cpu": cpu, "mem_mb": mem_mb}


def refusal(path: Path, read: Callable[[], object]) -> str:
    """Return the sentence with which ``read`` refuses, less the path of the file that it names."""
    with pytest.raises(InputError) as caught:
        read()
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.isprintable()
    assert sentence.endswith(".")
    assert ";" in sentence, "what to do is missing"
    assert len(sentence) < len(str(path)) + 400
    return sentence.removeprefix(f"{path}: ")


VALUES = {
    # place, value put there, what the sentence begins with, and what it says
    "negative cores": (f"{VM}.numa[0].cpu", -4, f"{VM}.numa[0].cpu: VM v has -4; write a whole number"),
    "fractional cores": (f"{VM}.numa[0].cpu", 4.5, f"{VM}.numa[0].cpu: VM v has 4.5; write a whole number"),
    "fractional memory": (f"{PAIR}.numa[1].mem_mb", 0.1, f"{PAIR}.numa[1].mem_mb: VM w has 0.1; write a whole"),
    "half a cost": (f"{VM}.migration_cost", 0.5, f"{VM}.migration_cost: VM v has 0.5; write a whole number"),
    "cores in words": (f"{VM}.numa[0].cpu", "four", f"{VM}.numa[0].cpu (v): Expected `int | float`, got `str`;"),
    "cores in quotes": (f"{VM}.numa[0].cpu", "4", f"{VM}.numa[0].cpu (v): Expected `int | float`, got `str`;"),
    "cores true": (f"{VM}.numa[0].cpu", True, f"{VM}.numa[0].cpu (v): Expected `int | float`, got `bool`;"),
    "cores null": (f"{VM}.numa[0].cpu", None, f"{VM}.numa[0].cpu (v): Expected `int | float`, got `null`;"),
    "huge memory": (f"{HOST}.numa[0].memory_huge_total_mb", 2**53, f"{HOST}.numa[0].memory_huge_total_mb: PM a has 9"),
    "huge integer": (f"{HOST}.numa[1].total_cpu", 10**400, f"{HOST}.numa[1].total_cpu: PM a has 10000"),
    "sum overflows": (f"{HOST}.numa[1].total_cpu", 2**63 - 1, f"{HOST}.numa[1].total_cpu: PM a has 9223"),
    "negative capacity": (f"{HOST}.numa[1].total_cpu", -1, f"{HOST}.numa[1].total_cpu: PM a has -1;"),
    "over capacity": (f"{VM}.numa[0].cpu", 33, f"{HOST}: the VMs on node 1 of PM a use 33 cores but it has 32;"),
    "over memory": (f"{VM}.numa[0].mem_mb", 129, f"{HOST}: the VMs on node 1 of PM a use 129 MiB of memory but it has"),
    "on an absent node": (f"{HOST}.numa", [{"node": 0, "total_cpu": 32, "memory_huge_total_mb": 128}],
                          f"{HOST}: the VMs on node 1 of PM a use 4 cores but it has 0;"),
    "unknown host": (f"{VM}.host_id", "c", f"{VM}: VM v is on PM c, which is not given; add the PM"),
    "host by number": (f"{VM}.host_id", 7, f"{VM}.host_id (v): Expected `str`, got `int`;"),
    "duplicate VM": (f"{PAIR}.instance_id", "v", f"{PAIR}: VM v appears twice, first at "),
    "duplicate PM": ("cluster_list[0].host_info[1].node_id", "a", "cluster_list[0].host_info[1]: PM a appears twice"),
    "duplicate over clusters": ("cluster_list", [*snapshot()["cluster_list"],
                                {**snapshot()["cluster_list"][0], "cluster_name": "west"}],
                                "cluster_list[1].host_info[0]: PM a appears twice, first at "),
    "duplicate cluster": ("cluster_list", snapshot()["cluster_list"] * 2,
                          "cluster_list[1].cluster_name: cluster east appears twice;"),
    "three nodes": (f"{VM}.numa", [node(0), node(1), node(1)], f"{VM}.numa: VM v has NUMA nodes [0, 1, 1];"),
    "no node": (f"{VM}.numa", [], f"{VM}.numa: VM v has no NUMA node; give node 0, node 1 or both"),
    "one node twice": (f"{PAIR}.numa", [node(1), node(1)], f"{PAIR}.numa: VM w has NUMA nodes [1, 1];"),
    "unequal halves": (f"{PAIR}.numa", [node(0, 8), node(1, 7)], f"{PAIR}.numa: VM w has unequal halves;"),
    "node 2": (f"{VM}.numa[0].node", 2, f"{VM}.numa[0].node (v): 2 is none of the values in"),
    "host without nodes": (f"{HOST}.numa", [], f"{HOST}.numa: PM a has no NUMA node;"),
    "status unknown": (f"{HOST}.status", "RETIRED", f"{HOST}.status (a): 'RETIRED' is none of the values in"),
    "pinned maybe": (f"{VM}.allow_migration", 2, f"{VM}.allow_migration (v): 2 is none of the values in"),
    "no rack": (f"{HOST}.rack_id", GONE, f"{HOST} (a): Object missing required field `rack_id`;"),
    "no host": (f"{VM}.host_id", GONE, f"{VM} (v): Object missing required field `host_id`;"),
    "no hosts": ("cluster_list[0].host_info", [], "cluster_list: there is not a single host;"),
    "no clusters": ("cluster_list", [], "cluster_list: there is not a single host;"),
    "cluster list an object": ("cluster_list", {}, "cluster_list: Expected `array`, got `object`;"),
    "hosts null": ("cluster_list[0].host_info", None, "cluster_list[0].host_info (east): Expected `array`"),
    "group of a stranger": (f"{GROUP}.data", ["v", "z"], f"{GROUP}: the host group names VM z, which does not exist;"),
    "group of what": (f"{GROUP}.granularity", "room", f"{GROUP}.granularity (east): 'room' is none of the values in"),
    "group of numbers": (f"{GROUP}.data", [0, 1], f"{GROUP}.data[0] (east): Expected `str`, got `int`;"),
    "an id of two lines": (f"{VM}.host_id", "c\nd", f"{VM}: VM v is on PM 'c\\nd', which is not given;"),
    "an endless id": (f"{VM}.host_id", "c" * 10**5, f"{VM}: VM v is on PM {'c' * 80}..., which is not given;"),
}  # fmt: skip


@pytest.mark.parametrize(("place", "value", "beginning"), VALUES.values(), ids=VALUES)
def test_bad_value_in_json(tmp_path: Path, place: str, value: object, beginning: str) -> None:
    """A wrong value is refused at its place in the snapshot."""
    path = tmp_path / "bad.json"
    path.write_text(changed(place, value))
    assert refusal(path, lambda: load(path)).startswith(beginning)


def test_the_good_snapshot_is_good(tmp_path: Path) -> None:
    """The tests above break a file that is otherwise fine."""
    path = tmp_path / "good.json"
    path.write_text(json.dumps(snapshot()))
    cluster = load(path)
    assert (cluster.pms, cluster.vms, len(cluster.groups)) == (2, 2, 1)


GOOD = json.dumps(snapshot(), indent=1)
CONTENTS = {
    "empty": (b"", "the file is empty;"),
    "blank": (b" \n ", "the file is empty;"),
    "truncated": (GOOD[:300].encode(), "input data was truncated; the file is cut off"),
    "not JSON": (b"pm,cores\n1,2\n", "line 1, column 1: JSON is malformed: invalid character;"),
    "NaN": (
        GOOD.replace('"cpu": 4', '"cpu": NaN').encode(),
        "line 50, column 15: NaN and Infinity are no numbers in JSON;",
    ),
    "Infinity": (GOOD.replace('"cpu": 4', '"cpu": Infinity').encode(), "line 50, column 15: NaN and Inf"),
    "1e999": (GOOD.replace('"cpu": 4', '"cpu": 1e999').encode(), f"{VM}.numa[0].cpu: Number out of range;"),
    "two documents": ((GOOD + GOOD).encode(), "line 87, column 2: JSON is malformed: trailing characters;"),
    "a list": (b"[]", "top level: Expected `object`, got `array`;"),
    "null": (b"null", "top level: Expected `object`, got `null`;"),
    "another object": (b'{"hosts": []}', "top level: Object missing required field `cluster_list`;"),
    "latin-1": ('{"cluster_list": "ü"}'.encode("latin-1"), "byte 18: this is not UTF-8 text;"),
    "UTF-16": (GOOD.encode("utf-16"), "byte 0: this is not UTF-8 text;"),
    "a pickle": (b"\x80\x04\x95\x00", "this is a Python pickle, which is never opened; write groups as vmr-groups/1"),
    "nested": (b'{"x":' + b"[" * 10**5 + b"]" * 10**5 + b"}", "the JSON is nested too deeply;"),
}


@pytest.mark.parametrize(("content", "beginning"), CONTENTS.values(), ids=CONTENTS)
def test_bad_content(tmp_path: Path, content: bytes, beginning: str) -> None:
    """A file that is no snapshot at all is refused, broken JSON by line and column."""
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert refusal(path, lambda: load(path)).startswith(beginning)


def test_bad_paths(tmp_path: Path) -> None:
    """A path that leads to nothing usable is refused with what would be."""
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder.json").mkdir()
    missing, notes, folder = tmp_path / "none.json", tmp_path / "notes.txt", tmp_path / "folder.json"
    assert refusal(missing, lambda: load(missing)).startswith("cannot be read (No such file or directory); check")
    assert refusal(notes, lambda: load(notes)).startswith("not a known format; give a .json file, or a folder")
    assert refusal(folder, lambda: load(folder)).startswith("the folder has no pms.csv and vms.csv;")
    table = tmp_path / "pms.csv"
    assert refusal(table, lambda: load(table)).startswith("this is one table of two; give the folder")
    with pytest.raises(InputError, match="File name too long"):
        load(tmp_path / ("x" * 300 + ".json"))
    with pytest.raises(InputError, match="null byte"):
        load(tmp_path / "x\0.json")


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ('{"groups": []}', "top level: Object missing required field `format`;"),
        ('{"format": "vmr-groups/2", "groups": []}', "format: 'vmr-groups/2' is none of the values in"),
        ('{"format": "vmr-groups/1", "groups": [{"granularity": "host", "vms": ["z"]}]}',
         "groups[0]: the host group names VM z, which does not exist;"),
        ('{"format": "vmr-groups/1", "groups": [{"granularity": "host", "vms": "vw"}]}',
         "groups[0].vms: Expected `array`, got `str`;"),
        ("\x80", "byte"),
    ],
)  # fmt: skip
def test_bad_groups_file(tmp_path: Path, content: str, beginning: str) -> None:
    """A broken groups file is refused, not left out: groups silently lost would be broken later."""
    (tmp_path / "good.json").write_text(GOOD)
    path = tmp_path / "good.groups.json"
    path.write_bytes(content.encode("latin-1"))
    if beginning == "byte":
        beginning = "this is a Python pickle"
    assert refusal(path, lambda: load(tmp_path / "good.json")).startswith(beginning)


PMS = "pm,numa0_cores,numa0_memory_mib,numa1_cores,numa1_memory_mib,status,cluster,rack\n"
VMS = "vm,pm,numa,cores,memory_mib,movable,type,groups\n"
PM_A = "a,32,128,32,128,ACTIVE,east,r1\n"
VM_V = "v,a,0,4,16,yes,small,host:web\n"
TABLES = {
    # pms.csv, vms.csv, the file that is wrong, and what the sentence begins with
    "no PM": (PMS, VMS, "pms", "there is not a single PM;"),
    "empty": ("", VMS, "pms", "the file is empty;"),
    "no column": ("pm,numa0_cores\na,3\n", VMS, "pms", "line 1: the column numa0_memory_mib is missing;"),
    "semicolons": (PMS.replace(",", ";"), VMS, "pms", "line 1: the column pm is missing; a comma-separated header"),
    "misspelt": (PMS + PM_A, VMS.replace("movable", "moveable"), "vms",
                 "line 1, column moveable: no such column is known (did you mean movable?);"),
    "rack_id": (PMS.replace("rack", "rack_id") + PM_A, VMS, "pms",
                "line 1, column rack_id: no such column is known (did you mean rack?);"),
    "column twice": (PMS.replace("rack", "pm") + PM_A, VMS, "pms", "line 1, column pm: the column appears twice;"),
    "short line": (PMS + "a,32,128\n", VMS, "pms", "line 2: there are 3 cells under 8 columns;"),
    "long line": (PMS + PM_A, VMS + "\n\nv,a,0,4,16,yes,small,x,y\n", "vms", "line 4: there are 9 cells under 8 col"),
    "open quote": (PMS + PM_A + '"b,32', VMS, "pms", "line 3: this is not CSV (unexpected end of data);"),
    "no id": (PMS + PM_A.replace("a,", ",", 1), VMS, "pms", "line 2, column pm: PM  has no pm; fill the cell in."),
    "no host": (PMS + PM_A, VMS + VM_V.replace(",a,", ",,"), "vms", "line 2, column pm: VM v has no pm;"),
    "negative": (PMS + PM_A.replace("32", "-32", 1), VMS, "pms", "line 2, column numa0_cores: PM a has -32;"),
    "fraction": (PMS + PM_A, VMS + VM_V.replace("16", "16.5"), "vms", "line 2, column memory_mib: VM v has 16.5;"),
    "nan": (PMS + PM_A, VMS + VM_V.replace("16", "nan"), "vms", "line 2, column memory_mib: VM v has nan;"),
    "thousands": (PMS + PM_A, VMS + VM_V.replace("16", '"1,600"'), "vms", "line 2, column memory_mib: VM v has 1,600;"),
    "bytes": (PMS + PM_A.replace("128", "134217728000"), VMS, "pms", "line 2, column numa0_memory_mib: PM a has 1342"),
    "endless": (PMS + PM_A, VMS + VM_V.replace("16", "9" * 5000), "vms", "line 2, column memory_mib: VM v has 999"),
    "node 2": (PMS + PM_A, VMS + VM_V.replace(",0,", ",2,"), "vms",
               "line 2, column numa: VM v has 2; write one of 0, 1, both."),
    "odd double": (PMS + PM_A, VMS + VM_V.replace(",0,4,", ",both,5,"), "vms",
                   "line 2, column cores: VM v has 5 on both nodes together; write an even number."),
    "status": (PMS + PM_A.replace("ACTIVE", "UP"), VMS, "pms", "line 2, column status: PM a has UP; write one"),
    "no status": (PMS + PM_A.replace("ACTIVE", ""), VMS, "pms", "line 2, column status: PM a has no status;"),
    "cost": (PMS + PM_A, VMS.replace("groups", "migration_cost") + VM_V.replace("host:web", "-1"), "vms",
             "line 2, column migration_cost: VM v has -1; write a whole number in plain digits."),
    "movable": (PMS + PM_A, VMS + VM_V.replace("yes", "maybe"), "vms", "line 2, column movable: VM v has maybe;"),
    "group": (PMS + PM_A, VMS + VM_V.replace("host:", ""), "vms", "line 2, column groups: VM v has the group web;"),
    "group kind": (PMS + PM_A, VMS + VM_V.replace("host", "room"), "vms", "line 2, column groups: VM v has the group"),
    "rack group without racks": (PMS.replace(",rack", "") + PM_A.replace(",r1", ""), VMS + VM_V.replace("host", "rack"),
                                 "vms", "line 2, column groups: VM v is in a rack group but pms.csv has no"),
    "PM twice": (PMS + PM_A * 2, VMS, "pms", "line 3: PM a appears twice, first at "),
    "VM twice": (PMS + PM_A, VMS + VM_V * 2, "vms", "line 3: VM v appears twice, first at "),
    "unknown host": (PMS + PM_A, VMS + VM_V.replace(",a,", ",b,"), "vms", "line 2: VM v is on PM b, which is not"),
    "over capacity": (PMS + PM_A, VMS + VM_V.replace(",4,", ",40,"), "pms",
                      "line 2: the VMs on node 0 of PM a use 40 cores but it has 32;"),
}  # fmt: skip


@pytest.mark.parametrize(("pms", "vms", "file", "beginning"), TABLES.values(), ids=TABLES)
def test_bad_table(tmp_path: Path, pms: str, vms: str, file: str, beginning: str) -> None:
    """A wrong table is refused at its line and column, with the id of the PM or VM."""
    (tmp_path / "pms.csv").write_text(pms)
    (tmp_path / "vms.csv").write_text(vms)
    assert refusal(tmp_path / f"{file}.csv", lambda: load(tmp_path)).startswith(beginning)


def test_half_a_table(tmp_path: Path) -> None:
    """One table without the other is refused by the one that is missing."""
    (tmp_path / "pms.csv").write_text(PMS + PM_A)
    assert refusal(tmp_path / "vms.csv", lambda: load(tmp_path)).startswith("cannot be read (No such file")


def plan(**changes: object) -> dict[str, Any]:
    """Return a good plan for the tiny cluster, with some fields of its only migration changed, or else of the file."""
    step = {"vm": "vm_0", "from": {"pm": "pm_0", "numa": [0]}, "to": {"pm": "pm_1", "numa": [1]}, "wave": 0,
            "fr_after": 0.3333}  # fmt: skip
    content = {"format": "vmr-plan/1", "instance": "tiny", "solver": "hand", "mnl": 1, "fragment_cores": 16,
               "initial_fr": 0.6667, "final_fr": 0.3333, "migrations": [step]}  # fmt: skip
    for key, value in changes.items():
        target = step if key in step else content
        target[key] = value
    return {key: value for key, value in content.items() if value is not GONE}


STEP = "migrations[0]"
PLANS = {
    "format": (plan(format="vmr-plan/2"), "format: 'vmr-plan/2' is none of the values in"),
    "no format is ours, an empty object is not a plan": ({}, "top level: Object missing required field"),
    "a snapshot": (snapshot(), "top level: Object missing required field"),
    "mnl": (plan(mnl=-1), "mnl: Expected `int` >= 0;"),
    "mnl fraction": (plan(mnl=1.5), "mnl: Expected `int`, got `float`;"),
    "fragment": (plan(fragment_cores=0), "objective cores0: a slot is a positive number"),
    "nothing measured": (plan(fragment_cores=GONE), "fragment_cores: neither it nor an objective is given;"),
    "contradiction": (plan(objective="cores8"), "fragment_cores: 16 contradicts the objective cores8;"),
    "objective": (plan(objective="speed"), "objective 'speed': not understood;"),
    "migrations": (plan(migrations={}), "migrations: Expected `array`, got `object`;"),
    "wave": (plan(wave="first"), f"{STEP}.wave (vm_0): Expected `int`, got `str`;"),
    "fr_after": (plan(fr_after=None), f"{STEP}.fr_after (vm_0): Expected `float`, got `null`;"),
    "node 2": (plan(to={"pm": "pm_1", "numa": [2]}), f"{STEP}.to.numa[0] (vm_0): 2 is none of the values in"),
    "unknown VM": (plan(vm="vm_9"), f"{STEP}.vm: VM vm_9 is not in the cluster;"),
    "unknown PM": (plan(to={"pm": "pm_9", "numa": [1]}), f"{STEP}.to.pm: PM pm_9 is not in the cluster;"),
    "both nodes for a single": (plan(to={"pm": "pm_1", "numa": [0, 1]}), f"{STEP}.to.numa: VM vm_0 occupies one node;"),
    "no node": (plan(to={"pm": "pm_1", "numa": []}), f"{STEP}.to.numa: VM vm_0 occupies one node; write [0] or [1]."),
    "one node for a double": (plan(vm="vm_3", **{"from": {"pm": "pm_1", "numa": [0]}}),
                              f"{STEP}.from.numa: VM vm_3 occupies both nodes; write [0, 1]."),
    "elsewhere": (plan(**{"from": {"pm": "pm_1", "numa": [0]}}),
                  f"{STEP}.from: VM vm_0 is on node 0 of PM pm_0 at that step, not on node 0 of PM pm_1;"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "beginning"), PLANS.values(), ids=PLANS)
def test_bad_plan_file(tmp_path: Path, tiny: Cluster, content: dict, beginning: str) -> None:
    """A plan file that cannot be read, or does not belong to the cluster, is refused at its place."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content))
    assert refusal(path, lambda: to_plan(read_plan(path), tiny, path)).startswith(beginning)


def test_a_step_starts_where_the_last_one_ended(tmp_path: Path, tiny: Cluster) -> None:
    """The second step of a VM must start where the first one took it."""
    path = tmp_path / "plan.json"
    content = plan()
    content["migrations"] *= 2
    path.write_text(json.dumps(content))
    sentence = refusal(path, lambda: to_plan(read_plan(path), tiny, path))
    assert sentence.startswith("migrations[1].from: VM vm_0 is on node 1 of PM pm_1 at that step, not on node 0 of PM")
