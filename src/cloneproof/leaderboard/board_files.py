"""A board as Markdown, CSV and JSON, and back from JSON."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from cloneproof._core.errors import FileAccessError, InputError
from cloneproof._core.typing import FloatArray
from cloneproof.leaderboard.board import Board, Standing

__all__ = [
    "board_from_dict",
    "board_rows",
    "board_to_csv",
    "board_to_dict",
    "board_to_markdown",
    "read_board",
]

KIND = "cloneproof board 1"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def board_rows(board: Board) -> list[dict[str, Any]]:
    """Return one row per alternative, best plain rating first, with JSON-ready values."""
    rows = []
    for i in board.order.tolist():
        row: dict[str, Any] = {"model": board.ids[i], **_standing_row(board.plain, i, "")}
        row["n_comparisons"] = float(board.n_comparisons[i])
        if board.families is not None:
            row["family"] = board.families[i]
        if board.weighted is not None and board.weight is not None and board.change is not None:
            row |= {"weight": float(board.weight[i]), **_standing_row(board.weighted, i, "robust_")}
            row["change"] = int(board.change[i])
        rows.append(row)
    return rows


def board_to_dict(board: Board) -> dict[str, Any]:
    """Return the board as one JSON-ready object; :func:`board_from_dict` reads it."""
    return {
        "kind": KIND,
        "settings": dict(board.settings),
        "control": {k: {"effect": b, "standard_error": se} for k, (b, se) in board.control.items()},
        "alternatives": board_rows(board),
        "statement": board.statement,
    }


def board_from_dict(found: Any, where: str = "the board") -> Board:
    """Return the board that :func:`board_to_dict` described.

    Raises
    ------
    InputError
        If `found` is something else.
    """
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise InputError(f"{where} is not a board: expected JSON of 'cloneproof board', kind {KIND!r}.")
    rows = found.get("alternatives")
    try:
        if not rows:
            raise KeyError("alternatives")
        names = tuple(str(row["model"]) for row in rows)
        if len(set(names)) < len(names):
            raise ValueError("a model stands there twice")
        robust = "robust_rating" in rows[0]
        return Board(
            ids=names,
            n_comparisons=_numbers(rows, "n_comparisons"),
            plain=_standing(rows, ""),
            weighted=_standing(rows, "robust_") if robust else None,
            weight=_numbers(rows, "weight") if robust else None,
            families=tuple(str(row["family"]) for row in rows) if "family" in rows[0] else None,
            control={
                str(k): (float(v["effect"]), float(v["standard_error"]))
                for k, v in (found.get("control") or {}).items()
            },
            settings=dict(found.get("settings") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where} is not a whole board: {type(error).__name__} {error}.") from error


def read_board(path: str | os.PathLike[str]) -> Board:
    """Read a board from JSON.

    Raises
    ------
    FileAccessError
        If the file cannot be opened.
    InputError
        If it holds no board.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileAccessError(f"Cannot read {os.fspath(path)}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{os.fspath(path)} is not UTF-8 (byte {error.start}).") from error
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{os.fspath(path)} is not JSON: {error}.") from error
    return board_from_dict(found, os.fspath(path))


def board_to_markdown(board: Board) -> str:
    """Return a Markdown table with the statement of what weights do not fix under it."""
    weighted, m = board.weighted is not None, len(board.ids)
    level = float(board.settings.get("level", 0.95))
    names = ["Rank", "Model", "Rating", f"{100 * level:g} % interval", "Ranks", "Comparisons"]
    names += ["Clone-robust rank", "Change", "Clone-robust rating", "Votes"] if weighted else []
    names += ["Family"] if board.families is not None else []
    lines = [_line(names), _line(["---" if name in {"Model", "Family"} else "---:" for name in names])]
    for row in board_rows(board):
        cells = [
            str(row["rank"]),
            _cell(row["model"]),
            f"{row['rating']:.1f}",
            f"{row['low']:.0f} to {row['high']:.0f}",
            _range(row["rank_low"], row["rank_high"]),
            f"{row['n_comparisons']:,.0f}",
        ]
        if weighted:
            cells += [
                str(row["robust_rank"]),
                "" if not row["change"] else f"{row['change']:+d}",
                f"{row['robust_rating']:.1f}",
                f"{m * row['weight']:.2f}",
            ]
        if board.families is not None:
            cells.append(_cell(row["family"]))
        lines.append(_line(cells))
    notes = []
    for name, (effect, error) in board.control.items():
        notes.append(f"Control {_cell(name)}: {effect:+.3f} ± {error:.3f} log odds per root mean square.")
    if weighted:
        notes.append(f"Votes: the model's share times their number, {m}; 1 is a full vote.")
    notes.append(board.statement)
    return "\n".join(lines) + "\n\n" + "\n\n".join(notes) + "\n"


def board_to_csv(board: Board) -> str:
    """Return the rows as CSV; text that a spreadsheet would run as a formula starts with an apostrophe."""
    rows = board_rows(board)
    buffer = io.StringIO(newline="")
    plain = csv.writer(buffer, lineterminator="\n")
    quoted = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(rows[0])
    for row in rows:
        cells = [
            "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
            for value in row.values()
        ]
        broken = any(isinstance(value, str) and "\r" in value for value in cells)
        (quoted if broken else plain).writerow(cells)  # minimal quoting leaves a lone "\r", which ends a row
    return buffer.getvalue()


def _standing_row(standing: Standing, i: int, prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}rank": int(standing.rank[i]),
        f"{prefix}rating": float(standing.rating[i]),
        f"{prefix}standard_error": float(standing.standard_error[i]),
        f"{prefix}low": float(standing.interval[i, 0]),
        f"{prefix}high": float(standing.interval[i, 1]),
        f"{prefix}rank_low": int(standing.rank_interval[i, 0]),
        f"{prefix}rank_high": int(standing.rank_interval[i, 1]),
    }


def _standing(rows: list[dict[str, Any]], prefix: str) -> Standing:
    def pair(low: str, high: str) -> FloatArray:
        return np.column_stack([_numbers(rows, prefix + low), _numbers(rows, prefix + high)])

    return Standing(
        rating=_numbers(rows, f"{prefix}rating"),
        standard_error=_numbers(rows, f"{prefix}standard_error"),
        interval=pair("low", "high"),
        rank=_numbers(rows, f"{prefix}rank").astype(np.int64),
        rank_interval=pair("rank_low", "rank_high").astype(np.int64),
    )


def _numbers(rows: list[dict[str, Any]], name: str) -> FloatArray:
    values = np.array([float(row[name]) for row in rows], dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} is not finite")
    return values


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _cell(text: str) -> str:
    """Return text that stays inside its Markdown cell and starts no markup."""
    line = " ".join("".join(x if x.isprintable() else " " for x in text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_[]|":
        line = line.replace(sign, f"\\{sign}")
    return line


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
