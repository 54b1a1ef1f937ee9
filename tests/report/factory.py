"""Realistic analyses out of synthetic data, so that the report needs no other room."""

from __future__ import annotations

import numpy as np

from cloneproof.audit.records import Analysis, AuditRow, Choice, CloneAudit, FamilyTable, RewardTable
from cloneproof.preferences import Comparisons

SUBJECTS = (
    "The baker",
    "A night train",
    "This small museum",
    "The river walk",
    "An old bookshop",
    "The market hall",
)
VERBS = ("opens", "closes", "draws a crowd", "smells of bread", "stays quiet", "surprises visitors")
PLACES = ("by the canal", "near the station", "under the bridge", "in the old town", "on the hill")
TIMES = ("at dawn", "on Sundays", "after the rain", "in late autumn", "before lunch", "most evenings")


def sentence(rng):
    return " ".join(
        [
            rng.choice(SUBJECTS),
            rng.choice(VERBS),
            rng.choice(PLACES),
            rng.choice(TIMES) + ",",
            "and",
            rng.choice(SUBJECTS).lower(),
            rng.choice(VERBS),
            rng.choice(TIMES) + ".",
        ]
    )


def rank_of(rewards):
    rank = np.empty(len(rewards), dtype=np.int64)
    rank[np.argsort(-rewards, kind="stable")] = np.arange(1, len(rewards) + 1)
    return rank


def make_analysis(
    m=240,
    *,
    n_dims=16,
    seed=0,
    texts=True,
    prompts=True,
    audit=True,
    curve=True,
    errors=True,
    change_text=None,
    ids=None,
    encoder="all-MiniLM-L6-v2",
    surface_only=False,
    notes=(),
    source="prefs.jsonl",
):
    """Return an analysis of `m` alternatives, about a third of them in families of near-copies."""
    rng = np.random.default_rng(seed)
    labels = np.empty(m, dtype=np.int64)
    at = family = 0
    while at < m:
        size = int(rng.choice([1, 1, 1, 1, 2, 3, 5])) if family else min(max(m // 8, 1), m)
        labels[at : at + size] = family
        at += size
        family += 1
    centres = rng.normal(size=(family, n_dims)) * np.linspace(2, 0.3, n_dims)
    X = (centres[labels] + 0.08 * rng.normal(size=(m, n_dims))).astype(np.float32)
    sizes = np.bincount(labels, minlength=family)
    distinct = 1 + 0.1 * (sizes - 1) ** 0.5
    over = sizes / distinct
    weights = (distinct / sizes)[labels] * rng.uniform(0.7, 1.3, size=m)
    weights /= weights.sum()
    order = np.argsort(-over, kind="stable")
    position = np.empty(family, dtype=np.int64)
    position[order] = np.arange(family)
    labels = position[labels]
    sizes, distinct, over = sizes[order], distinct[order], over[order]
    representative = np.array(
        [np.flatnonzero(labels == f)[np.argmax(weights[labels == f])] for f in range(family)]
    )
    bases = [sentence(rng) for _ in range(family)]
    said = []
    for i in range(m):
        words = bases[labels[i]].split()
        if sizes[labels[i]] > 1 and rng.random() < 0.8:
            words[int(rng.integers(len(words)))] = str(
                rng.choice(["perhaps", "always", "rarely", "again", "here"])
            )
        said.append(" ".join(words))
    if change_text is not None:
        said = [change_text(i, text) for i, text in enumerate(said)]
    asked = [f"Describe place number {labels[i] % 40} in one sentence." for i in range(m)]
    n = 4 * m
    left = rng.integers(m, size=n)
    right = (left + 1 + rng.integers(max(m - 1, 1), size=n)) % m if m > 1 else left
    if m == 1:
        left = right = np.zeros(0, dtype=np.int64)
        n = 0
    comparisons = Comparisons.from_arrays(
        left,
        right,
        rng.integers(2, size=n).astype(float),
        ids=np.arange(m) if ids is None else ids,
        texts=said if texts else None,
        prompts=asked if prompts else None,
    )
    object.__setattr__(comparisons, "source", source)
    plain = rng.normal(size=family)[labels] + 0.2 * rng.normal(size=m)
    weighted = plain + 0.35 * rng.normal(size=family)[labels] + 0.05 * rng.normal(size=m)
    plain, weighted = plain - plain.mean(), weighted - weighted.mean()
    omega = rng.uniform(0.2, 1, size=n)
    omega = omega / omega.sum() if n else omega
    spread = rng.uniform(0.1, 0.2, size=m)
    ess = 1 / np.sum(weights**2)
    sides = np.bincount(labels[np.r_[left, right]], minlength=family).astype(float)
    return Analysis(
        comparisons=comparisons,
        embeddings=X,
        encoder=encoder,
        surface_only=surface_only,
        weighting="diversity",
        comparison_weighting="diversity",
        reward="linear",
        regularization=0.01,
        weights=weights,
        weight_standard_errors=None,
        comparison_weights=omega,
        scale=0.38,
        plain=RewardTable(
            rewards=plain,
            standard_errors=spread if errors else None,
            rank=rank_of(plain),
            gradient_norm=3e-13,
            n_iterations=6,
        ),
        weighted=RewardTable(
            rewards=weighted,
            standard_errors=1.18 * spread if errors else None,
            rank=rank_of(weighted),
            gradient_norm=8e-13,
            n_iterations=7,
        ),
        families=FamilyTable(
            labels=labels,
            size=sizes,
            n_distinct=distinct,
            overcount=over,
            share_plain=sizes / m,
            share_weighted=np.bincount(labels, weights=weights, minlength=family),
            n_comparisons=sides,
            representative=representative,
            radius=0.31,
        ),
        audit=make_audit_record() if audit else None,
        effective_sample_size=float(ess),
        effective_comparisons=float(1 / np.sum(omega**2)) if n else 0.0,
        exact_duplicate_rows=17,
        exact_duplicates=5,
        n_components=1,
        scale_curve=[(h, m / (1 + 6 * h**2), ess / (1 + h)) for h in np.geomspace(0.05, 2, 12)]
        if curve
        else None,
        choices=(
            Choice(name="encoder", value=encoder, reason="The extra embed is installed.", automatic=True),
            Choice(
                name="weights", value="diversity", reason="The default for raw embeddings.", automatic=True
            ),
            Choice(
                name="reward",
                value="linear",
                reason="The median alternative stands in 1 comparison, too few for a reward each.",
                automatic=True,
            ),
            Choice(name="regularization", value="0.01", reason="Asked for.", automatic=False),
        ),
        notes=tuple(notes),
        provenance={
            "inputs": {"prefs.jsonl": "486894f77c3d4cc0c4c8147d9e1c36dfb6b2a6e62a83311b45d2e81249dfaf86"},
            "options": {
                "weights": "diversity",
                "scale": "auto",
                "audit": {"copies": (1, 10, 100), "targets": 20},
            },
            "versions": {"cloneproof": "0.1.0", "numpy": "2.3.1", "python": "3.11.2"},
            "seed": 0,
            "seconds": {"read": 0.12, "embed": 8.9, "weights": 1.25, "fit": 0.4, "audit": 12.7},
        },
    )


def make_audit_record():
    rows = []
    for weighting, gain in (("plain", 1.0), ("diversity", 0.05)):
        for noise in (0.0, 0.2):
            for copies in (1, 10, 100):
                shift = gain * (0.2 + 0.55 * np.log10(copies)) * (1 + noise)
                rows.append(
                    AuditRow(
                        weighting=weighting,
                        copies=copies,
                        noise=noise,
                        n_targets=20,
                        max_shift=1.3 * shift,
                        mean_shift=0.2 * shift,
                        max_shift_centred=shift,
                        mean_shift_centred=0.15 * shift,
                        kendall_tau=1 - 0.2 * shift,
                        top1_flip=min(0.3 * shift, 1.0),
                        max_shift_median=0.8 * shift,
                        max_shift_centred_median=0.6 * shift,
                    )
                )
    return CloneAudit(
        rows=tuple(rows),
        reward="linear",
        targets=tuple(range(20)),
        options={"copies": (1, 10, 100), "random_state": 0},
    )
