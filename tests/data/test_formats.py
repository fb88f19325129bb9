"""Reading and writing snapshots."""

import dataclasses
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings

from data import Cluster, InputError, Objective, Score
from data.formats import load, load_tables, save_json, save_tables
from tests.conftest import REAL
from tests.strategies import clusters


def facts(cluster: Cluster) -> dict:
    """Return everything that a cluster says, racks by name since their numbers mean nothing."""
    arrays = ("capacity", "demand", "double", "pm", "node", "open", "movable", "migration_cost")
    return {
        **{name: getattr(cluster, name).tolist() for name in arrays},
        "names": (cluster.name, cluster.pm_names, cluster.vm_names, cluster.vm_type_names),
        "pools": [cluster.pool_names[index] for index in cluster.pool],
        "racks": [cluster.rack_names[index] for index in cluster.rack],
        "groups": cluster.groups,
    }


def table_facts(cluster: Cluster) -> dict:
    """Return what a table says: groups in no order."""
    groups = {(group.granularity, frozenset(group.vms)) for group in cluster.groups}
    return {**facts(cluster), "groups": groups}


def rename(cluster: Cluster) -> Cluster:
    """Give names that need quoting in one format or another."""
    return dataclasses.replace(
        cluster,
        pm_names=tuple(f'p "{index}", ü' for index in range(cluster.pms)),
        vm_names=tuple(f"v;{index}\n:\\" for index in range(cluster.vms)),
    )


@settings(max_examples=150, deadline=None)
@given(clusters())
def test_json_round_trip(cluster: Cluster) -> None:
    """What is saved as JSON is read back in everything: names, order, pools, racks, groups, status."""
    cluster = rename(cluster)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "random.json"
        save_json(cluster, path)
        back = load(path)
    assert facts(back) == facts(cluster)
    assert back.pool_names == cluster.pool_names


@settings(max_examples=150, deadline=None)
@given(clusters())
def test_table_round_trip(cluster: Cluster) -> None:
    """What is saved as tables is read back in everything."""
    cluster = rename(cluster)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "random"
        save_tables(cluster, path)
        back = load(path)
    assert table_facts(back) == table_facts(cluster)


@pytest.mark.parametrize(("name", "pms", "fr"), [("medium", 279, 0.9770), ("large", 1176, 0.6003)])
def test_released_snapshots(name: str, pms: int, fr: float, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The released snapshots have the published size and FR, and both formats carry them whole."""
    cluster = request.getfixturevalue(name)
    assert cluster.pms == pms
    assert len(cluster.pool_names) == 2
    assert Score(cluster, Objective()).rate(cluster.free) == pytest.approx(fr, abs=5e-5)
    save_json(cluster, tmp_path / f"{name}.json")
    save_tables(cluster, tmp_path / name)
    assert facts(load(tmp_path / f"{name}.json")) == facts(cluster)
    assert table_facts(load(tmp_path / name)) == table_facts(cluster)


def test_large_loads_fast(large: Cluster) -> None:
    """The largest snapshot loads in under 0.3 s, the time that anyone waits without noticing."""
    seconds = []
    for _ in range(5):
        start = time.process_time()  # other work on the machine does not count
        assert load(REAL / "large.json").vms == large.vms
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.3


def test_saved_free_values_are_right_on_both_nodes(tiny: Cluster, tmp_path: Path) -> None:
    """Other readers take what is free from the file; released files have node 0's memory on node 1."""
    save_json(tiny, tmp_path / "tiny.json")
    hosts = json.loads((tmp_path / "tiny.json").read_text())["cluster_list"][0]["host_info"]
    free = [[(numa["free_cpu"], numa["memory_huge_free_mb"]) for numa in host["numa"]] for host in hosts]
    assert np.array_equal(free, tiny.free[:2])
    assert tiny.free[1, 0, 1] != tiny.free[1, 1, 1]


def test_free_values_of_the_file_are_not_believed(tiny: Cluster, tmp_path: Path) -> None:
    """Free values, host totals and unknown fields change nothing: only capacities and VMs count."""
    path = tmp_path / "tiny.json"
    save_json(tiny, path)
    content = json.loads(path.read_text())
    for host in content["cluster_list"][0]["host_info"]:
        host |= {"node_cpu": 1, "node_mem_mb": "?", "colour": "red"}
        for numa in host["numa"]:
            numa |= {"free_cpu": -3, "memory_huge_free_mb": 1e9}
    path.write_text(json.dumps(content))
    assert facts(load(path)) == facts(tiny)


def test_numbers_may_be_written_as_floats(tiny: Cluster, tmp_path: Path) -> None:
    """Released files mix 4096 and 4096.0, and true and 1."""
    path = tmp_path / "tiny.json"
    save_json(tiny, path)
    text = path.read_text().replace('"cpu": 8', '"cpu": 8.0').replace('"allow_migration": true', '"allow_migration": 1')
    path.write_text(text.replace('"allow_migration": false', '"allow_migration": 0'))
    assert facts(load(path)) == facts(tiny)


def test_deployment_sets_are_kept_once(tiny: Cluster, tmp_path: Path) -> None:
    """Released files repeat one list in every cluster; groups of one VM say nothing; ids may be of another cluster."""
    path = tmp_path / "tiny.json"
    save_json(tiny, path)
    content = json.loads(path.read_text())
    sets = [
        {"granularity": "host", "data": ["vm_4", "vm_1"]},
        {"granularity": "rack", "data": ["vm_1", "vm_4", "vm_4"]},
        {"granularity": "host", "data": ["vm_0"]},
        {"granularity": "host", "data": []},
    ]
    content["cluster_list"][1]["other_requirement"] = {"deployment_set": sets}
    path.write_text(json.dumps(content))
    assert [(group.granularity, group.vms) for group in load(path).groups] == [("host", (1, 4)), ("rack", (1, 4))]


def test_groups_file_beside_is_read(tiny: Cluster, tmp_path: Path) -> None:
    """Groups can be given to a snapshot without touching it."""
    path = tmp_path / "tiny.json"
    save_json(tiny, path)
    groups = {"format": "vmr-groups/1", "groups": [{"granularity": "host", "vms": ["vm_0", "vm_3"]}]}
    (tmp_path / "tiny.groups.json").write_text(json.dumps(groups))
    assert [group.vms for group in load(path).groups] == [(1, 4), (0, 3)]
    with pytest.raises(InputError, match=r"tiny\.groups\.json: these are the groups of a snapshot"):
        load(tmp_path / "tiny.groups.json")


def test_tables_as_people_export_them(tmp_path: Path) -> None:
    """A byte order mark, CRLF, blanks, blank lines, other columns in any order, and no optional column: all fine."""
    (tmp_path / "pms.csv").write_bytes(
        b"\xef\xbb\xbfpm,numa0_cores,numa0_memory_mib,numa1_cores,numa1_memory_mib,bought\r\n"
        b"a,32,128.0,0,0,2019\r\n\r\n , , , , , \r\nb, 32, 128, 32, 128, 2020\r\n"
    )
    (tmp_path / "vms.csv").write_bytes(b"Owner,VM,PM,NUMA,cores,memory_mib\r\nx,v,a,0,4,16\r\ny,w,b,Both,8,32\r\n")
    cluster = load_tables(tmp_path)
    assert cluster.capacity.tolist() == [[[32, 128], [0, 0]], [[32, 128], [32, 128]]]
    assert cluster.demand.tolist() == [[4, 16], [4, 16]]
    assert cluster.double.tolist() == [False, True]
    assert cluster.open.all()
    assert cluster.movable.all()


def test_tables_optional_columns(tmp_path: Path) -> None:
    """Status, cluster, rack, movable, type and groups are understood; a VM may be in several groups."""
    (tmp_path / "pms.csv").write_text(
        "pm,numa0_cores,numa0_memory_mib,numa1_cores,numa1_memory_mib,status,cluster,rack\n"
        "a,32,128,32,128,ACTIVE,east,r1\nb,32,128,32,128,outage,west,r2\n"
    )
    (tmp_path / "vms.csv").write_text(
        "vm,pm,numa,cores,memory_mib,movable,type,groups\n"
        "v,a,0,4,16,yes,small,host:web;rack:db\nw,b,1,8,32,0,,host:web\nx,a,1,8,32,true,big, rack:db ;\n"
    )
    cluster = load(tmp_path)
    assert cluster.open.tolist() == [True, False]
    assert cluster.pool_names == ("east", "west")
    assert cluster.movable.tolist() == [True, False, True]
    assert cluster.vm_type_names == ("small", "", "big")
    assert [(group.granularity, group.vms) for group in cluster.groups] == [("host", (0, 1)), ("rack", (0, 2))]


def test_costs_are_read_where_given(tiny: Cluster, tmp_path: Path) -> None:
    """A migration costs 1 where a file does not say otherwise, and a released file is written without costs."""
    save_json(tiny, tmp_path / "tiny.json")
    text = (tmp_path / "tiny.json").read_text()
    assert "migration_cost" not in text
    assert load(tmp_path / "tiny.json").migration_cost.tolist() == [1] * tiny.vms
    text = text.replace('"instance_id": "vm_1"', '"migration_cost": 7, "instance_id": "vm_1"')
    (tmp_path / "tiny.json").write_text(text)
    dear = load(tmp_path / "tiny.json")
    assert dear.migration_cost.tolist() == [7 if name == "vm_1" else 1 for name in dear.vm_names]


def test_nothing_is_written_half(tiny: Cluster, tmp_path: Path) -> None:
    """A file that cannot be written is refused in a sentence and leaves nothing beside it."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        save_json(tiny, tmp_path / "taken")
    with pytest.raises(InputError, match="cannot stand in a table"):
        save_tables(dataclasses.replace(tiny, pm_names=("a", " b", "c")), tmp_path / "tables")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
