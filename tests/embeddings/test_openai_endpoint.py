"""A remote encoder against an endpoint that answers late, wrongly, or not at all."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest

from cloneproof._core.errors import ParameterError, RemoteServiceError
from cloneproof.embeddings import EmbeddingCache, OpenAIEncoder, embed, embed_with_encoder, resolve_encoder
from cloneproof.embeddings.retries import wait_asked_for
from tests.embeddings.fake_endpoint import fake_endpoint
from tests.embeddings.records import vector_of

TEXTS = [f"text {i}" for i in range(23)]
KEY = "sk-very-secret-key"


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with fake_endpoint() as served:
        monkeypatch.setenv("OPENAI_BASE_URL", served.url)
        yield served


@pytest.fixture
def encoder(endpoint):
    return OpenAIEncoder("small", batch_size=5, backoff=0.01, max_retries=3)


def expected(texts=TEXTS):
    table = np.stack([vector_of(text) for text in texts]).astype(np.float64)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_shuffled_answers_are_put_in_order(endpoint, encoder):
    np.testing.assert_allclose(embed(TEXTS, encoder), expected(), atol=1e-6)
    assert sorted(endpoint.paid) == sorted(TEXTS)
    assert [len(r["input"]) for r in endpoint.requests].count(5) == 4
    assert {r["model"] for r in endpoint.requests} == {"small"}


def test_no_text_is_paid_twice(endpoint, encoder, tmp_path):
    embed([*TEXTS, *TEXTS], encoder, tmp_path)
    done = embed_with_encoder(TEXTS, "openai:small", cache=tmp_path)
    assert done.n_encoded == 0
    assert Counter(endpoint.paid) == Counter(TEXTS)


@pytest.mark.parametrize(
    "trouble",
    [
        (429, {"error": {"message": "slow down"}}, {"Retry-After": "0"}),
        (503, b"upstream is away", {}),
        (408, {}, {}),
        "die",
    ],
    ids=["429", "503", "408", "dies half way"],
)
def test_passing_trouble_is_waited_out(endpoint, encoder, trouble):
    endpoint.tricks = [trouble, trouble]
    np.testing.assert_allclose(embed(TEXTS, encoder), expected(), atol=1e-6)
    assert Counter(endpoint.paid) == Counter(TEXTS)


def test_retry_after_is_honoured(endpoint, encoder):
    endpoint.tricks = [(429, {}, {"Retry-After": "0.4"})]
    begun = time.monotonic()
    embed(TEXTS[:3], encoder)
    assert time.monotonic() - begun >= 0.4


def test_the_service_may_ask_for_too_much_patience(endpoint, encoder):
    endpoint.tricks = [(429, {}, {"Retry-After": "4000"})]
    with pytest.raises(RemoteServiceError, match="asks to wait 4,000 seconds"):
        embed(TEXTS, encoder)


def test_giving_up_keeps_what_was_paid(endpoint, encoder, tmp_path):
    endpoint.tricks = [None, None, *[(500, {}, {})] * 4]
    with pytest.raises(RemoteServiceError, match="failed 4 times, last: HTTP 500") as caught:
        embed(TEXTS, encoder, tmp_path)
    assert caught.value.exit_code == 6
    assert len(endpoint.requests) == 6
    assert EmbeddingCache(tmp_path).size().n_vectors == len(endpoint.paid) > 0
    np.testing.assert_allclose(embed(TEXTS, encoder, tmp_path), expected(), atol=1e-6)
    assert Counter(endpoint.paid) == Counter(TEXTS)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_not_repeated(endpoint, encoder, status):
    endpoint.tricks = [(status, {"error": {"message": f"no, {KEY}"}}, {})]
    with pytest.raises(RemoteServiceError, match=f"refused: HTTP {status}") as caught:
        embed(TEXTS, encoder)
    assert len(endpoint.requests) == 1
    assert KEY not in str(caught.value)


def test_an_empty_account_is_not_asked_again(endpoint, encoder):
    body = {"error": {"message": "quota", "code": "insufficient_quota", "type": "insufficient_quota"}}
    endpoint.tricks = [(429, body, {})]
    with pytest.raises(RemoteServiceError, match="refused"):
        embed(TEXTS, encoder)
    assert len(endpoint.requests) == 1


def spoil(**changes):
    def trick(rows):
        return [{**row, **changes} if row["index"] == 1 else row for row in rows]

    return trick


@pytest.mark.parametrize(
    ("trick", "message"),
    [
        (lambda rows: rows[:-1], "4 vectors for 5 texts"),
        (lambda rows: [*rows, rows[0]], "6 vectors for 5 texts"),
        (spoil(index=0), "indices that are not 0 to 4"),
        (spoil(index=7), "indices that are not 0 to 4"),
        (spoil(embedding=[1.0, 2.0]), "unequal or no dimension"),
        (spoil(embedding=[math.nan] * 5), "1 of 5 vectors that are not finite, first: 1"),
        (spoil(embedding=[1e999] * 5), "not finite"),
        (spoil(embedding=[0.0] * 5), "a vector of zeros"),
        (spoil(embedding=None), "unequal or no dimension"),
        (spoil(embedding="AAAA"), "no embeddings"),
        (lambda rows: b'{"data": [', "no embeddings"),
        (lambda rows: b"<html>", "no embeddings"),
        (lambda rows: b"[]", "no embeddings"),
    ],
)
def test_unusable_answers_are_named_and_not_kept(endpoint, encoder, tmp_path, trick, message):
    endpoint.tricks = [trick]
    with pytest.raises(RemoteServiceError, match=message):
        embed(TEXTS, encoder, tmp_path)
    assert EmbeddingCache(tmp_path).size().n_vectors == 0
    assert len(endpoint.requests) == 1


def test_a_batch_that_is_too_large_is_halved_and_paid_once(endpoint, encoder, tmp_path):
    endpoint.tricks = [(413, {}, {}), (413, {}, {})]
    np.testing.assert_allclose(embed(TEXTS, encoder, tmp_path), expected(), atol=1e-6)
    assert Counter(endpoint.paid) == Counter(TEXTS)


def test_dimensions_are_asked_for_and_checked(endpoint):
    encoder = OpenAIEncoder("small", n_dims=9, backoff=0.01)
    assert embed(TEXTS, encoder).shape == (23, 9)
    assert {r["dimensions"] for r in endpoint.requests} == {9}
    endpoint.tricks = [lambda rows: [{**row, "embedding": [1.0, 2.0]} for row in rows]]
    with pytest.raises(RemoteServiceError, match="2 dimensions where 9 were asked for"):
        embed(TEXTS, encoder)


def test_long_and_empty_texts(endpoint):
    encoder = OpenAIEncoder("small", max_characters=20, batch_size=2)
    X = embed(["ab" * 25, "", "short"], encoder)
    pieces = expected(["ab" * 8, "ab" * 8 + "a", "b" + "ab" * 8])
    assert X.shape == (3, 5)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-6)
    assert " " in endpoint.paid
    assert max(map(len, endpoint.paid)) <= 20
    assert "".join(t for t in endpoint.paid if "a" in t) == "ab" * 25
    assert pieces.shape == (3, 5)


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(endpoint, encoder, tmp_path, monkeypatch):
    embed(TEXTS, encoder, tmp_path)
    assert set(endpoint.keys) == {f"Bearer {KEY}"}
    assert KEY not in encoder.fingerprint + repr(vars(encoder)) + resolve_encoder("openai:small").describe()
    assert all(KEY.encode() not in path.read_bytes() for path in Path(tmp_path).rglob("*") if path.is_file())
    monkeypatch.delenv("OPENAI_API_KEY")
    embed(TEXTS, OpenAIEncoder("local"))  # a server of one's own needs none
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(ParameterError, match="environment variable OPENAI_API_KEY"):
        embed(TEXTS, "openai:small")


def test_the_fingerprint_leaves_out_credentials_of_the_address():
    encoder = OpenAIEncoder("m", base_url="https://user:word@host.example/v1?key=1")
    assert "word" not in encoder.fingerprint
    assert "key=1" not in encoder.fingerprint
    assert encoder.fingerprint != OpenAIEncoder("m", base_url="https://other.example/v1").fingerprint


KILLED = """
import os, signal, sys
from cloneproof.embeddings import OpenAIEncoder, embed
class Deadly(OpenAIEncoder):
    turns = 0
    def encode(self, texts):
        self.turns += 1
        if self.turns == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)
embed([f"text {i}" for i in range(23)], Deadly("small", batch_size=5), sys.argv[1])
"""


@pytest.mark.slow
def test_a_killed_run_pays_for_the_rest_only(endpoint, encoder, tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert len(endpoint.paid) >= 13
    np.testing.assert_allclose(embed(TEXTS, encoder, tmp_path), expected(), atol=1e-6)
    assert Counter(endpoint.paid) == Counter(TEXTS)


def test_wait_asked_for():
    assert wait_asked_for({}) is None
    assert wait_asked_for({"retry-after": "7"}) == 7.0
    assert wait_asked_for({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    assert wait_asked_for({"retry-after": "soon"}) is None
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < (wait_asked_for({"retry-after": date}) or 0) <= 60
    assert wait_asked_for({"retry-after": "nan"}) is None


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"timeout": 0}, {"backoff": -1}, {"max_retries": 1.5}]
)
def test_options_are_checked(options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        OpenAIEncoder("m", **options)
