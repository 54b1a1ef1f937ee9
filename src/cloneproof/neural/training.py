"""Train several networks at once on the weighted objective, each from its own batches.

.. math:: min_f  - sum_e omega_e [ y_e log s(f_a - f_b) + (1 - y_e) log s(f_b - f_a) ]
                 + (lambda / 2) sum_a w_a f_a^2

the objective of :mod:`cloneproof.rewards.objective` with rewards that are a function of the embedding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof.neural.network import Networks
from cloneproof.neural.rows import BatchStream, RowStore, collect_rows
from cloneproof.rewards.objective import Objective

__all__ = ["Schedule", "Trained", "evaluates_all", "train_networks"]

STEPS_AT_ONCE = 64
"""Steps whose batches are looked up together."""

POINTS_AT_ONCE = 16_384
"""Alternatives whose rewards are computed together when the whole objective is evaluated."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How networks are trained.

    Parameters
    ----------
    n_steps : int
        Steps of Adam (with early stopping: at most).
    batch_size : int
    learning_rate : float
    decay : {"constant", "cosine"}
        "cosine" lowers the learning rate to 0 by the last step.
    patience : int or None
        Steps without a better held-out likelihood after which a repeat keeps its best parameters.
    check_every : int
        Steps between evaluations of the whole objective.
    """

    n_steps: int
    batch_size: int
    learning_rate: float
    decay: str
    patience: int | None
    check_every: int

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        if self.decay == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / self.n_steps))


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What training left behind, beside the parameters.

    Parameters
    ----------
    steps : int64 ndarray of shape (n_checks,)
        After how many steps the objective was evaluated.
    objective : float64 ndarray of shape (n_checks, n_repeats)
        The training objective, per unit of comparison weight.
    held_out : float64 ndarray of shape (n_checks, n_repeats) or None
        The held-out loss, per unit of held-out comparison weight.
    kept : int64 ndarray of shape (n_repeats,)
        The step whose parameters were kept.
    """

    steps: IntArray
    objective: FloatArray
    held_out: FloatArray | None
    kept: IntArray


def evaluates_all(n_alternatives: int, batch_size: int) -> bool:
    """Tell whether a step computes the rewards of all alternatives rather than of those in its batch.

    One product over all alternatives, shared by all repeats, is cheaper than gathering the sides of
    each batch while alternatives are not many more than sides; the ridge is then exact too.
    """
    return n_alternatives <= 4 * batch_size


def train_networks(
    networks: Networks,
    points: Tensor,
    objectives: Sequence[Objective],
    schedule: Schedule,
    generators: Sequence[np.random.Generator],
    held_out: Sequence[Objective] | None = None,
) -> Trained:
    """Train all networks in place.

    Parameters
    ----------
    networks : Networks
    points : Tensor of shape (n_alternatives, n_dims)
    objectives : sequence of Objective
        One per repeat, all over the same alternatives.
    schedule : Schedule
    generators : sequence of Generator
        Draw the batches of each repeat.
    held_out : sequence of Objective, default=None
        What early stopping watches; needed with ``schedule.patience``.
    """
    whole = evaluates_all(len(points), schedule.batch_size)
    store = collect_rows(objectives, spread_ridge=not whole)
    stream = BatchStream(store, schedule.batch_size, generators)
    n_repeats = networks.n_repeats
    left, right = _flat_positions(store, n_repeats, points.device, whole=whole)
    factor = np.append(np.repeat(stream.factor, store.n_rows), 0.0)
    weights = [store.win, store.win + store.loss, *([] if whole else [store.ridge_left, store.ridge_right])]
    columns = [left, right, *(_like(points, factor * x) for x in weights)]
    ridge = _like(points, [o.ridge for o in objectives]).T.contiguous()
    fused = points.device.type in {"cpu", "cuda"} or None
    adam = torch.optim.Adam(networks.parameters(), lr=schedule.learning_rate, fused=fused)

    def step_whole(rows: tuple[Tensor, ...]) -> None:
        one, other, won, weight = rows
        made = networks.forward(points)
        rewards = made.rewards.T.contiguous()  # as it lies in memory: (n_alternatives, n_repeats)
        flat = rewards.view(-1)
        d = flat.index_select(0, one) - flat.index_select(0, other)
        slope = torch.sigmoid(d).mul_(weight).sub_(won)
        gradient = (ridge * rewards).view(-1)
        gradient.index_add_(0, one, slope).index_add_(0, other, slope, alpha=-1)
        networks.backward(made, gradient.view_as(rewards).T)

    def step_sides(rows: tuple[Tensor, ...]) -> None:
        one, other, won, weight, held_one, held_other = (x.view(n_repeats, -1) for x in rows)
        made = networks.forward(points[torch.cat([one, other], dim=1)])
        n = one.shape[1]
        slope = weight * torch.sigmoid(made.rewards[:, :n] - made.rewards[:, n:]) - won
        held = torch.cat([held_one, held_other], dim=1)
        networks.backward(made, torch.cat([slope, -slope], dim=1) + held * made.rewards)

    def look_up(batch: NDArray[np.int64]) -> tuple[Tensor, ...]:
        index = torch.as_tensor(batch.reshape(-1), device=points.device)
        return tuple(x.index_select(0, index).view(len(batch), -1) for x in columns)

    step = step_whole if whole else step_sides
    watch = _Watch(networks, points, objectives, held_out, schedule)
    with torch.no_grad(), track("training", total=schedule.n_steps) as advance:
        watch.look(0)
        done = 0
        while done < schedule.n_steps and not watch.all_stopped:
            n = min(STEPS_AT_ONCE, schedule.n_steps - done)
            for rows in zip(*look_up(stream.take(n)), strict=True):
                step(rows)
                if schedule.decay != "constant":
                    adam.param_groups[0]["lr"] = schedule.rate(done)
                adam.step()
                done += 1
                if done % schedule.check_every == 0 or done == schedule.n_steps:
                    watch.look(done)
                    if watch.all_stopped:
                        break
            advance(n)
        return watch.finish()


def _flat_positions(
    store: RowStore, n_repeats: int, device: torch.device, *, whole: bool
) -> tuple[Tensor, Tensor]:
    """Return where the sides of each row stand among the rewards of all repeats, or among the points."""
    repeat = np.append(np.repeat(np.arange(n_repeats), store.n_rows), 0)
    sides = store.left, store.right
    places = [side * n_repeats + repeat for side in sides] if whole else sides
    return torch.as_tensor(places[0], device=device), torch.as_tensor(places[1], device=device)


def _like(points: Tensor, values: Any) -> Tensor:
    """Return numbers as a tensor of the type and on the device of the points."""
    return torch.as_tensor(np.asarray(values), dtype=points.dtype, device=points.device)


class _Loss:
    """The objectives of all repeats, evaluated at once, per unit of comparison weight."""

    def __init__(self, objectives: Sequence[Objective], points: Tensor) -> None:
        store = collect_rows(objectives, spread_ridge=False)
        m, n = len(points), store.n_rows
        self._repeat = torch.as_tensor(np.repeat(np.arange(len(n)), n), device=points.device)
        self._left = torch.as_tensor(store.left[:-1], device=points.device) + self._repeat * m
        self._right = torch.as_tensor(store.right[:-1], device=points.device) + self._repeat * m
        self._win = _like(points, store.win[:-1])
        self._total = _like(points, (store.win + store.loss)[:-1])
        self._ridge = _like(points, [o.ridge for o in objectives])
        self._sum = np.array([o.total_weight for o in objectives])

    def __call__(self, rewards: Tensor) -> FloatArray:
        """Return the objective of each repeat at rewards of shape (n_repeats, n_alternatives)."""
        flat = rewards.reshape(-1)
        d = flat[self._left] - flat[self._right]
        losses = self._total * softplus(d) - self._win * d
        value = 0.5 * (self._ridge * rewards * rewards).sum(dim=1)
        value.index_add_(0, self._repeat, losses)
        return np.asarray(value.cpu().double().numpy() / self._sum, dtype=np.float64)


class _Watch:
    """Evaluates the objectives now and then, and keeps the best parameters of each repeat."""

    def __init__(
        self,
        networks: Networks,
        points: Tensor,
        objectives: Sequence[Objective],
        held_out: Sequence[Objective] | None,
        schedule: Schedule,
    ) -> None:
        self._networks, self._points = networks, points
        self._train = _Loss(objectives, points)
        self._test = None if held_out is None else _Loss(held_out, points)
        self._patience = schedule.patience
        self._steps: list[int] = []
        self._objective: list[FloatArray] = []
        self._held_out: list[FloatArray] = []
        n = networks.n_repeats
        self._best = np.full(n, np.inf)
        self._kept = np.zeros(n, dtype=np.int64)
        self._stopped = np.zeros(n, dtype=bool)
        self._snapshot: Networks | None = None

    @property
    def all_stopped(self) -> bool:
        """Whether no repeat has patience left."""
        return bool(self._stopped.all())

    def look(self, step: int) -> None:
        """Evaluate after `step` steps."""
        pieces = [
            self._networks.forward(piece).rewards for piece in torch.split(self._points, POINTS_AT_ONCE)
        ]
        rewards = torch.cat(pieces, dim=1)
        self._steps.append(step)
        self._objective.append(self._train(rewards))
        if self._test is None or self._patience is None:
            self._kept[:] = step
            return
        loss = self._test(rewards)
        self._held_out.append(loss)
        better = ~self._stopped & (loss < self._best)
        self._best[better] = loss[better]
        self._kept[better] = step
        if self._snapshot is None:
            self._snapshot = _copy(self._networks)
        elif better.any():
            self._snapshot.copy_from(self._networks, torch.as_tensor(better, device=self._points.device))
        self._stopped |= step - self._kept >= self._patience

    def finish(self) -> Trained:
        """Put the best parameters back and return the trajectory."""
        if self._snapshot is not None:
            everyone = torch.ones(self._networks.n_repeats, dtype=torch.bool, device=self._points.device)
            self._networks.copy_from(self._snapshot, everyone)
        return Trained(
            steps=np.asarray(self._steps, dtype=np.int64),
            objective=np.stack(self._objective),
            held_out=np.stack(self._held_out) if self._held_out else None,
            kept=self._kept,
        )


def _copy(networks: Networks) -> Networks:
    layers = [networks.parameters_of(k) for k in range(networks.n_repeats)]
    first = networks.weights[0]
    return Networks(layers, activation=networks.activation, dtype=first.dtype, device=first.device)
