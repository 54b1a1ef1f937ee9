"""A reward that is a small neural network on the embedding, as in the paper's case study."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from cloneproof._core.errors import InputError, ParameterError
from cloneproof._core.typing import FloatArray, IntArray
from cloneproof._core.validation import check_choice, check_integer, check_number
from cloneproof.neural.device import choose_device, choose_precision
from cloneproof.neural.files import read_network, write_network
from cloneproof.neural.holdout import hold_out
from cloneproof.neural.network import Layers, Networks, draw_parameters
from cloneproof.neural.repeats import RepeatDesigns, design_repeats
from cloneproof.neural.training import Schedule, Trained, evaluates_all, train_networks
from cloneproof.preferences import Comparisons
from cloneproof.rewards.feature_model_rows import as_embeddings, objective_of
from cloneproof.rewards.objective import Objective, logistic

__all__ = ["RewardNetwork"]

MEMORY_FOR_SIDES = 2**28
"""Bytes that the embeddings of one step's batches may take; more repeats train in turns."""

OPTIONS = (
    "hidden",
    "regularization",
    "n_steps",
    "batch_size",
    "learning_rate",
    "decay",
    "activation",
    "n_repeats",
    "patience",
    "validation_share",
    "check_every",
    "precision",
    "device",
    "random_state",
)
"""What a saved network is made anew with."""

FITTED = ("repeat_rewards_", "objective_", "gradient_norm_", "n_steps_", "alternative_weight_", "_center")
"""What a fit found, beside the parameters and the history."""


class RewardNetwork:
    """Learn a reward ``r(x) = f(x)``, f a fully connected network, from comparisons and embeddings.

    .. math:: min_f  - sum_e omega_e [ y_e log s(f_a - f_b) + (1 - y_e) log s(f_b - f_a) ]
                     + (lambda / 2) sum_a w_a f_a^2

    the objective of :class:`cloneproof.BradleyTerry` and :class:`cloneproof.LinearReward`, with
    ``sum omega = (1 - sum w^2) / 2`` as there. The defaults are the network of the paper's case study
    (two layers, 32 hidden units, Adam, batches of 512, 500 steps). Many repeats, each with a seed and, if
    wanted, with comparisons and weights of its own, train at once.

    Parameters
    ----------
    hidden : int or sequence of int, default=32
        Units of each hidden layer; an int is one hidden layer, so two layers of weights. (): no hidden
        layer, a linear function.
    regularization : float, default=0.01
        ``lambda``, at least 0: the ridge on the rewards, the same as everywhere.
    n_steps : int, default=500
        Steps of Adam; with early stopping: at most.
    batch_size : int, default=512
        Distinct pairs in a batch. Where there are fewer, every step sees all of them.
    learning_rate : float, default=0.01
        Of Adam. The paper does not give it.
    decay : {"constant", "cosine"}, default="constant"
        "cosine" lowers the learning rate to 0 by the last step: to converge rather than to sample.
    activation : {"relu", "tanh"}, default="relu"
    n_repeats : int, default=1
        Networks to train, from the seeds ``random_state``, ``random_state + 1``, ...
    patience : int, default=None
        Early stopping: steps without a better likelihood of held-out rows after which a repeat keeps its
        best parameters. None: train all steps.
    validation_share : float, default=0.1
        Share of the distinct pairs that each repeat holds out, with early stopping.
    check_every : int, default=25
        Steps between evaluations of the whole objective (`history_`) and of the held-out rows.
    precision : {"single", "double"}, default="single"
    device : str, default="auto"
        "auto" (CUDA, else MPS, else CPU), "cpu", "cuda", "mps".
    random_state : int, default=0
        Seed of the first repeat: of its parameters, its batches and its held-out rows. Repeat k is what
        one network with ``random_state + k`` gives, up to rounding.

    Attributes
    ----------
    rewards_ : ndarray of shape (n_alternatives,)
        Natural-log odds, the mean over repeats; in each repeat ``sum_a w_a r_a = 0``.
    repeat_rewards_ : ndarray of shape (n_repeats, n_alternatives)
        The rewards of each repeat.
    objective_ : ndarray of shape (n_repeats,)
        The objective reached on the training rows.
    gradient_norm_ : ndarray of shape (n_repeats,)
        Largest entry of its gradient in the parameters, over the total comparison weight: how far from a
        stationary point training ended.
    n_steps_ : ndarray of shape (n_repeats,)
        The step whose parameters were kept.
    history_ : Trained
        Objective (and held-out loss) per unit of comparison weight, by step and repeat.
    alternative_weight_ : ndarray of shape (n_repeats, n_alternatives)
        `w` as used, sums to 1.

    Raises
    ------
    ParameterError
        In `fit`, for options out of range.

    Notes
    -----
    A batch estimates the whole objective: its sums over rows times n / B. Where alternatives are at most
    four batches, a step evaluates all of them in one matrix product and the ridge is exact; else it
    evaluates the two sides of its rows and the ridge is spread over these sides, right in expectation.
    The network has a bias at its output that comparisons do not see; after training it is replaced by the
    one that the ridge would choose, ``- sum_a w_a f(x_a)``.

    Cost of a step with d dimensions and h hidden units: O(m d h) or O(batch_size d h) a repeat. The
    objective is not convex in the parameters, so seeds end in different places; `repeat_rewards_` shows
    how far apart. On CUDA sums over rows are not bitwise reproducible.

    References
    ----------
    .. [1] Procaccia, Schiffer & Zhang, "Clone-Robust AI Alignment", ICML 2025, arXiv:2501.09254.

    Examples
    --------
    >>> c = Comparisons.from_win_rates([[0.5, 0.6, 0.8], [0.4, 0.5, 0.6], [0.2, 0.4, 0.5]])
    >>> reward = RewardNetwork(n_steps=300, device="cpu").fit(c, [[2.0], [1.0], [0.0]])
    >>> bool(reward.rewards_[0] > reward.rewards_[1] > reward.rewards_[2])
    True
    """

    rewards_: FloatArray
    repeat_rewards_: FloatArray
    objective_: FloatArray
    gradient_norm_: FloatArray
    n_steps_: IntArray
    history_: Trained
    alternative_weight_: FloatArray
    _layers: list[Layers]
    _center: FloatArray

    def __init__(
        self,
        *,
        hidden: int | Sequence[int] = 32,
        regularization: float = 0.01,
        n_steps: int = 500,
        batch_size: int = 512,
        learning_rate: float = 0.01,
        decay: Literal["constant", "cosine"] = "constant",
        activation: Literal["relu", "tanh"] = "relu",
        n_repeats: int = 1,
        patience: int | None = None,
        validation_share: float = 0.1,
        check_every: int = 25,
        precision: Literal["single", "double"] = "single",
        device: str = "auto",
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.regularization = regularization
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.decay = decay
        self.activation = activation
        self.n_repeats = n_repeats
        self.patience = patience
        self.validation_share = validation_share
        self.check_every = check_every
        self.precision = precision
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        comparisons: Comparisons | Sequence[Comparisons],
        X: ArrayLike,
        alternative_weight: ArrayLike | Sequence[ArrayLike | None] | None = None,
        comparison_weight: ArrayLike | Sequence[ArrayLike | None] | None = None,
        *,
        validation_rows: ArrayLike | None = None,
    ) -> RewardNetwork:
        """Train the networks.

        Parameters
        ----------
        comparisons : Comparisons, or one for each repeat
            All over the same alternatives.
        X : array-like of shape (n_alternatives, n_dims)
            Embeddings, in the order of ``comparisons.ids``.
        alternative_weight : array-like of shape (n_alternatives,), or one (or None) for each repeat
            `w`, scaled to sum 1; None: 1 / m.
        comparison_weight : array-like of shape (n_comparisons,), or one (or None) for each repeat
            Weight of each whole row, its count included, on any scale. None: with alternative weights
            each observed pair has ``w_a w_b``, shared by its rows; without, every comparison counts once.
        validation_rows : array-like of int or bool, default=None
            Rows to watch for early stopping instead of a random share (with one set of comparisons);
            :func:`cloneproof.audit.split_by_prompt_and_family` finds rows without copies in training.

        Returns
        -------
        self : RewardNetwork

        Raises
        ------
        InputError
            If embeddings, weights or the number of repeats do not fit the comparisons.
        """
        schedule, widths, first_seed = self._checked()
        device = choose_device(self.device)
        dtype = choose_precision(self.precision, device)
        designs = design_repeats(comparisons, alternative_weight, comparison_weight, self.n_repeats)
        points = as_embeddings(X, designs.n_alternatives)
        seeds = [first_seed + k for k in range(self.n_repeats)]
        objectives, held_out = self._objectives(designs, points, seeds, validation_rows)
        tensor = torch.as_tensor(points, dtype=dtype, device=device)
        layers: list[Layers] = []
        trained: list[Trained] = []
        for group in self._groups(len(points), points.shape[1], tensor.element_size()):
            networks = Networks(
                [
                    draw_parameters(np.random.default_rng([seeds[k], 0]), [points.shape[1], *widths, 1])
                    for k in group
                ],
                activation=self.activation,
                dtype=dtype,
                device=device,
            )
            made = train_networks(
                networks,
                tensor,
                [objectives[k] for k in group],
                schedule,
                [np.random.default_rng([seeds[k], 1]) for k in group],
                None if held_out is None else [held_out[k] for k in group],
            )
            trained.append(made)
            layers.extend(networks.parameters_of(k) for k in range(len(group)))
        self._layers = layers
        self.history_ = _join(trained)
        self.n_steps_ = self.history_.kept
        self._finish(designs.alternative_weight, points, objectives)
        return self

    def predict(self, X: ArrayLike, *, each: bool = False) -> FloatArray:
        """Return the rewards of any alternatives from their embeddings.

        Parameters
        ----------
        X : array-like of shape (n_new, n_dims)
            Embeddings by the encoder that the reward was fitted on.
        each : bool, default=False
            Whether to return the rewards of every repeat instead of their mean.

        Returns
        -------
        rewards : ndarray of shape (n_new,), or (n_repeats, n_new)
            On the scale of `rewards_` (whose weighted mean is 0 on the alternatives of the fit).
        """
        points = as_embeddings(X, n_dims=self._layers[0][0][0].shape[0])
        rewards = self._raw(points) - self._center[:, None]
        return rewards if each else np.asarray(rewards.mean(axis=0))

    def copy(self) -> RewardNetwork:
        """Return an unfitted network with the same options."""
        return RewardNetwork(**{name: getattr(self, name) for name in OPTIONS})

    def win_rate(self, a: int, b: int) -> float:
        """Return the fitted probability that alternative `a` is preferred to `b` (positions)."""
        m = len(self.rewards_)
        for name, position in (("a", a), ("b", b)):
            if not isinstance(position, (int, np.integer)) or not 0 <= position < m:
                raise ParameterError(f"{name} must be a position from 0 to {m - 1}. Got {position!r}.")
        return float(logistic(self.rewards_[[a]] - self.rewards_[[b]])[0])

    def save(self, target: str | os.PathLike[str]) -> Path:
        """Write the networks into a folder, as safetensors and JSON, and return it.

        Raises
        ------
        ParameterError
            If the networks are not fitted.
        FileAccessError
            If `target` is a file or cannot be written.
        """
        if not hasattr(self, "_layers"):
            raise ParameterError("this RewardNetwork is not fitted yet. Call fit first.")
        options = {name: getattr(self, name) for name in OPTIONS}
        if not isinstance(self.hidden, (int, np.integer)):
            options["hidden"] = [int(width) for width in self.hidden]
        arrays = {name.strip("_"): getattr(self, name) for name in FITTED}
        for field in fields(Trained):
            arrays[f"history.{field.name}"] = getattr(self.history_, field.name)
        return write_network(target, options=options, arrays=arrays, layers=self._layers)

    @classmethod
    def load(cls, source: str | os.PathLike[str]) -> RewardNetwork:
        """Return the networks that :meth:`save` wrote, with the same predictions to the bit.

        Raises
        ------
        FileAccessError
            If a file is missing or cannot be read.
        InputError
            If a file is no network of cloneproof, or was changed after it was written.
        """
        saved = read_network(source)
        try:
            network = cls(**saved.options)
            network._checked()
            for name in FITTED:
                setattr(network, name, saved.arrays[name.strip("_")])
            history: dict[str, Any] = {
                field.name: saved.arrays.get(f"history.{field.name}") for field in fields(Trained)
            }
            network.history_ = Trained(**history)
            network._layers = saved.layers
            network.rewards_ = np.asarray(network.repeat_rewards_.mean(axis=0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{source} holds no network that can be loaded: {error}.") from error
        return network

    def _checked(self) -> tuple[Schedule, list[int], int]:
        """Return the checked options of training, the hidden widths and the first seed."""
        check_number("regularization", self.regularization, low=0.0)
        check_integer("n_repeats", self.n_repeats, low=1)
        check_number("validation_share", self.validation_share, low=0.0, high=1.0, low_open=True)
        check_choice("activation", self.activation, ("relu", "tanh"))
        check_choice("decay", self.decay, ("constant", "cosine"))
        widths = [self.hidden] if isinstance(self.hidden, (int, np.integer)) else list(self.hidden)
        widths = [check_integer("hidden", width, low=1) for width in widths]
        schedule = Schedule(
            n_steps=check_integer("n_steps", self.n_steps, low=1),
            batch_size=check_integer("batch_size", self.batch_size, low=1),
            learning_rate=check_number("learning_rate", self.learning_rate, low=0.0, low_open=True),
            decay=self.decay,
            patience=None if self.patience is None else check_integer("patience", self.patience, low=1),
            check_every=check_integer("check_every", self.check_every, low=1),
        )
        return schedule, widths, check_integer("random_state", self.random_state, low=0)

    def _objectives(
        self,
        designs: RepeatDesigns,
        points: FloatArray,
        seeds: Sequence[int],
        validation_rows: ArrayLike | None,
    ) -> tuple[list[Objective], list[Objective] | None]:
        """Return what each repeat trains on, and what it holds out."""
        ridge = float(self.regularization)
        if self.patience is None:
            if validation_rows is not None:
                raise ParameterError("validation_rows needs patience, the steps to wait. Pass both.")
            made = {id(design): objective_of(design, ridge) for design in designs.designs}
            return [made[id(design)] for design in designs.designs], None
        parts = [
            hold_out(
                designs,
                k,
                points,
                share=float(self.validation_share),
                rows=validation_rows,
                random_state=np.random.default_rng([seed, 2]),
            )
            for k, seed in enumerate(seeds)
        ]
        return [objective_of(p.train, ridge) for p in parts], [objective_of(p.test, 0.0) for p in parts]

    def _groups(self, m: int, n_dims: int, size: int) -> list[range]:
        """Return the repeats that train together, so that gathered embeddings fit into memory."""
        n = self.n_repeats
        if evaluates_all(m, self.batch_size):
            return [range(n)]
        together = max(1, MEMORY_FOR_SIDES // (2 * self.batch_size * n_dims * size))
        return [range(start, min(start + together, n)) for start in range(0, n, together)]

    def _finish(self, w: FloatArray, points: FloatArray, objectives: Sequence[Objective]) -> None:
        """Centre the rewards and measure where training ended."""
        self.alternative_weight_ = w
        raw = self._raw(points)
        self._center = np.asarray((raw * w).sum(axis=1))
        self.repeat_rewards_ = raw - self._center[:, None]
        self.rewards_ = np.asarray(self.repeat_rewards_.mean(axis=0))
        self.objective_ = np.array(
            [o.value(r) for o, r in zip(objectives, self.repeat_rewards_, strict=True)]
        )
        slopes = [o.gradient(r) for o, r in zip(objectives, self.repeat_rewards_, strict=True)]
        totals = np.array([o.total_weight for o in objectives])
        self.gradient_norm_ = self._gradient_norms(points, np.stack(slopes)) / totals

    def _pieces(self, points: FloatArray) -> Iterator[tuple[Networks, slice, Any]]:
        """Yield the networks in double precision with one piece of the points after the other."""
        networks = Networks(
            self._layers, activation=self.activation, dtype=torch.float64, device=torch.device("cpu")
        )
        step = max(1, 2**22 // max(networks.biases[0].numel(), 1))
        with torch.no_grad():
            for start in range(0, len(points), step):
                part = slice(start, start + step)
                yield networks, part, torch.as_tensor(points[part], dtype=torch.float64)

    def _raw(self, points: FloatArray) -> FloatArray:
        """Return the outputs of the networks, shape (n_repeats, n_points)."""
        rewards = np.empty((len(self._layers), len(points)))
        for networks, part, piece in self._pieces(points):
            rewards[:, part] = networks.forward(piece).rewards.numpy()
        return rewards

    def _gradient_norms(self, points: FloatArray, slopes: FloatArray) -> FloatArray:
        """Return the largest entry of the gradient in the parameters of each repeat."""
        sums: list[Any] = []
        for networks, part, piece in self._pieces(points):
            networks.backward(networks.forward(piece), torch.as_tensor(slopes[:, part]))
            grads: list[Any] = [p.grad for p in networks.parameters()]
            sums = [g + s for g, s in zip(grads, sums, strict=True)] if sums else [g.clone() for g in grads]
        sums[0] = sums[0].transpose(0, 1)  # the first layer has the repeats in its second place
        largest = [s.abs().flatten(1).amax(dim=1).numpy() for s in sums]
        return np.asarray(np.max(largest, axis=0), dtype=np.float64)


def _join(parts: Sequence[Trained]) -> Trained:
    """Join the trajectories of groups; one that stopped earlier ends in its last values."""
    longest = max(parts, key=lambda part: len(part.steps)).steps

    def columns(tables: Sequence[Any]) -> Any:
        if any(table is None for table in tables):
            return None
        return np.concatenate(
            [np.pad(t, ((0, len(longest) - len(t)), (0, 0)), mode="edge") for t in tables], axis=1
        )

    return Trained(
        steps=longest,
        objective=columns([p.objective for p in parts]),
        held_out=columns([p.held_out for p in parts]),
        kept=np.concatenate([p.kept for p in parts]),
    )
