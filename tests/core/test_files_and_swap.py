"""Files and folders are whole or as they were, whatever happens in between."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest

from cloneproof._core import swap
from cloneproof._core.errors import FileAccessError
from cloneproof._core.files import atomic_path, file_sha256, write_text
from cloneproof._core.swap import replaced_folder


def owned(name: str) -> bool:
    return name.startswith("result")


def test_a_written_file_has_the_content_and_the_usual_mode(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "käse")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == "käse".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "deep" / "a.txt").stat().st_mode) == 0o666 & ~umask
    assert file_sha256(tmp_path / "deep" / "a.txt") == hashlib.sha256("käse".encode()).hexdigest()


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError, match="boom"), atomic_path(target) as part:
        part.write_text("half")
        raise RuntimeError("boom")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileAccessError, match=r"Cannot write .*file/a\.txt"):
        write_text(tmp_path / "file" / "a.txt", "y")


@pytest.mark.parametrize("by_exchange", [True, False], ids=["exchange", "two renames"])
def test_a_replaced_folder_is_new_and_keeps_what_is_not_owned(tmp_path, monkeypatch, by_exchange):
    if not by_exchange:
        monkeypatch.setattr(swap.sys, "platform", "win32")
    target = tmp_path / "run"
    with replaced_folder(target, owned=owned) as fresh:
        (fresh / "result.txt").write_text("one")
        (fresh / "result-old.txt").write_text("gone after the next run")
    (target / "notes.txt").write_text("mine")
    (target / "cache" / "deep").mkdir(parents=True)
    (target / "cache" / "deep" / "x").write_text("kept")
    (target / "link").symlink_to("notes.txt")
    with replaced_folder(target, owned=owned) as fresh:
        (fresh / "result.txt").write_text("two")
        assert (target / "result.txt").read_text() == "one"
    assert sorted(p.name for p in target.iterdir()) == ["cache", "link", "notes.txt", "result.txt"]
    assert (target / "result.txt").read_text() == "two"
    assert (target / "cache" / "deep" / "x").read_text() == "kept"
    assert (target / "link").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_failure_leaves_the_old_folder(tmp_path):
    target = tmp_path / "run"
    with replaced_folder(target, owned=owned) as fresh:
        (fresh / "result.txt").write_text("one")
    with pytest.raises(KeyboardInterrupt), replaced_folder(target, owned=owned) as fresh:
        (fresh / "result.txt").write_text("half")
        raise KeyboardInterrupt
    assert (target / "result.txt").read_text() == "one"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_leftovers_of_a_killed_run_are_removed_and_an_old_folder_is_put_back(tmp_path):
    target = tmp_path / "run"
    dead = 2**22 + 1  # beyond the largest process number
    (tmp_path / f".run.{dead}.abc.part").mkdir()
    aside = tmp_path / f".run.{dead}.abc.part.old"
    aside.mkdir()
    (aside / "result.txt").write_text("one")
    alive = tmp_path / f".run.{os.getpid()}.abc.part"
    alive.mkdir()
    with pytest.raises(RuntimeError), replaced_folder(target, owned=owned):
        assert (target / "result.txt").read_text() == "one"
        raise RuntimeError
    assert sorted(p.name for p in tmp_path.iterdir()) == [alive.name, "run"]


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(FileAccessError, match="Cannot write"),
        replaced_folder(tmp_path / "file" / "run", owned=owned),
    ):
        pass
