"""What a command line names."""

import pickle
from pathlib import Path

import pytest

from data import Cluster, InputError
from data.formats import save_json, save_tables
from data.instances import resolve, resolve_one


@pytest.fixture
def folder(tiny: Cluster, tmp_path: Path) -> Path:
    """Write a set as published, and the same cluster in other places."""
    for split, indices in (("train", (0,)), ("test", (2, 10, 9))):
        for index in indices:
            save_json(tiny, tmp_path / "set" / split / f"flex_vm_{index}.json")
    (tmp_path / "set" / "test" / "10_low_cluster_2.json").write_bytes(b"\x80\x04 a pickle")
    save_json(tiny, tmp_path / "other" / "flex_vm_2.json")
    save_json(tiny, tmp_path / "loose" / "b.json")
    save_json(tiny, tmp_path / "loose" / "a.json")
    (tmp_path / "loose" / "a.groups.json").write_text('{"format": "vmr-groups/1", "groups": []}')
    save_tables(tiny, tmp_path / "tables")
    return tmp_path


def names(text: str, count: int = 5, split: str = "test") -> list[str]:
    """Return the names that ``text`` resolves to."""
    return [instance.name for instance in resolve(text, count, split)]


def test_presets() -> None:
    """A preset stands for the first clusters of the split; a single one can be named."""
    assert names("medium", 2) == ["medium-test-0", "medium-test-1"]
    assert names("low , medium", 1, "dev") == ["low-dev-0", "medium-dev-0"]
    assert names("medium-train-7,medium-train-7") == ["medium-train-7"]
    assert resolve("low", 1)[0].load().name == "low-test-0"


def test_files_and_folders(folder: Path) -> None:
    """Files, table folders and folders of snapshots, in numeric order, groups files and pickles left out."""
    assert names(f"{folder}/tables") == ["tables"]
    assert names(f"{folder}/loose") == ["a", "b"]
    assert names(f"{folder}/set/test") == ["flex_vm_2", "flex_vm_9", "flex_vm_10"]
    assert names(f"{folder}/set", 2) == ["flex_vm_2", "flex_vm_9"]
    assert names(f"{folder}/set", 2, "train") == ["flex_vm_0"]


def test_equal_stems_get_different_names(folder: Path) -> None:
    """Names are unique and fit for a file name, and one file is taken once."""
    text = f"{folder}/set/test/flex_vm_2.json,{folder}/other/flex_vm_2.json,{folder}/other/flex_vm_2.json"
    assert names(text) == ["flex_vm_2", "other-flex_vm_2"]
    (folder / "a b").mkdir()
    (folder / "a b" / "ü #1!.json").write_text("{}")
    assert names(f"{folder}/a b/ü #1!.json") == ["ü-1-"]


def test_instances_are_sent_to_other_processes(folder: Path, tiny: Cluster) -> None:
    """An instance survives pickling and loads the cluster there."""
    for instance in resolve(f"{folder}/tables,{folder}/loose", 1):
        assert pickle.loads(pickle.dumps(instance)) == instance  # noqa: S301 - our own
        assert instance.load().vm_names == tiny.vm_names


@pytest.mark.parametrize(
    ("text", "count", "split", "reason"),
    [
        (
            "meduim",
            1,
            "test",
            r"'meduim' is no preset \(did you mean medium\?\) and no file or folder; the presets are",
        ),
        ("none/flex_vm_0.json", 1, "test", "none/flex_vm_0.json: there is no such file or folder"),
        ("none.json", 1, "test", "none.json: there is no such file or folder"),
        ("x" * 5000, 1, "test", "is no preset"),
        ("a\0b", 1, "test", "is no preset"),
        (" , ", 1, "test", "no cluster is named"),
        ("medium", 0, "test", "0 clusters are none"),
        ("medium", 1, "valid", "there is no split 'valid'; choose one of train, dev, test"),
        ("{folder}/set", 1, "dev", r"set/dev: there is no such folder"),
        ("{folder}", 1, "test", "the folder has no snapshot"),
    ],
)
def test_what_is_not_there(folder: Path, text: str, count: int, split: str, reason: str) -> None:
    """A wrong name is refused in one sentence that says what exists."""
    with pytest.raises(InputError, match=reason) as caught:
        resolve(text.replace("{folder}", str(folder)), count, split)
    assert "\n" not in str(caught.value)


def test_one_cluster(folder: Path) -> None:
    """Where one cluster is wanted, several are refused rather than the first taken."""
    assert resolve_one(f"{folder}/tables").name == "tables"
    assert resolve_one("medium-test-3").name == "medium-test-3"
    for text in ("medium", f"{folder}/set", f"{folder}/tables,medium-test-0"):
        with pytest.raises(InputError, match="names several clusters, such as"):
            resolve_one(text)
