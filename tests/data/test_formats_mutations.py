"""Random damage to good files: either a valid load or one sentence, never anything else."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import Cluster, InputError, Objective, Plan, check
from data.formats import load, save_json, save_tables
from data.plan_file import make_plan_file, read_plan, to_plan, write_plan

STRANGE = [
    None, True, False, 0, 1, -1, 2, 0.5, 4096.5, -0.0, 1e18, 1e308, 2**53, 2**63, 2**64, 10**30, "", "0", "vm_0",
    "pm_0", "é", "\ud800", "\n", "x" * 1000, [], [0], [[]], {}, {"node": 0}, ["vm_0", "vm_0"], "ACTIVE", "rack",
]  # fmt: skip


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """Flip, delete, repeat or cut some bytes."""
    start = rng.randrange(len(content))
    end = min(len(content), start + rng.choice([1, 1, 1, 2, 5, 40]))
    middle = {
        "flip": lambda: bytes(rng.randrange(256) for _ in range(end - start)),
        "delete": lambda: b"",
        "repeat": lambda: content[start:end] * 2,
        "digit": lambda: str(rng.choice([0, 9, -1, 10**12])).encode(),
        "cut": lambda: None,
    }[rng.choice(["flip", "delete", "repeat", "digit", "cut"])]()
    return content[:start] if middle is None else content[:start] + middle + content[end:]


def damage_value(content: bytes, rng: random.Random) -> bytes:
    """Replace, delete or double a value at a random place of a JSON document, or swap two."""
    document = json.loads(content)
    places = list(_places(document))
    parent, key = rng.choice(places)
    action = rng.choice(["replace", "replace", "delete", "swap", "double"])
    if action == "replace":
        parent[key] = rng.choice(STRANGE)
    elif action == "delete":
        del parent[key]
    elif action == "double" and isinstance(parent, list):
        parent.append(parent[key])
    else:
        other, other_key = rng.choice(places)
        parent[key], other[other_key] = json.loads(json.dumps([other[other_key], parent[key]]))
    return json.dumps(document).encode()


def _places(value: Any) -> Any:
    """Walk through a document: every container and key in it."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def survive(path: Path, read: Callable[[], object]) -> bool:
    """Tell whether a damaged file was read; a refusal must be one sentence that names the file."""
    try:
        read()
    except InputError as error:
        sentence = str(error)
        assert sentence.isprintable()
        assert str(path.parent) in sentence
        assert len(sentence) < 700
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_damaged_json(tiny: Cluster, tmp_path: Path, seed: int) -> None:
    """500 damages each, to bytes and to values: what loads is a cluster that can be checked and saved."""
    path = tmp_path / "tiny.json"
    save_json(tiny, path)
    good, rng = path.read_bytes(), random.Random(seed)
    read = 0
    for _ in range(500):
        path.write_bytes(rng.choice([damage_bytes, damage_value, damage_value])(good, rng))
        read += survive(path, lambda: check(load(path), Plan()))
    assert 20 < read < 450


def test_damaged_tables(tiny: Cluster, tmp_path: Path) -> None:
    """400 damages to either table."""
    save_tables(tiny, tmp_path)
    rng = random.Random(4)
    for name in ("pms.csv", "vms.csv"):
        path = tmp_path / name
        good = path.read_bytes()
        read = 0
        for _ in range(200):
            path.write_bytes(damage_bytes(good, rng))
            read += survive(path, lambda: check(load(tmp_path), Plan()))
        assert 5 < read < 195
        path.write_bytes(good)


def test_damaged_plan_files(tiny: Cluster, tmp_path: Path) -> None:
    """400 damages to a plan file."""
    path = tmp_path / "plan.json"
    write_plan(path, make_plan_file(tiny, Plan.of([(0, 1, 1), (3, 0, 0)]), "tiny", "hand", 2, Objective(), 0.0))
    good, rng = path.read_bytes(), random.Random(5)
    for _ in range(400):
        path.write_bytes(rng.choice([damage_bytes, damage_value])(good, rng))
        survive(path, lambda: to_plan(read_plan(path), tiny, path))
