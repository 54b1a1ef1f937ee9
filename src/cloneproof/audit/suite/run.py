"""Run CloneBench: every attack on every method, each cell kept, so that a killed run goes on."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau
from threadpoolctl import threadpool_limits

from cloneproof._core.errors import CloneProofError, CloneProofWarning
from cloneproof._core.progress import track
from cloneproof._core.steps import StepCache
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.audit.injection import Injected
from cloneproof.audit.suite.attacks import Attack
from cloneproof.audit.suite.case import Case, Scored
from cloneproof.audit.suite.measures import Measures, held_out_accuracy, measure
from cloneproof.audit.suite.methods import Method
from cloneproof.audit.suite.options import SuiteOptions
from cloneproof.audit.suite.records import CleanRow, SuiteResult, SuiteRow
from cloneproof.audit.suite.targets import by_influence, search_targets, target_effects
from cloneproof.audit.suite.world import World
from cloneproof.audit.weighing import package_version
from cloneproof.weights import effective_sample_size

__all__ = ["Setting", "run_suite"]

_VERSION = 1
"""Of what a cell means; raised when a measure or an attack changes."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One attack as it is tried on every method."""

    attack: Attack
    copies: int
    targeting: str
    repeat: int

    @property
    def name(self) -> str:
        """Return a word for the seed and the progress."""
        return f"{self.attack.name} x{self.copies}, {self.targeting} {self.repeat}"


def run_suite(
    world: World, options: SuiteOptions | None = None, *, cache: str | os.PathLike[str] | None = None
) -> SuiteResult:
    """Try every attack on every method and measure what the clones did.

    Parameters
    ----------
    world : World
        From :func:`make_world` or :func:`simulated_world`.
    options : SuiteOptions, default=None
        None: the defaults; ``SuiteOptions.quick()`` for about a minute.
    cache : path-like, default=None
        Folder in which each cell is kept as one file: a run that was killed goes on where it stopped,
        and a further method costs its own cells only. None: nothing is kept.

    Returns
    -------
    result : SuiteResult
        The same for the same world, options and version, but for the seconds.

    Notes
    -----
    Costs ``settings x methods`` fits. A method that raises does not end the run: its cells hold the
    message, its measures are NaN, and the notes say so.
    """
    options = options or SuiteOptions()
    bench = _Bench(world, options, StepCache(None if cache is None else Path(cache) / "cells"))
    attacks, notes = [], []
    for attack in options.chosen_attacks():
        reason = attack.reason_against(world)
        if reason is None:
            attacks.append(attack)
        else:
            notes.append(f"{attack.name}: left out, {reason}.")
    methods = []
    for method in options.chosen_methods():
        reason = getattr(method, "reason_against", lambda _: None)(world)
        if reason is None:
            methods.append(method)
        else:
            notes.append(f"{method.name}: left out, {reason}.")
    settings = list(_settings(attacks, options))
    rows: list[SuiteRow] = []
    with warnings.catch_warnings(), threadpool_limits(1):  # small fits: more threads would only wait
        warnings.simplefilter("ignore", CloneProofWarning)
        with track("clean data", total=len(methods)) as advance:
            clean = [bench.clean_row(method, advance) for method in methods]
        with track("attacks", total=len(settings) * len(methods)) as advance:
            for setting in settings:
                rows += bench.try_on_all(setting, methods, advance)
    failed = {row.method: row.error for row in clean if row.error is not None}
    failed |= {row.method: row.error for row in rows if row.error is not None}
    notes += [f"{name}: failed in some cells: {error}" for name, error in failed.items()]
    return SuiteResult(
        world=_describe(world),
        rows=tuple(rows),
        clean=tuple(clean),
        options={**options.as_json(), "version": package_version("cloneproof")},
        notes=tuple(notes),
    )


def _settings(attacks: Sequence[Attack], options: SuiteOptions) -> Iterator[Setting]:
    """Yield every way in which attacks are tried."""
    for attack in attacks:
        for targeting in options.targeting:
            if targeting == "search" and attack.name not in options.searched:
                continue
            drawn = targeting == "random"
            for copies in options.copies if drawn else options.worst_copies or (max(options.copies),):
                for repeat in range(options.n_repeats if drawn else 1):
                    yield Setting(attack=attack, copies=copies, targeting=targeting, repeat=repeat)


class _Bench:
    """A world with its clean fits and kept cells."""

    def __init__(self, world: World, options: SuiteOptions, steps: StepCache) -> None:
        self.world, self.options, self.steps = world, options, steps
        self.key = {"suite": _VERSION, "version": package_version("cloneproof"), **world.key()}
        self.clean_rewards: dict[str, FloatArray | None] = {}
        self.plain_accuracy = float("nan")
        self.plain_rewards: FloatArray | None = None

    def clean_row(self, method: Method, advance: Callable[[int], None]) -> CleanRow:
        """Fit a method on the clean data; plain comes first."""
        world = self.world
        case = Case(
            comparisons=world.comparisons,
            embeddings=world.embeddings,
            parent=np.arange(world.n_alternatives),
            world=world,
            seed=self.options.random_state,
        )

        def fit() -> dict[str, Any]:
            scored, error, seconds = _try(method, case)
            if scored is None:
                return {"rewards": None, "error": error, "seconds": seconds}
            return {
                "rewards": scored.rewards.tolist(),
                "error": None,
                "seconds": seconds,
                "accuracy": held_out_accuracy(world, scored),
                "ess_alternatives": _ess(scored.alternative_weight, world.n_alternatives),
                "ess_comparisons": _ess(scored.comparison_weight, world.comparisons.n_comparisons),
            }

        kept = self.steps.record("clean", {**self.key, "method": _identity(method), "seed": case.seed}, fit)
        rewards = None if kept["rewards"] is None else np.array(kept["rewards"])
        self.clean_rewards[method.name] = rewards
        if method.name == "plain":
            self.plain_accuracy, self.plain_rewards = kept.get("accuracy", float("nan")), rewards
        tau = float("nan")
        if rewards is not None and self.plain_rewards is not None and np.ptp(rewards) > 0:
            tau = float(kendalltau(rewards, self.plain_rewards).statistic)
        accuracy = kept.get("accuracy", float("nan"))
        advance(1)
        return CleanRow(
            world=world.name,
            method=method.name,
            accuracy=accuracy,
            accuracy_cost=self.plain_accuracy - accuracy,
            ess_alternatives=kept.get("ess_alternatives", float("nan")),
            ess_comparisons=kept.get("ess_comparisons", float("nan")),
            kendall_tau_with_plain=tau,
            seconds=kept["seconds"],
            error=kept["error"],
        )

    @cached_property
    def effects(self) -> FloatArray:
        """First-order effects of cloning each alternative on the plain rewards."""
        plain = self.plain_rewards
        return target_effects(self.world, np.zeros(self.world.n_alternatives) if plain is None else plain)

    def try_on_all(
        self, setting: Setting, methods: Sequence[Method], advance: Callable[[int], None]
    ) -> Iterator[SuiteRow]:
        """Yield one row per method; the clones are made once, when the first method needs them."""
        candidates = setting.attack.candidates(self.world)
        n_targets = min(self.options.n_targets, len(candidates))
        seeds = [self.options.random_state, _word(setting.attack.name), setting.copies, setting.repeat]
        if setting.targeting == "random":
            rng = np.random.default_rng([seeds[0], 5, setting.repeat])  # the same for all attacks that can
            targets = np.sort(rng.choice(candidates, size=n_targets, replace=False))
        else:
            targets = by_influence(self.effects, candidates, n_targets)
        made: dict[tuple[int, ...], Injected] = {}

        def inject(chosen: IntArray) -> Injected:
            if tuple(chosen.tolist()) not in made:
                if len(made) > 1:
                    made.clear()
                made[tuple(chosen.tolist())] = setting.attack.apply(
                    self.world, chosen, setting.copies, np.random.default_rng(seeds)
                )
            return made[tuple(chosen.tolist())]

        for method in methods:
            key = {
                **self.key,
                "attack": _identity(setting.attack),
                "copies": setting.copies,
                "targeting": setting.targeting,
                "repeat": setting.repeat,
                "targets": targets.tolist(),
                "method": _identity(method),
                "best_of": self.options.best_of,
                "budget": self.options.budget if setting.targeting == "search" else None,
                "seed": self.options.random_state,
            }
            cell = _Cell(self, setting, method, inject, targets, candidates, seeds)
            kept = self.steps.record("cell", key, cell.fill)
            advance(1)
            yield SuiteRow(
                world=self.world.name,
                attack=setting.attack.name,
                method=method.name,
                copies=setting.copies,
                targeting=setting.targeting,
                repeat=setting.repeat,
                **{**kept, "targets": tuple(kept["targets"])},
            )


@dataclass(frozen=True)
class _Cell:
    """One attack on one method."""

    bench: _Bench
    setting: Setting
    method: Method
    inject: Callable[[IntArray], Injected]
    targets: IntArray
    candidates: IntArray
    seeds: list[int]

    def fill(self) -> dict[str, Any]:
        """Fit and measure; search for the worst targets first, where asked."""
        targets = self.targets
        before = self.bench.clean_rewards[self.method.name]
        if before is None:
            return self._record(targets, Measures.missing(), 0.0, "failed on the clean data")
        if self.setting.targeting != "search":
            return self._measure(targets, before)
        begun = time.perf_counter()
        found: dict[tuple[int, ...], dict[str, Any]] = {}

        def harm(chosen: IntArray) -> float:
            record = found[tuple(chosen.tolist())] = self._measure(chosen, before)
            return float(record["max_shift_sd"]) if record["error"] is None else -1.0

        best, _ = search_targets(
            harm,
            targets,
            self.candidates,
            budget=self.bench.options.budget,
            rng=np.random.default_rng([*self.seeds, 1]),
        )
        return {**found[tuple(best.tolist())], "seconds": round(time.perf_counter() - begun, 3)}

    def _measure(self, targets: IntArray, before: FloatArray) -> dict[str, Any]:
        """Clone these targets, fit, measure."""
        grown = self.inject(targets)
        case = Case(
            comparisons=grown.comparisons,
            embeddings=grown.embeddings,
            parent=grown.parent,
            world=self.bench.world,
            seed=self.bench.options.random_state,
        )
        scored, error, seconds = _try(self.method, case)
        if scored is None:
            return self._record(targets, Measures.missing(), seconds, error)
        found = measure(self.bench.world, before, scored, best_of=self.bench.options.best_of)
        return self._record(targets, found, seconds, None, grown)

    def _record(
        self,
        targets: IntArray,
        found: Measures,
        seconds: float,
        error: str | None,
        grown: Injected | None = None,
    ) -> dict[str, Any]:
        m, distance, n_clones = self.bench.world.n_alternatives, float("nan"), 0
        if grown is not None:
            moved = grown.embeddings[m:] - grown.embeddings[grown.parent[m:]]
            distance = float(np.median(np.linalg.norm(moved, axis=1))) / self.bench.world.scale
            n_clones = len(moved)
        return {
            **asdict(found),
            "n_targets": len(targets),
            "n_clones": n_clones,
            "distance": distance,
            "targets": targets.tolist(),
            "seconds": round(seconds, 3),
            "error": error,
        }


def _try(method: Method, case: Case) -> tuple[Scored | None, str | None, float]:
    """Fit a method; return what it learned, or what went wrong, and the seconds."""
    begun = time.perf_counter()
    try:
        scored = method.fit(case)
    except CloneProofError as error:
        return None, " ".join(str(error).split()), time.perf_counter() - begun
    except Exception as error:  # noqa: BLE001  (a method of somebody else's: told in its cell, not the end of the run)
        return None, f"{type(error).__name__}: {' '.join(str(error).split())}", time.perf_counter() - begun
    if not np.isfinite(scored.rewards).all() or len(scored.rewards) != len(case.embeddings):
        return None, "its rewards are not one finite number per alternative", time.perf_counter() - begun
    return scored, None, time.perf_counter() - begun


def _ess(weights: FloatArray | None, n: int) -> float:
    """Return an effective sample size as a share."""
    return 1.0 if weights is None else effective_sample_size(weights) / n


def _identity(part: Any) -> str:
    """Return what a cell depends on of a method or an attack: its name, its class, its options."""
    options = (
        {k: repr(v) for k, v in vars(part).items() if not callable(v)} if hasattr(part, "__dict__") else {}
    )
    return f"{type(part).__module__}.{type(part).__qualname__} {sorted(options.items())} {getattr(part, 'version', '')}"


def _word(name: str) -> int:
    """Return a number for a name, the same in every process."""
    return int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little") % (2**31)


def _describe(world: World) -> dict[str, Any]:
    c, test = world.comparisons, world.test
    return {
        "name": world.name,
        "n_alternatives": c.n_alternatives,
        "n_comparisons": c.n_comparisons,
        "n_test": 0 if test is None else test.n_comparisons,
        "n_dims": int(world.embeddings.shape[1]),
        "reward": world.reward,
        "scale": world.scale,
        "regularization": world.regularization,
        "shrinkage": world.shrinkage,
        "by": world.by,
        "encoder": None if world.encode is None else world.encode.name,
        "has_prompts": world.prompt_groups is not None,
    }
