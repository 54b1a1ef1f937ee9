"""Ways to add near-copies to a data set, each a small class, by name.

An attack takes a clean :class:`World` and some of its alternatives, and returns the data with clones. To add
one, write a class with ``name``, ``reason_against`` and ``apply`` and hand an instance of it to
:func:`register_attack`; :class:`CloneAttack` has what most share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from cloneproof._core.errors import ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.injection import Injected, inject_clones
from cloneproof.audit.suite.edits import edit_text
from cloneproof.audit.suite.world import World
from cloneproof.preferences import Comparisons

__all__ = [
    "ATTACKS",
    "Attack",
    "CloneAttack",
    "CopyEdits",
    "DuplicatedPairs",
    "NoisyCopies",
    "OneSided",
    "OverSampled",
    "Paraphrases",
    "add_clones",
    "register_attack",
]

_EDITS_A_TEXT = 20


@runtime_checkable
class Attack(Protocol):
    """A way to add clones."""

    @property
    def name(self) -> str:
        """How the tables call it."""

    def reason_against(self, world: World) -> str | None:
        """Return why the attack cannot be tried on this world, or None."""

    def candidates(self, world: World) -> IntArray:
        """Return the alternatives (positions) that it can clone."""

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Return the training data with `copies` clones of each target; originals keep their positions."""


ATTACKS: dict[str, Attack] = {}
"""Every attack that is known, by name."""


def register_attack(attack: Attack) -> Attack:
    """Make an attack known by its name.

    Raises
    ------
    ParameterError
        If it lacks a part, or another attack has that name.
    """
    if not isinstance(attack, Attack):
        raise ParameterError(
            f"An attack needs name, reason_against(world), candidates(world) and apply(world, targets, "
            f"copies, rng), such as a subclass of CloneAttack. Got {attack!r}."
        )
    if attack.name in ATTACKS and type(ATTACKS[attack.name]) is not type(attack):
        raise ParameterError(f"There is an attack {attack.name!r} already. Give yours another name.")
    ATTACKS[attack.name] = attack
    return attack


class CloneAttack:
    """What most attacks share: every compared alternative can be cloned, on any data."""

    def reason_against(self, world: World) -> str | None:  # noqa: ARG002
        """Return None: nothing stands against it."""
        return None

    def candidates(self, world: World) -> IntArray:
        """Return all compared alternatives."""
        return np.union1d(world.comparisons.left, world.comparisons.right).astype(np.int64)


@dataclass(frozen=True)
class NoisyCopies(CloneAttack):
    """Copies at a distance, compared as their original was: the clones of the paper.

    `noise` is the distance in units of the scale h; 0: exact copies.
    """

    name: str = "noisy-copies"
    noise: float = 0.5

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Repeat every row of a target for each of its clones."""
        return inject_clones(
            world.comparisons,
            world.embeddings,
            targets=targets,
            copies=copies,
            noise=self.noise * world.scale,
            random_state=rng,
        )


@dataclass(frozen=True)
class CopyEdits(CloneAttack):
    """Copies with edited texts, encoded anew by the encoder of the data.

    Each text has 20 different edits; more copies repeat them.
    """

    name: str = "copy-edits"

    def reason_against(self, world: World) -> str | None:
        """Return why texts cannot be edited and encoded."""
        if world.comparisons.texts is None:
            return "there are no texts to edit"
        if world.encode is None:
            return "edited texts cannot be encoded: the embeddings were given as an array or a file"
        return None

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Clone the targets, then give every clone an edited text and its embedding."""
        texts, prompts, seed = world.comparisons.texts, world.comparisons.prompts, int(rng.integers(2**31))
        if texts is None or world.encode is None:
            raise ParameterError(
                f"{self.name} cannot be tried on {world.name}: {self.reason_against(world)}."
            )
        versions = min(copies, _EDITS_A_TEXT)
        edited = [
            edit_text(texts[t], np.random.default_rng([seed, int(t), k]))
            for t in targets.tolist()
            for k in range(versions)
        ]
        asked = None if prompts is None else [prompts[t] for t in targets.tolist() for _ in range(versions)]
        vectors = np.asarray(world.encode(edited, asked), dtype=np.float64)
        return _with_vectors(world, targets, copies, vectors, versions, edited)


@dataclass(frozen=True)
class Paraphrases(CloneAttack):
    """Copies that say the same in other words, from a file of the user's (or from the world itself)."""

    name: str = "paraphrases"

    def reason_against(self, world: World) -> str | None:
        """Return why there are no paraphrases."""
        if not world.paraphrases:
            return "no paraphrases were given for its texts (--paraphrases FILE)"
        if world.encode is None and isinstance(next(iter(world.paraphrases.values()))[0], str):
            return "paraphrases cannot be encoded: the embeddings were given as an array or a file"
        return None

    def candidates(self, world: World) -> IntArray:
        """Return the alternatives that have paraphrases."""
        return np.array(sorted(world.paraphrases), dtype=np.int64)

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Clone the targets, then give the clones their paraphrases' embeddings, repeated as needed."""
        grown = inject_clones(world.comparisons, world.embeddings, targets=targets, copies=copies)
        points, m = grown.embeddings.copy(), world.n_alternatives
        for i, target in enumerate(targets.tolist()):
            said = world.paraphrases[target]
            if isinstance(said[0], str):
                if world.encode is None:
                    raise ParameterError(f"{self.name}: {self.reason_against(world)}.")
                prompts = world.comparisons.prompts
                said = world.encode(list(said), None if prompts is None else [prompts[target]] * len(said))
            vectors = np.asarray(said, dtype=np.float64)[rng.permutation(len(said))]
            points[m + i * copies : m + (i + 1) * copies] = vectors[np.arange(copies) % len(vectors)]
        return replace(grown, embeddings=points)


@dataclass(frozen=True)
class DuplicatedPairs(CloneAttack):
    """One compared pair of each target copied as a pair: both sides new, met by nobody else.

    All rows on the pair are copied. `noise` is in units of the scale h, for both sides.
    """

    name: str = "duplicated-pairs"
    noise: float = 0.5

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Copy one pair of each target."""
        c = world.comparisons
        lefts, rights, rows, parents = [], [], [], []
        new = world.n_alternatives
        for target in targets.tolist():
            on_pair, other = _draw_pair(c, target, rng)
            for _ in range(copies):
                ends = {target: new, other: new + 1}
                lefts.append([ends[x] for x in c.left[on_pair].tolist()])
                rights.append([ends[x] for x in c.right[on_pair].tolist()])
                rows.append(on_pair)
                parents += [target, other]
                new += 2
        parent = np.array(parents, dtype=np.int64)
        points = world.embeddings[parent] + _directions(rng, world, len(parent), self.noise)
        return add_clones(
            world,
            parent,
            points,
            rows=np.concatenate(rows),
            left=np.concatenate(lefts),
            right=np.concatenate(rights),
        )


@dataclass(frozen=True)
class OneSided(CloneAttack):
    """Copies of the target's side of one of its pairs: every clone meets that one opponent only.

    Where each answer is compared once this is the same as `NoisyCopies`. `noise` is in units of h.
    """

    name: str = "one-sided"
    noise: float = 0.5

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Copy the target's side of one pair of each target."""
        c = world.comparisons
        lefts, rights, rows = [], [], []
        new = world.n_alternatives
        for target in targets.tolist():
            on_pair, _ = _draw_pair(c, target, rng)
            for _ in range(copies):
                lefts.append(np.where(c.left[on_pair] == target, new, c.left[on_pair]))
                rights.append(np.where(c.right[on_pair] == target, new, c.right[on_pair]))
                rows.append(on_pair)
                new += 1
        parent = np.repeat(targets, copies)
        points = world.embeddings[parent] + _directions(rng, world, len(parent), self.noise)
        return add_clones(
            world,
            parent,
            points,
            rows=np.concatenate(rows),
            left=np.concatenate(lefts),
            right=np.concatenate(rights),
        )


@dataclass(frozen=True)
class OverSampled(CloneAttack):
    """Clones that are compared more often than anybody else: their rows count `times` as much."""

    name: str = "over-sampled"
    noise: float = 0.5
    times: float = 5.0

    def apply(self, world: World, targets: IntArray, copies: int, rng: np.random.Generator) -> Injected:
        """Clone the targets and multiply the counts of the clones' rows."""
        grown = NoisyCopies(noise=self.noise).apply(world, targets, copies, rng)
        count = grown.comparisons.count.copy()
        count[world.comparisons.n_comparisons :] *= self.times
        return replace(grown, comparisons=replace(grown.comparisons, count=count))


def add_clones(
    world: World,
    parent: IntArray,
    points: FloatArray,
    *,
    rows: IntArray,
    left: IntArray,
    right: IntArray,
    texts: list[str] | None = None,
) -> Injected:
    """Return the training data of a world with new alternatives and rows; for attacks of one's own.

    Parameters
    ----------
    world : World
    parent : int ndarray of shape (n_clones,)
        The original of each clone.
    points : ndarray of shape (n_clones, n_dims)
    rows : int ndarray of shape (n_new_rows,)
        For each new row, the training row whose outcome, count and annotator it repeats.
    left, right : int ndarray of shape (n_new_rows,)
        Its sides: originals below m, clones from m in the order of `parent`.
    texts : list of str of length n_clones, default=None
        None: those of the originals.
    """
    c, m = world.comparisons, world.n_alternatives
    everything = np.concatenate([np.arange(m), parent]).astype(np.int64)
    names = np.empty(len(everything), dtype=object)
    names[:m] = c.ids
    names[m:] = [f"{c.ids[x]} (clone {k + 1})" for k, x in enumerate(parent.tolist())]
    said = None
    if c.texts is not None:
        said = (*c.texts, *(texts if texts is not None else (c.texts[x] for x in parent.tolist())))
    grown = Comparisons(
        ids=names,
        left=np.concatenate([c.left, left]).astype(np.int32),
        right=np.concatenate([c.right, right]).astype(np.int32),
        outcome=np.concatenate([c.outcome, c.outcome[rows]]),
        count=np.concatenate([c.count, c.count[rows]]),
        annotator=None if c.annotator is None else np.concatenate([c.annotator, c.annotator[rows]]),
        texts=said,
        prompts=None if c.prompts is None else tuple(c.prompts[x] for x in everything.tolist()),
        source=c.source,
    )
    return Injected(
        comparisons=grown, embeddings=np.concatenate([world.embeddings, points]), parent=everything
    )


def _with_vectors(
    world: World, targets: IntArray, copies: int, vectors: FloatArray, versions: int, edited: list[str]
) -> Injected:
    """Return the data with clones whose texts and embeddings are the edits, in turn."""
    grown = inject_clones(world.comparisons, world.embeddings, targets=targets, copies=copies)
    which = (np.arange(len(targets))[:, None] * versions + np.arange(copies) % versions).ravel()
    points = np.concatenate([world.embeddings, vectors[which]])
    texts = (*(world.comparisons.texts or ()), *(edited[k] for k in which.tolist()))
    return replace(grown, embeddings=points, comparisons=replace(grown.comparisons, texts=texts))


def _draw_pair(c: Comparisons, target: int, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Return the rows on one pair of a target, drawn at random, and its opponent."""
    own = np.flatnonzero((c.left == target) | (c.right == target))
    opponents = np.where(c.left[own] == target, c.right[own], c.left[own])
    other = int(rng.choice(np.unique(opponents)))
    return own[opponents == other], other


def _directions(rng: np.random.Generator, world: World, n: int, noise: float) -> FloatArray:
    """Return random steps of length `noise` times h."""
    steps = rng.standard_normal((n, world.embeddings.shape[1]))
    steps *= noise * world.scale / np.linalg.norm(steps, axis=1, keepdims=True)
    return np.asarray(steps, dtype=np.float64)


_ALL: tuple[Attack, ...] = (
    NoisyCopies(name="exact-copies", noise=0.0),
    NoisyCopies(),
    CopyEdits(),
    Paraphrases(),
    DuplicatedPairs(),
    OneSided(),
    OverSampled(),
)
for _attack in _ALL:
    register_attack(_attack)
