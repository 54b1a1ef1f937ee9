"""The cache: content-addressed, shared by processes, whole after kill -9, healed after damage."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import FileAccessError, InputError, ParameterError
from cloneproof.embeddings import EmbeddingCache, default_cache_folder, embed, embed_with_encoder
from cloneproof.embeddings.cache import text_key
from tests.embeddings.records import CountingEncoder, vector_of

TEXTS = [f"text {i}" for i in range(50)]


def database_of(folder: Path) -> Path:
    (path,) = folder.glob("*.sqlite3")
    return path


def test_a_second_run_encodes_nothing(tmp_path):
    first, second = CountingEncoder(), CountingEncoder()
    one = embed_with_encoder(TEXTS, first, cache=tmp_path)
    two = embed_with_encoder([*TEXTS[::-1], "new"], second, cache=EmbeddingCache(tmp_path))
    assert second.asked == ["new"]
    assert (one.n_encoded, one.n_cached, two.n_encoded, two.n_cached) == (50, 0, 1, 50)
    np.testing.assert_array_equal(two.embeddings[:50], one.embeddings[::-1])


def test_no_cache_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("CLONEPROOF_CACHE", str(tmp_path / "user"))
    monkeypatch.chdir(tmp_path)
    encoder = CountingEncoder()
    embed(TEXTS, encoder)
    embed(TEXTS, encoder)
    assert len(encoder.asked) == 100
    assert list(tmp_path.iterdir()) == []


def test_another_fingerprint_is_another_entry(tmp_path):
    embed(TEXTS, CountingEncoder(), tmp_path)
    other = CountingEncoder(fingerprint="counting-2", n_dims=7)
    assert embed(TEXTS, other, tmp_path).shape == (50, 7)
    assert len(other.asked) == 50
    assert EmbeddingCache(tmp_path).size().n_encoders == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=25), st.lists(st.text(max_size=12), max_size=25))
def test_what_was_put_is_what_is_found(before, asked):
    with tempfile.TemporaryDirectory() as folder:
        cache = EmbeddingCache(folder)
        if before:
            cache.put("f", [text_key("f", t) for t in before], np.stack([vector_of(t) for t in before]))
        found, vectors = cache.get("f", [text_key("f", t) for t in asked])
        assert found == [i for i, text in enumerate(asked) if text in set(before)]
        for i, vector in zip(found, vectors, strict=True):
            np.testing.assert_array_equal(vector, vector_of(asked[i]))
        assert cache.size().n_vectors == len(set(before))


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_keys_differ_where_encoder_or_text_do(a, b, c, d):
    assert (text_key(a, b) == text_key(c, d)) == ((a, b) == (c, d))


def test_a_flipped_byte_is_noticed_and_encoded_again(tmp_path):
    expected = embed(TEXTS, CountingEncoder(), tmp_path)
    with closing(sqlite3.connect(database_of(tmp_path))) as database, database:
        ((key, vector),) = database.execute("SELECT key, vector FROM vectors LIMIT 1").fetchall()
        wrong = bytes([vector[0] ^ 1]) + vector[1:]
        database.execute("UPDATE vectors SET vector = ? WHERE key = ?", (wrong, key))
    encoder = CountingEncoder()
    np.testing.assert_array_equal(embed(TEXTS, encoder, tmp_path), expected)
    assert len(encoder.asked) == 1
    again = CountingEncoder()
    embed(TEXTS, again, tmp_path)
    assert again.asked == []


@pytest.mark.parametrize("damage", ["garbage", "middle", "cut", "empty"])
def test_a_damaged_database_is_moved_aside_and_begun_anew(tmp_path, damage):
    texts = [f"text {i}" for i in range(2_000)]
    expected = embed(texts, CountingEncoder(batch_size=2_000), tmp_path)
    path = database_of(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    if damage == "garbage":
        content[:] = b"not a database " * 500
    elif damage == "middle":
        content[8_192 : len(content) - 4_096] = b"\xff" * (len(content) - 12_288)
    elif damage == "cut":
        del content[len(content) // 2 :]
    else:
        content.clear()
    path.write_bytes(content)
    for _ in range(2):
        np.testing.assert_array_equal(embed(texts, CountingEncoder(batch_size=2_000), tmp_path), expected)
    last = CountingEncoder()
    embed(texts, last, tmp_path)
    assert last.asked == []


def test_threads_and_processes_share_a_cache(tmp_path):
    def work(seed):
        order = np.random.default_rng(seed).permutation(50)
        found = embed([TEXTS[i] for i in order], CountingEncoder(batch_size=4), tmp_path)
        np.testing.assert_array_equal(found, [vector_of(TEXTS[i]) for i in order])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert EmbeddingCache(tmp_path).size().n_vectors == 50


WRITER = """
import sys
from cloneproof.embeddings import embed
from tests.embeddings.records import CountingEncoder
print("begin", flush=True)
for start in range(0, 10**6, 20):
    embed([f"text {i}" for i in range(start, start + 20)], CountingEncoder(batch_size=5), sys.argv[1])
"""


@pytest.mark.slow
def test_a_killed_writer_leaves_a_cache_that_works(tmp_path):
    for turn in range(4):
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begin\n"
            time.sleep(0.15 + 0.05 * turn)
            writer.send_signal(signal.SIGKILL)
        held = EmbeddingCache(tmp_path).size().n_vectors
        assert held > 0
        texts = [f"text {i}" for i in range(held)]
        encoder = CountingEncoder(batch_size=1_000)
        np.testing.assert_array_equal(embed(texts, encoder, tmp_path), [vector_of(text) for text in texts])
        assert len(encoder.asked) <= 20  # batches of one call are kept in a mixed order
    assert not list(tmp_path.glob("*.damaged"))


def test_size_and_clear(tmp_path):
    cache = EmbeddingCache(tmp_path / "deep" / "folder")
    assert cache.size().n_bytes == cache.clear() == 0
    assert not (tmp_path / "deep").exists()
    embed(TEXTS, CountingEncoder(), cache)
    before = cache.size()
    assert (before.n_encoders, before.n_vectors) == (1, 50)
    assert before.n_bytes > 50 * 20
    assert cache.clear() == 50
    assert cache.size().n_vectors == 0
    encoder = CountingEncoder()
    embed(TEXTS, encoder, cache)
    assert len(encoder.asked) == 50


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("CLONEPROOF_CACHE", str(tmp_path / "own"))
    assert default_cache_folder() == tmp_path / "own" / "embeddings"
    monkeypatch.delenv("CLONEPROOF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert EmbeddingCache().folder == tmp_path / "xdg" / "cloneproof" / "embeddings"
    assert not (tmp_path / "xdg").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileAccessError, match="Cannot make the cache folder"):
        embed(TEXTS, CountingEncoder(), tmp_path / "file")


@pytest.mark.parametrize("cache", ["", 3, True])
def test_what_is_no_cache(cache):
    with pytest.raises(ParameterError, match="cache must be"):
        embed(TEXTS, CountingEncoder(), cache)


def test_put_checks_the_count(tmp_path):
    with pytest.raises(InputError, match="1 keys for 2 vectors"):
        EmbeddingCache(tmp_path).put("f", [b"k"], np.zeros((2, 3), dtype=np.float32))
