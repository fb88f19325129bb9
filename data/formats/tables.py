"""Plain tables: a folder with ``pms.csv`` and ``vms.csv``, as anyone can export them."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from data.cluster import CORES, MEMORY, Cluster
from data.errors import locate
from data.formats.csv_file import Record, read_table
from data.formats.files import one_line, write_text
from data.formats.rows import GroupRow, PmRow, VmRow, assemble, whole

PM_COLUMNS = ("pm", "numa0_cores", "numa0_memory_mib", "numa1_cores", "numa1_memory_mib")
PM_OPTIONAL = ("status", "cluster", "rack")
VM_COLUMNS = ("vm", "pm", "numa", "cores", "memory_mib")
VM_OPTIONAL = ("movable", "type", "groups", "migration_cost")

STATUS = {"active": "ACTIVE", "disabled": "DISABLED", "outage": "OUTAGE"}
MOVABLE = {"true": "yes", "yes": "yes", "1": "yes", "false": "", "no": "", "0": ""}
NUMA = {"0": "0", "1": "1", "both": "both"}
GRANULARITY: dict[str, Literal["host", "rack"]] = {"host": "host", "rack": "rack"}


def load_tables(folder: Path) -> Cluster:
    """Read ``pms.csv`` and ``vms.csv`` of a folder; the cluster is named after it.

    Raises
    ------
    InputError
        When a table cannot be used: names file, line, column and id.
    """
    pm_columns, pm_records = read_table(folder / "pms.csv", "PM", PM_COLUMNS, PM_OPTIONAL)
    vm_columns, vm_records = read_table(folder / "vms.csv", "VM", VM_COLUMNS, VM_OPTIONAL)
    if not pm_records:
        raise locate(folder / "pms.csv", "", "there is not a single PM; export the hosts too.")
    pms = [_pm_row(record, pm_columns) for record in pm_records]
    vms = [_vm_row(record, vm_columns) for record in vm_records]
    groups = _group_rows(vm_records, racks="rack" in pm_columns) if "groups" in vm_columns else []
    return assemble(folder.resolve().name, pms, vms, groups, list(dict.fromkeys(row.pool for row in pms)))


def save_tables(cluster: Cluster, folder: Path) -> None:
    """Write ``pms.csv`` and ``vms.csv``, which ``load_tables`` reads back; a closed PM becomes ``DISABLED``.

    Raises
    ------
    InputError
        When a name could not be read back (empty, or with blanks around it), or a file cannot be written.
    """
    names = (*cluster.pm_names, *cluster.vm_names, *cluster.pool_names, *cluster.rack_names)
    for name in names:
        if not name or name != name.strip() or "\0" in name:
            raise locate(folder, "", f"the name {name!r} cannot stand in a table; rename it or save JSON.")
    write_text(folder / "pms.csv", _csv((*PM_COLUMNS, *PM_OPTIONAL), _pm_cells(cluster)))
    write_text(folder / "vms.csv", _csv((*VM_COLUMNS, *VM_OPTIONAL), _vm_cells(cluster)))


def _pm_row(record: Record, columns: Sequence[str]) -> PmRow:
    first, second = (
        (_whole(record, f"numa{side}_cores"), _whole(record, f"numa{side}_memory_mib")) for side in (0, 1)
    )  # fmt: skip
    active = "status" not in columns or record.choice("status", STATUS) == "ACTIVE"
    pool = record.text("cluster") if "cluster" in columns else "cluster"
    rack = record.text("rack") if "rack" in columns else "rack"
    return PmRow(record.where, record.text("pm"), (first, second), active, pool, rack)


def _vm_row(record: Record, columns: Sequence[str]) -> VmRow:
    numa = record.choice("numa", NUMA)
    double = numa == "both"
    cores, memory = _whole(record, "cores"), _whole(record, "memory_mib")
    if double:
        for column, amount in (("cores", cores), ("memory_mib", memory)):
            if amount % 2:
                reason = f"{one_line(record.owner)} has {amount} on both nodes together; write an even number."
                raise record.error(column, reason)
        cores, memory = cores // 2, memory // 2
    movable = "movable" not in columns or bool(record.choice("movable", MOVABLE))
    kind = record.cells.get("type", "")
    cost = _whole(record, "migration_cost", "") if "migration_cost" in columns else 1
    name, host = record.text("vm"), record.text("pm")
    return VmRow(record.where, name, host, double, int(numa == "1"), (cores, memory), movable, kind, cost)


def _whole(record: Record, column: str, unit: str = ", in cores or MiB") -> int:
    return whole(f"{record.where}, column {column}", record.owner, record.number(column), unit)


def _group_rows(records: Sequence[Record], *, racks: bool) -> list[GroupRow]:
    """Collect the VMs that name the same group, as ``host:web;rack:db``."""
    members: dict[tuple[Literal["host", "rack"], str], list[str]] = {}
    for record in records:
        for part in filter(None, map(str.strip, record.cells["groups"].split(";"))):
            kind, _, name = (each.strip() for each in part.partition(":"))
            granularity = GRANULARITY.get(kind.lower())
            owner = one_line(record.owner)
            if granularity is None or not name:
                reason = (
                    f"{owner} has the group {one_line(part)}; write host:NAME or rack:NAME, separated by semicolons."
                )
                raise record.error("groups", reason)
            if granularity == "rack" and not racks:
                reason = f"{owner} is in a rack group but pms.csv has no column rack; add it."
                raise record.error("groups", reason)
            members.setdefault((granularity, name), []).append(record.cells["vm"])
    return [GroupRow("vms.csv", granularity, vms) for (granularity, _), vms in members.items()]


def _pm_cells(cluster: Cluster) -> Iterator[list[Any]]:
    for pm, name in enumerate(cluster.pm_names):
        status = "ACTIVE" if cluster.open[pm] else "DISABLED"
        pool, rack = cluster.pool_names[cluster.pool[pm]], cluster.rack_names[cluster.rack[pm]]
        yield [name, *cluster.capacity[pm].reshape(-1).tolist(), status, pool, rack]


def _vm_cells(cluster: Cluster) -> Iterator[list[Any]]:
    kinds = cluster.vm_type_names or ("",) * cluster.vms
    for vm, name in enumerate(cluster.vm_names):
        double = bool(cluster.double[vm])
        numa = "both" if double else int(cluster.node[vm])
        cores, memory = (int(cluster.demand[vm, column]) * (1 + double) for column in (CORES, MEMORY))
        movable = "yes" if cluster.movable[vm] else "no"
        groups = ";".join(f"{cluster.groups[index].granularity}:g{index}" for index in cluster.groups_of.get(vm, ()))
        cost = int(cluster.migration_cost[vm])
        yield [name, cluster.pm_names[cluster.pm[vm]], numa, cores, memory, movable, kinds[vm], groups, cost]


def _csv(header: Sequence[str], rows: Iterator[list[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
