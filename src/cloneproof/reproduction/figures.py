"""The figures of the reproduction as PNG and SVG, by matplotlib without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloneproof._core.extras import require
from cloneproof._core.files import atomic_path
from cloneproof.audit.case_records import Interval, ParisCase
from cloneproof.reproduction.records import PaperReproduction

__all__ = ["FIGURES", "draw_figures"]

FIGURES = ("rewards", "shifts", "populations")
"""Names of the figures; the last one only where there are populations."""

COLOURS = {"food": "#b2182b", "art": "#2166ac", "romance": "#4d9221", "restaurants": "#ef8a62"}
MARKERS = {"food": "s", "art": "o", "romance": "^", "restaurants": "D"}


def draw_figures(found: PaperReproduction, folder: Path) -> list[Path]:
    """Draw every figure into `folder` as PNG and SVG, each file whole or not at all.

    Returns
    -------
    paths : list of Path

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    require("matplotlib", extra="paper", purpose="The figures")
    drawn = {"rewards": _rewards(found.case), "shifts": _shifts(found.case)}
    if found.populations:
        drawn["populations"] = _populations(found)
    paths = []
    for name, figure in drawn.items():
        for kind in ("png", "svg"):
            path = folder / f"{name}.{kind}"
            with atomic_path(path) as temporary:
                figure.savefig(
                    temporary, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None
                )
            paths.append(path)
    return paths


def _figure(n_columns: int, width: float, height: float, n_rows: int = 1) -> tuple[Any, Any]:
    """Return a figure of its own: no global state, no window, the same bytes each time."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "cloneproof"
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def _rewards(case: ParisCase) -> Any:
    """Draw each topic's mean reward in the two data sets, a panel for each weighting."""
    n_columns = 3
    n_rows = -(-len(case.rows) // n_columns)
    figure, panels = _figure(n_columns, 9.6, 3.0 * n_rows, n_rows)
    for panel, row in zip(panels.ravel(), case.rows, strict=False):
        for k, topic in enumerate(row.rewards_after):
            sides = [
                (x, rewards[topic])
                for x, rewards in enumerate((row.rewards_before, row.rewards_after))
                if topic in rewards
            ]
            offset = 0.03 * (k - 1.5)
            panel.errorbar(
                [x + offset for x, _ in sides],
                [interval.mean for _, interval in sides],
                yerr=_whiskers([interval for _, interval in sides]),
                color=COLOURS[topic],
                marker=MARKERS[topic],
                capsize=3,
                label=topic,
            )
        before, after = row.winner_before, row.winner_after
        panel.set_title(
            f"{row.weighting}\n{before} first in {row.wins_before[before]}, "
            f"then {after} in {row.wins_after[after]} of {case.n_repeats}",
            fontsize=9,
        )
        panel.set_xticks([0, 1], ["Original", "Clones"])
        panel.set_xlim(-0.3, 1.3)
        panel.axhline(0.0, color="#bbbbbb", linewidth=0.8, zorder=0)
    for panel in panels.ravel()[len(case.rows) :]:
        panel.set_axis_off()
    for line in panels:
        line[0].set_ylabel("mean reward (log odds)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _shifts(case: ParisCase) -> Any:
    """Draw the largest shift beside what sampling alone does, and the limit."""
    figure, panels = _figure(1, 7.2, 0.55 * len(case.rows) + 1.4)
    panel = panels[0, 0]
    names = [row.weighting for row in case.rows]
    for offset, label, marker, colour, intervals in (
        (-0.16, "restaurants added", "o", "#b2182b", [row.max_shift_centred for row in case.rows]),
        (0.0, "sampling and training alone", "s", "#777777", [row.noise_shift_centred for row in case.rows]),
    ):
        panel.errorbar(
            [interval.mean for interval in intervals],
            [k + offset for k in range(len(names))],
            xerr=_whiskers(intervals),
            fmt=marker,
            color=colour,
            capsize=3,
            label=label,
        )
    panel.plot(
        [row.limit_max_shift_centred for row in case.rows],
        [k + 0.16 for k in range(len(names))],
        "D",
        color="#2166ac",
        label="everybody judges every pair",
    )
    panel.set_yticks(range(len(names)), names)
    panel.invert_yaxis()
    panel.set_xscale("log")
    panel.set_xlabel("largest move of an original text's centred reward (log odds, log scale)")
    panel.grid(axis="x", color="#dddddd", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _populations(found: PaperReproduction) -> Any:
    """Draw how often the winner changes, and by how much rewards move, for each kind of population."""
    n = len(found.populations)
    names = [row.weighting for row in found.populations[0].rows]
    figure, panels = _figure(2, 9.6, 0.45 * len(names) + 1.6)
    for k, study in enumerate(found.populations):
        colour = ("#b2182b", "#2166ac")[k % 2]
        offset = 0.22 * (k - (n - 1) / 2)
        for panel, intervals, factor in (
            (panels[0, 0], [row.flip_rate for row in study.rows], 100.0),
            (panels[0, 1], [row.max_shift_centred for row in study.rows], 1.0),
        ):
            panel.errorbar(
                [factor * interval.mean for interval in intervals],
                [i + offset for i in range(len(names))],
                xerr=_whiskers(intervals, factor),
                fmt="os"[k % 2],
                color=colour,
                capsize=3,
                label=study.kind if panel is panels[0, 0] else None,
            )
    for panel, title in zip(
        panels[0], ("winner changed (%)", "largest centred shift (log odds)"), strict=True
    ):
        panel.set_xlabel(title)
        panel.set_yticks(range(len(names)), names)
        panel.invert_yaxis()
        panel.set_xlim(left=0.0)
        panel.grid(axis="x", color="#dddddd", linewidth=0.6)
    panels[0, 1].tick_params(labelleft=False)
    figure.legend(loc="outside lower center", ncols=n, frameon=False)
    return figure


def _whiskers(intervals: Sequence[Interval], factor: float = 1.0) -> list[list[float]]:
    """Return lengths below and above the means."""
    return [
        [factor * max(i.mean - i.low, 0.0) for i in intervals],
        [factor * max(i.high - i.mean, 0.0) for i in intervals],
    ]
