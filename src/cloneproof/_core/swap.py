"""Replace a whole folder in one step, so that a killed program leaves the old one or the new one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cloneproof._core.errors import FileAccessError

__all__ = ["replaced_folder"]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux, renameat2(2)
_RENAME_SWAP = 2  # macOS, renamex_np(2)


@contextmanager
def replaced_folder(target: str | os.PathLike[str], *, owned: Callable[[str], bool]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `target` when the block ends well.

    Entries of the old folder that are not `owned` (a person's notes, a cache) are carried over.

    Parameters
    ----------
    target : path-like
        The folder to replace or make.
    owned : callable
        Tells by its name whether an entry of the old folder is replaced (True) or carried over.

    Raises
    ------
    FileAccessError
        If a folder cannot be made, moved or written.

    Notes
    -----
    On Linux and macOS the two folders are exchanged in one system call: there is no moment at which
    `target` is absent or mixed, also under ``kill -9``. Elsewhere two renames stand close together;
    what an interrupted exchange leaves beside `target` (``.NAME.*.part``) is removed by the next run.
    """
    place = Path(os.path.abspath(target))  # noqa: PTH100  (resolve() would follow a link at the end)
    if place.is_symlink():
        place = place.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(place)
        fresh = Path(
            tempfile.mkdtemp(prefix=f".{place.name}.{os.getpid()}.", suffix=".part", dir=place.parent)
        )
        umask = os.umask(0)
        os.umask(umask)
        fresh.chmod(0o777 & ~umask)
    except OSError as error:
        raise FileAccessError(f"Cannot write beside {place}: {error.strerror}.") from error
    try:
        yield fresh
        if place.exists():
            for entry in sorted(place.iterdir()):
                if not owned(entry.name):
                    _carry(entry, fresh / entry.name)
            _flush(fresh)
            _exchange(fresh, place)
        else:
            _flush(fresh)
            fresh.rename(place)
        _flush(place.parent)
    except FileAccessError:
        raise
    except OSError as error:
        raise FileAccessError(f"Cannot write {place}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _remove_leftovers(place: Path) -> None:
    """Remove what a killed run left beside `place`, unless its process is still at work.

    Where folders cannot be exchanged in one call and the run died between the two renames, the old
    folder is put back first.
    """
    for aside in place.parent.glob(f".{place.name}.*.part.old"):
        if not place.exists():
            aside.rename(place)
        else:
            shutil.rmtree(aside, ignore_errors=True)
    for leftover in place.parent.glob(f".{place.name}.*.part"):
        owner = leftover.name.removeprefix(f".{place.name}.").split(".", maxsplit=1)[0]
        if leftover.is_dir() and owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(leftover, ignore_errors=True)


def _is_running(process: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _carry(entry: Path, place: Path) -> None:
    """Put an entry into the new folder too: by hard link where that works, else by copy."""

    def link(source: str, destination: str) -> None:
        try:
            os.link(source, destination)
        except OSError:
            shutil.copy2(source, destination)

    if entry.is_dir() and not entry.is_symlink():
        shutil.copytree(entry, place, copy_function=link, symlinks=True)
    elif entry.is_symlink():
        place.symlink_to(entry.readlink())
    else:
        link(str(entry), str(place))


def _flush(folder: Path) -> None:
    """Ask the system to write a folder's entries to disk (where folders can be opened)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exchange(one: Path, other: Path) -> None:
    """Exchange two folders, in one system call where the platform has it."""
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform in {"linux", "darwin"}:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux" and hasattr(library, "renameat2"):
            status = library.renameat2(
                _AT_FDCWD, names[0], _AT_FDCWD, names[1], ctypes.c_uint(_RENAME_EXCHANGE)
            )
        elif hasattr(library, "renamex_np"):
            status = library.renamex_np(*names, ctypes.c_uint(_RENAME_SWAP))
        else:
            status = -1
            ctypes.set_errno(errno.ENOSYS)
        if status == 0:
            return
        if ctypes.get_errno() not in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(other))
    aside = one.with_name(f"{one.name}.old")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)
