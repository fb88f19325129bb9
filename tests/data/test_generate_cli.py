"""The command line that writes and checks built-in clusters."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from data import generate as command
from data.formats import load_json
from data.generate import Options, main, run
from data.generators import generate
from data.generators.files import write_one


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_files_hold_the_clusters(tmp_path: Path, console: Console) -> None:
    """Files carry the paper's folders and numbers, and read back as the clusters they are."""
    run(Options("low", split="dev", count=2, start=3, out=tmp_path, jobs=1), console)
    files = sorted(tmp_path.rglob("*"))
    assert [each.relative_to(tmp_path).as_posix() for each in files if each.is_file()] == [
        "low/dev/flex_vm_6003.json",
        "low/dev/flex_vm_6004.json",
    ]
    loaded, made = load_json(tmp_path / "low/dev/flex_vm_6004.json"), generate("low", "dev", 4)
    for field in ("capacity", "demand", "double", "pm", "node", "open", "movable", "pool", "rack"):
        np.testing.assert_array_equal(getattr(loaded, field), getattr(made, field))


def test_existing_files_are_kept(tmp_path: Path, console: Console) -> None:
    """A second run writes what is missing, byte for byte as before, and touches nothing else."""
    options = Options("low", count=2, out=tmp_path, jobs=1)
    run(options, console)
    kept, missing = (tmp_path / "low/test" / f"flex_vm_{number}.json" for number in (6200, 6201))
    before = missing.read_bytes()
    kept.write_text("mine")
    missing.unlink()
    run(options, console)
    assert kept.read_text() == "mine"
    assert missing.read_bytes() == before
    assert "wrote 1 clusters, kept 1 that were there" in said(console)


def test_parallel_makes_the_same_files(tmp_path: Path, console: Console) -> None:
    """Two processes write what one writes."""
    for jobs in (1, 2):
        run(Options("low", count=2, out=tmp_path / str(jobs), jobs=jobs), console)
    one, two = (
        [each.read_bytes() for each in sorted((tmp_path / jobs).rglob("*.json"))] for jobs in ("1", "2")
    )  # fmt: skip
    assert one == two


def test_interruption_keeps_finished_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C leaves the finished files whole, says so, and ends with 130."""

    def interrupted(out: Path, preset: str, split: str, index: int) -> None:
        if index == 2:
            raise KeyboardInterrupt
        write_one(out, preset, split, index)

    monkeypatch.setattr(command, "write_one", interrupted)
    monkeypatch.setattr("sys.argv", ["generate", "low", "--count", "4", "--jobs", "1", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "finished files are kept" in capsys.readouterr().err
    assert sorted(each.name for each in (tmp_path / "low/test").iterdir()) == ["flex_vm_6200.json", "flex_vm_6201.json"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["giant"], "preset 'giant' does not exist; choose one of medium"),
        (["low", "--count", "0"], "--count 0"),
        (["low", "--jobs", "0"], "--jobs 0"),
        (["low", "--start", "-1"], "cluster -1 of low"),
    ],
)
def test_bad_options_get_one_sentence(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong option is refused in one line with exit code 2."""
    monkeypatch.setattr("sys.argv", ["generate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert words in error


def test_a_folder_in_the_way_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the file system refuses is said in one line with exit code 2."""
    (tmp_path / "low").write_text("a file where a folder should be")
    monkeypatch.setattr("sys.argv", ["generate", "low", "--count", "1", "--jobs", "1", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_check_prints_the_table_and_writes_nothing(tmp_path: Path, console: Console) -> None:
    """--check sets published figures beside ours and leaves no file."""
    run(Options("multi", count=1, out=tmp_path, jobs=1, check=True), console)
    for words in ("published", "ours", "difference", "0.362", "initial FR"):
        assert words in said(console)
    assert not list(tmp_path.iterdir())
