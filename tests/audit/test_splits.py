"""The split by prompt and family: against brute force, and its laws."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloneproof import Comparisons, InputError, read_comparisons
from cloneproof._core.errors import CloneProofWarning, ParameterError
from cloneproof.audit import find_components, split_by_prompt_and_family


def brute_force_components(c: Comparisons, families):
    """Join by rows, prompts and families until nothing changes: a slow twin."""
    label = list(range(c.n_alternatives))

    def related(a, b):
        rows = zip(c.left.tolist(), c.right.tolist(), strict=True)
        return (
            any({a, b} == {x, y} for x, y in rows)
            or (c.prompts is not None and c.prompts[a] == c.prompts[b] != "")
            or (families is not None and families[a] == families[b])
        )

    changed = True
    while changed:
        changed = False
        for a in range(c.n_alternatives):
            for b in range(c.n_alternatives):
                if label[a] != label[b] and related(a, b):
                    label[a] = label[b] = min(label[a], label[b])
                    changed = True
    return label


@st.composite
def designs(draw):
    m = draw(st.integers(4, 12))
    n = draw(st.integers(2, 10))
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, m - 1), st.integers(0, m - 1)).filter(lambda r: r[0] != r[1]),
            min_size=n,
            max_size=n,
        )
    )
    left, right = zip(*rows, strict=True)
    prompts = draw(
        st.one_of(st.none(), st.lists(st.sampled_from(["", "p", "q", "r", "s"]), min_size=m, max_size=m))
    )
    families = draw(st.one_of(st.none(), st.lists(st.integers(0, 9), min_size=m, max_size=m)))
    c = Comparisons.from_arrays(left, right, ids=[f"a{i}" for i in range(m)], prompts=prompts)
    return c, families


@settings(max_examples=150, deadline=None)
@given(designs(), st.floats(0.05, 0.95), st.integers(0, 3))
def test_components_and_sides_agree_with_brute_force(design, share, seed):
    c, families = design
    slow = brute_force_components(c, families)
    fast = find_components(c, families).tolist()
    assert len(set(zip(slow, fast, strict=True))) == len(set(slow)) == len(set(fast))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CloneProofWarning)
            split = split_by_prompt_and_family(c, families, test_share=share, random_state=seed)
    except InputError:
        sizes = np.unique([slow[a] for a in c.left], return_counts=True)[1]
        assert sizes.min() > min(max(1, round(share * len(c))), len(c) - 1)
        return
    assert sorted([*split.train, *split.test]) == list(range(len(c)))
    assert 0 < len(split.test) <= max(1, round(share * len(c)))
    assert len(split.train) > 0
    sides = {}
    for rows, side in ((split.train, "train"), (split.test, "test")):
        for row in rows.tolist():
            sides.setdefault(slow[c.left[row]], set()).add(side)
    assert all(len(s) == 1 for s in sides.values())
    both = [*split.train_alternatives, *split.test_alternatives]
    assert sorted(both) == list(range(c.n_alternatives))
    assert split.component_size.sum() == len(c)
    assert split.component_size[0] == split.component_size.max()
    train, test = split.divide(c)
    assert len(train) == len(split.train)
    assert len(test) == len(split.test)
    if families is not None:
        assert not {families[i] for i in split.train_alternatives} & {
            families[i] for i in split.test_alternatives
        }
    if c.prompts is not None:
        assert not (set(train.prompts) & set(test.prompts)) - {""}


def chain(n_rows: int) -> Comparisons:
    return Comparisons.from_arrays(
        range(0, 2 * n_rows, 2),
        range(1, 2 * n_rows, 2),
        ids=[f"x{i}" for i in range(2 * n_rows)],
    )


def test_the_share_is_met_where_components_are_single_rows_and_the_seed_decides():
    c = chain(200)
    one = split_by_prompt_and_family(c, test_share=0.25, random_state=3)
    assert len(one.test) == 50
    assert one.to_dict()["n_components"] == 200
    same = split_by_prompt_and_family(c, test_share=0.25, random_state=3)
    other = split_by_prompt_and_family(c, test_share=0.25, random_state=4)
    assert one.test.tolist() == same.test.tolist() != other.test.tolist()


def test_a_family_over_two_rows_keeps_them_together_for_every_seed():
    c = chain(20)
    families = np.arange(40)
    families[5] = families[30]  # rows 2 and 15
    for seed in range(30):
        split = split_by_prompt_and_family(c, families, test_share=0.5, random_state=seed)
        assert (2 in split.test) == (15 in split.test)


def test_everything_in_one_component_is_an_error_that_says_what_to_do():
    with pytest.raises(InputError, match="20 rows, and 4 were asked for.*lower the radius"):
        split_by_prompt_and_family(chain(20), np.zeros(40), test_share=0.2)


def test_a_giant_family_trains_and_a_small_test_is_told():
    families = np.concatenate([np.zeros(36), np.arange(1, 5)])
    with pytest.warns(CloneProofWarning, match="only 2 of the 8 rows .* holds 18 of 20"):
        split = split_by_prompt_and_family(chain(20), families, test_share=0.4)
    assert split.test.tolist() == [18, 19]
    assert split.to_dict()["largest_component_share"] == pytest.approx(0.9)


def test_bad_input_is_told():
    with pytest.raises(ParameterError, match="test_share must be a number in"):
        split_by_prompt_and_family(chain(3), test_share=1.0)
    with pytest.raises(InputError, match=r"families has shape \(2,\), expected \(6,\)"):
        split_by_prompt_and_family(chain(3), [0, 1])
    empty = Comparisons.from_arrays([], [], ids=["a", "b"])
    with pytest.raises(InputError, match="got 0"):
        split_by_prompt_and_family(empty)


def test_real_pairs_share_no_prompt_and_no_answer_across_the_split(shared_data):
    """HH-RLHF's harmless test split: two prompts and two answers stand there twice."""
    c = read_comparisons(shared_data / "hh_harmless_test.parquet")
    families = np.unique([text.strip().lower() for text in c.texts], return_inverse=True)[1]
    split = split_by_prompt_and_family(c, families, test_share=0.2)
    assert len(split.test) == 462
    train, test = split.divide(c)
    assert not set(train.prompts) & set(test.prompts)
    assert not {x.strip().lower() for x in train.texts} & {x.strip().lower() for x in test.texts}
    assert split.to_dict()["largest_component"] >= 2


def test_a_crowd_on_thirteen_prompts_is_split_by_prompt(shared_data):
    """LLMFAO: everything on one prompt hangs together, so the test is whole prompts."""
    c = read_comparisons(
        shared_data / "llmfao_crowd_comparisons.csv.gz",
        answers=shared_data / "llmfao_responses.parquet",
        prompts=shared_data / "llmfao_prompts.parquet",
    )
    split = split_by_prompt_and_family(c, test_share=0.3)
    train, test = split.divide(c)
    assert split.n_components <= 13
    assert not set(train.prompts) & set(test.prompts)
    assert 0.15 < len(test) / len(c) <= 0.3
