"""Polis conversations as leaderboards of statements: what similar statements do to the ranking.

A voter who voted on two statements prefers the one with the higher vote (agree 1, pass 0, disagree -1);
equal votes are a tie. Statements that the moderators rejected are left out, as are those of fewer than
40 comparisons. Similarity is by the embedded text of the statements.

Data was gathered using the Polis software (compdemocracy.org/polis) and is sub-licensed under CC BY 4.0
with Attribution to The Computational Democracy Project. Run: python benchmarks/polis_boards.py DATA_FOLDER
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cloneproof import Comparisons, embed
from cloneproof._core.errors import UncertaintyWarning
from cloneproof.leaderboard import Board, audit_composition, make_board, weigh_by_vectors

CONVERSATIONS = (
    "15-per-hour-seattle",
    "brexit-consensus",
    "canadian-electoral-reform",
    "scoop-hivemind.affordable-housing",
    "scoop-hivemind.taxes",
    "scoop-hivemind.ubi",
    "vtaiwan.uberx",
)
FEWEST = 40


def read_conversation(folder: Path, name: str) -> tuple[Comparisons, list[str]]:
    """Return the comparisons of statements by all voters, summed over voters, and the statements."""
    votes = pq.read_table(folder / "polis_votes.parquet", filters=[("conversation", "=", name)])
    comments = pq.read_table(folder / "polis_comments.parquet", filters=[("conversation", "=", name)])
    comments = comments.filter(pc.greater_equal(comments["moderated"], 0))
    text = dict(zip(comments["comment_id"].to_pylist(), comments["text"].to_pylist(), strict=True))
    statements = sorted(text)
    place = {key: k for k, key in enumerate(statements)}
    columns = [votes[x].to_pylist() for x in ("voter_id", "comment_id", "vote")]
    voters = {key: k for k, key in enumerate(sorted(set(columns[0])))}
    table = np.full((len(voters), len(statements)), np.nan)
    for voter, comment, vote in zip(*columns, strict=True):
        if comment in place:
            table[voters[voter], place[comment]] = vote
    m = len(statements)
    won, tied = np.zeros((m, m)), np.zeros((m, m))
    for row in table:
        seen = np.flatnonzero(~np.isnan(row))
        d = row[seen][:, None] - row[seen][None, :]
        won[np.ix_(seen, seen)] += d > 0
        tied[np.ix_(seen, seen)] += d == 0
    np.fill_diagonal(tied, 0.0)
    total = won + won.T + tied
    kept = np.flatnonzero(total.sum(axis=1) >= FEWEST)
    left, right = np.triu_indices(len(kept), 1)
    a, b = kept[left], kept[right]
    parts = [(won[a, b], 1.0), (won[b, a], 0.0), (tied[a, b], 0.5)]
    count = np.concatenate([n for n, _ in parts])
    outcome = np.concatenate([np.full(len(n), y) for n, y in parts])
    rows = count > 0
    return (
        Comparisons.from_arrays(
            np.tile(left, 3)[rows],
            np.tile(right, 3)[rows],
            outcome[rows],
            count[rows],
            ids=np.array([str(statements[k]) for k in kept], dtype=object),
        ),
        [text[statements[k]] for k in kept],
    )


def board_of(comparisons: Comparisons, texts: list[str], encoder: str) -> Board:
    """Return the board of statements, weighted by diversity of their texts, product rows."""
    names = [str(x) for x in comparisons.ids.tolist()]
    found = weigh_by_vectors(names, embed(texts, encoder=encoder), "texts")
    return make_board(
        comparisons,
        alternative_weight=found.weight,
        families=found.families,
        rows="product",
        regularization=0.01,
    )


def _line(cells: list[str]) -> str:
    return "  ".join([f"{cells[0]:<26}", *(f"{cell:>12}" for cell in cells[1:-1]), f"{cells[-1]:>14}"])


def main() -> None:
    """Print one line a conversation, and the largest family of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", default="auto")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UncertaintyWarning)
    names = ["conversation", "statements", "comparisons", "families", "effective", "moved", "most", "leader",
             "copy: plain", "copy: weighted"]  # fmt: skip
    print(_line(names))
    examples = []
    for conversation in CONVERSATIONS:
        c, texts = read_conversation(options.folder, conversation)
        board = board_of(c, texts, options.encoder)
        weight, change, families = board.weight, board.change, board.families
        if weight is None or change is None or families is None or board.weighted is None:
            raise SystemExit("the board has no weights")
        several = [f for f in dict.fromkeys(families) if families.count(f) > 1]
        same = (
            "same" if int(board.weighted.rating.argmax()) == int(board.plain.rating.argmax()) else "changes"
        )
        moves = audit_composition(c, weight, rows="product", regularization=0.01)
        largest = {
            rule: max(x.largest_move for x in moves if x.rule == rule) for rule in ("plain", "weighted")
        }
        cells = [
            conversation[:26], f"{len(texts)}", f"{c.count.sum():,.0f}", f"{len(several)}",
            f"{1 / float(weight @ weight):.1f}", f"{(change != 0).sum()}", f"{np.abs(change).max()}", same,
            f"{largest['plain']:.2f}", f"{largest['weighted']:.4f}",
        ]  # fmt: skip
        print(_line(cells))
        if several:
            biggest = max(several, key=families.count)
            members = [k for k, f in enumerate(families) if f == biggest]
            examples.append((conversation, [texts[k] for k in members[:3]], len(members)))
    print("\nThe largest family of each:")
    for conversation, shown, n in examples:
        print(f"{conversation} ({n} statements)")
        for line in shown:
            print("   " + " ".join(line.split())[:110])


if __name__ == "__main__":
    main()
