"""A content-addressed cache of embeddings: what was computed, or paid for, once is not again."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof.embeddings.encoder import EmbeddingArray

__all__ = ["CacheSize", "EmbeddingCache", "default_cache_folder", "text_key"]

_SUFFIX = ".sqlite3"
_ASK = 500  # keys per query; SQLite's oldest limit on variables is 999
_DAMAGED = ("malformed", "not a database", "file is encrypted", "no such table", "no such column")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY, vector BLOB NOT NULL, checksum INTEGER NOT NULL);
"""


class _DamagedDatabaseError(FileAccessError):
    """A database turned out to be damaged while in use, and was moved aside."""


@dataclass(frozen=True, kw_only=True)
class CacheSize:
    """What a cache holds: encoders, vectors, bytes on disk."""

    n_encoders: int
    n_vectors: int
    n_bytes: int


def default_cache_folder() -> Path:
    """Return the user's folder for embeddings; nothing is made.

    ``$CLONEPROOF_CACHE/embeddings`` where set, else ``cloneproof/embeddings`` in ``$XDG_CACHE_HOME``,
    ``%LOCALAPPDATA%`` (Windows), ``~/Library/Caches`` (macOS) or ``~/.cache``.
    """
    named = os.environ.get("CLONEPROOF_CACHE")
    if named:
        return Path(named).expanduser() / "embeddings"
    system = os.environ.get("XDG_CACHE_HOME")
    if not system and sys.platform == "win32":
        system = os.environ.get("LOCALAPPDATA")
    if not system:
        system = str(Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache"))
    return Path(system) / "cloneproof" / "embeddings"


def text_key(fingerprint: str, text: str) -> bytes:
    """Return the SHA-256 of an encoder's fingerprint and a text, the lengths in front."""
    head, body = fingerprint.encode(), text.encode()
    return hashlib.sha256(b"%d:%d:" % (len(head), len(body)) + head + body).digest()


class EmbeddingCache:
    """A folder of embeddings, one SQLite database per encoder.

    Parameters
    ----------
    folder : path-like, default=None
        Made on first write. None: :func:`default_cache_folder`.

    Notes
    -----
    Every batch is one transaction, flushed to disk (write-ahead log): ``kill -9`` loses the running
    batch at most. Several processes may read and write at once. Each vector carries a checksum; one
    that fails it is left out and computed anew. A database that SQLite cannot read is moved aside
    (``*.damaged``) and begun anew. Disk: about 4 x n_dims + 70 bytes a text, 1.7 GB for 1e6 texts of
    MiniLM. Keep the folder off network drives: SQLite's log needs shared memory.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = default_cache_folder() if folder is None else Path(folder).expanduser()

    def __repr__(self) -> str:
        """Name the folder."""
        return f"EmbeddingCache({str(self.folder)!r})"

    def get(self, fingerprint: str, keys: Sequence[bytes]) -> tuple[list[int], EmbeddingArray]:
        """Return the positions of the keys that are held, and their vectors.

        Parameters
        ----------
        fingerprint : str
            The encoder's.
        keys : sequence of bytes
            From :func:`text_key`.

        Returns
        -------
        found : list of int
            Positions into `keys`, ascending.
        vectors : float32 ndarray of shape (n_found, n_dims)
            (0, 0) where nothing was found.
        """
        path = self._path(fingerprint)
        place: dict[bytes, list[int]] = {}
        for i, key in enumerate(keys):
            place.setdefault(key, []).append(i)
        held: dict[int, np.ndarray] = {}
        if place and path.is_file():
            with suppress(_DamagedDatabaseError), self._open(path, fingerprint) as database:
                for key, vector in _select(database, list(place)):
                    for i in place[key]:
                        held[i] = vector
        if not held:
            return [], np.empty((0, 0), dtype=np.float32)
        n_dims = max(len(vector) for vector in held.values())
        found = sorted(i for i, vector in held.items() if len(vector) == n_dims)
        return found, np.stack([held[i] for i in found]).astype(np.float32)

    def put(self, fingerprint: str, keys: Sequence[bytes], vectors: EmbeddingArray) -> None:
        """Keep vectors of shape (n_keys, n_dims), on disk when this returns."""
        if len(keys) != len(vectors):
            raise InputError(f"The cache got {len(keys)} keys for {len(vectors)} vectors.")
        rows = []
        for key, vector in zip(keys, np.ascontiguousarray(vectors, dtype="<f4"), strict=True):
            body = vector.tobytes()
            rows.append((key, body, _checksum(key, body)))
        try:
            self._insert(fingerprint, rows)
        except _DamagedDatabaseError:  # moved aside by now
            self._insert(fingerprint, rows)

    def size(self) -> CacheSize:
        """Count what the folder holds; a database that cannot be read counts by its bytes only."""
        n_vectors = n_encoders = 0
        for path in self._databases():
            with suppress(FileAccessError, sqlite3.Error), closing(self._connect(path)) as database:
                n_vectors += int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])
                n_encoders += 1
        files = self.folder.glob(f"*{_SUFFIX}*") if self.folder.is_dir() else ()
        n_bytes = sum(file.stat().st_size for file in files)
        return CacheSize(n_encoders=n_encoders, n_vectors=n_vectors, n_bytes=n_bytes)

    def clear(self) -> int:
        """Remove every vector and return how many there were; safe while others use the cache."""
        removed = 0
        for path in self._databases():
            with suppress(sqlite3.DatabaseError), closing(self._connect(path)) as database:
                with database:
                    removed += database.execute("DELETE FROM vectors").rowcount
                database.execute("VACUUM")
        if self.folder.is_dir():
            for file in self.folder.glob(f"*{_SUFFIX}.*.damaged"):
                file.unlink(missing_ok=True)
        return removed

    def _insert(self, fingerprint: str, rows: Sequence[tuple[bytes, bytes, int]]) -> None:
        with self._open(self._path(fingerprint), fingerprint) as database, database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _path(self, fingerprint: str) -> Path:
        return self.folder / (hashlib.sha256(fingerprint.encode()).hexdigest()[:32] + _SUFFIX)

    def _databases(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{_SUFFIX}")) if self.folder.is_dir() else []

    def _connect(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=60.0)

    @contextmanager
    def _open(self, path: Path, fingerprint: str) -> Iterator[sqlite3.Connection]:
        """Open a database, made if absent and begun anew if damaged."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileAccessError(f"Cannot make the cache folder {path.parent}: {error.strerror}.") from error
        try:
            database = self._prepare(path, fingerprint)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise _access_error(path, error) from error
            _move_aside(path)
            try:
                database = self._prepare(path, fingerprint)
            except sqlite3.Error as again:
                raise _access_error(path, again) from again
        with closing(database):
            try:
                yield database
            except sqlite3.DatabaseError as error:
                if _is_damage(error):
                    _move_aside(path)
                    raise _DamagedDatabaseError(str(_access_error(path, error))) from error
                raise _access_error(path, error) from error

    def _prepare(self, path: Path, fingerprint: str) -> sqlite3.Connection:
        database = self._connect(path)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            known = {
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
            }
            if not {"about", "vectors"} <= known:
                database.executescript(_SCHEMA)
                with database:
                    database.execute("INSERT OR REPLACE INTO about VALUES ('encoder', ?)", (fingerprint,))
            database.execute("SELECT key, vector, checksum FROM vectors LIMIT 1").fetchone()
        except sqlite3.Error:
            database.close()
            raise
        return database


def _select(database: sqlite3.Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, EmbeddingArray]]:
    """Yield the keys that are held, with vectors that pass their checksum."""
    for start in range(0, len(keys), _ASK):
        some = keys[start : start + _ASK]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, vector, checksum FROM vectors WHERE key IN ({marks})"  # noqa: S608
        for key, vector, checksum in database.execute(query, some):
            if _is_sound(key, vector, checksum):
                yield key, np.frombuffer(vector, dtype="<f4").astype(np.float32)


def _checksum(key: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(key))


def _is_sound(key: bytes, body: object, checksum: object) -> bool:
    """Tell whether a stored vector is what was written."""
    whole = isinstance(body, bytes) and len(body) > 0 and len(body) % 4 == 0
    return whole and isinstance(body, bytes) and checksum == _checksum(key, body)


def _is_damage(error: sqlite3.Error) -> bool:
    return any(sign in str(error) for sign in _DAMAGED)


def _access_error(path: Path, error: sqlite3.Error) -> FileAccessError:
    return FileAccessError(
        f"Cannot use the embedding cache {path}: {error}. Name another folder, or none (cache=None)."
    )


def _move_aside(path: Path) -> None:
    """Rename a damaged database and its log, so that a new one can begin."""
    name = f"{path.name}.{uuid4().hex[:8]}"
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + end).replace(path.with_name(f"{name}{end}.damaged"))
