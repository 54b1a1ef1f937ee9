"""Whatever is read, only cloneproof's own errors come out; whatever is drawn, slow and fast agree."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloneproof._core.errors import CloneProofError, CloneProofWarning
from cloneproof.preferences import read_comparisons
from cloneproof.preferences.readers.decode import decode
from cloneproof.preferences.readers.listwise import pairs_within
from cloneproof.preferences.readers.roles import ROLES
from tests.strategies import texts

columns = st.sampled_from(
    sorted({name for shape in ROLES.values() for names in shape.values() for name in names})
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6),
              st.sampled_from(["model_a", "tie", "b", "1", "0.5", "\ud800", "\n\nHuman: a\n\nAssistant: b"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["role", "content", "text", "rank", "score", "replies", "answer"]), inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip
names = ["p.jsonl", "p.json", "p.csv", "p.tsv", "p.parquet", "p.arrow", "p.csv.gz", "p.zst", "<stdin>"]
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_or_refuse(source: Any, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CloneProofWarning)
        try:
            read_comparisons(source, **options)
        except CloneProofError as error:
            assert str(error)  # noqa: PT017


@quick
@given(st.lists(st.dictionaries(columns, values, max_size=6), max_size=4), st.sampled_from(["error", "drop"]))
def test_random_records(rows: list[dict[str, Any]], missing: str) -> None:
    read_or_refuse(rows, missing=missing)


@quick
@given(st.data(), st.sampled_from(["pair", "labelled", "ranked", "scored", "tree"]))
def test_random_tables_of_each_shape(data: st.DataObject, shape: str) -> None:
    wanted = data.draw(
        st.lists(st.sampled_from([n for v in ROLES[shape].values() for n in v[:3]]), max_size=8)
    )
    needed = {
        "pair": ["chosen", "rejected"],
        "labelled": ["left", "right", "winner"],
        "ranked": ["prompt", "answers"],
        "scored": ["prompt", "text", "score"],
        "tree": ["message_id", "parent_id", "text", "rank"],
    }[shape]
    n = data.draw(st.integers(1, 4))
    cell = st.one_of(st.sampled_from(["a", "b", "tie", "0.5", ""]), st.integers(0, 3), values)
    table = {name: data.draw(st.lists(cell, min_size=n, max_size=n)) for name in {*needed, *wanted}}
    read_or_refuse(table, format=shape, missing=data.draw(st.sampled_from(["error", "drop"])))


@quick
@given(st.binary(max_size=80), st.sampled_from(names))
def test_random_bytes(content: bytes, name: str) -> None:
    try:
        source = decode(content, name)
    except CloneProofError:
        return
    read_or_refuse(source)


@pytest.mark.parametrize("name", ["p.parquet", "p.arrow", "p.jsonl.gz", "p.jsonl.zst", "p.jsonl", "p.csv"])
@quick
@given(st.data())
def test_flipped_and_cut_files(name: str, data: st.DataObject) -> None:
    from tests.preferences.test_read_files import as_bytes, packed

    kind, _, packing = name.removeprefix("p.").partition(".")
    content = bytearray(packed(as_bytes(kind), f".{packing}" if packing else ""))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        source = decode(cut, name)
    except CloneProofError:
        return
    read_or_refuse(source)


@quick
@given(st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6))
def test_pairs_equal_a_slow_reader(rows: list[tuple[str, str, str]]) -> None:
    """Dictionaries do by hand what the reader does by codes; JSONL carries any text unchanged."""
    distinct = [r for r in rows if r[1] != r[2]]
    lines = [json.dumps(dict(zip(("prompt", "chosen", "rejected"), r, strict=True))) for r in distinct]
    if not distinct:
        return
    numeric = all(p.strip().isdigit() for p, _, _ in distinct)
    c = read_comparisons(decode("\n".join(lines).encode(), "p.jsonl"))
    place: dict[tuple[str, str], int] = {}
    left = [
        (place.setdefault((p, a), len(place)), place.setdefault((p, b), len(place))) for p, a, b in distinct
    ]
    assert list(zip(c.left.tolist(), c.right.tolist(), strict=True)) == left
    assert list(c.texts or ()) == [t for _, t in place]
    if not numeric and c.prompts is not None:
        assert list(c.prompts) == [p for p, _ in place]


@quick
@given(st.lists(st.integers(-1, 4), max_size=12))
def test_pairs_within_groups_equal_a_double_loop(group: list[int]) -> None:
    left, right = pairs_within(np.array(group, dtype=np.int64))
    first = sorted({g: k for k, g in reversed(list(enumerate(group))) if g >= 0}.items(), key=lambda x: x[1])
    expected = [
        (i, j)
        for g, _ in first
        for i in range(len(group))
        for j in range(i + 1, len(group))
        if group[i] == group[j] == g
    ]
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == expected
