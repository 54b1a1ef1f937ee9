"""Leaderboards: today's Bradley-Terry table, the clone-robust one beside it, and audits of both."""

from cloneproof.leaderboard.answers import Answers, read_answers
from cloneproof.leaderboard.board import Board, Standing, make_board
from cloneproof.leaderboard.board_files import (
    board_from_dict,
    board_rows,
    board_to_csv,
    board_to_dict,
    board_to_markdown,
    read_board,
)
from cloneproof.leaderboard.bootstrap_check import BootstrapCheck, bootstrap_board
from cloneproof.leaderboard.compare import (
    BoardDifference,
    Move,
    ReferenceCheck,
    check_reference,
    diff_boards,
    read_reference,
)
from cloneproof.leaderboard.composition import Attack, CompositionMove, attack_board, audit_composition
from cloneproof.leaderboard.controls import Control, control_columns, parse_controls
from cloneproof.leaderboard.copies import add_copies, add_variants, split_weight
from cloneproof.leaderboard.influence import DropK, audit_neighbours, difference_influence, fewest_dropped
from cloneproof.leaderboard.selection import FamilySelection, audit_families, expected_best_of
from cloneproof.leaderboard.similarity import (
    Resemblance,
    answer_vectors,
    vote_profiles,
    weigh_by_families,
    weigh_by_vectors,
)
from cloneproof.leaderboard.statement import NOT_FIXED, VOTES_CAVEAT
from cloneproof.leaderboard.tally import leave_out, merge_alternatives, tally

__all__ = [
    "NOT_FIXED",
    "VOTES_CAVEAT",
    "Answers",
    "Attack",
    "Board",
    "BoardDifference",
    "BootstrapCheck",
    "CompositionMove",
    "Control",
    "DropK",
    "FamilySelection",
    "Move",
    "ReferenceCheck",
    "Resemblance",
    "Standing",
    "add_copies",
    "add_variants",
    "answer_vectors",
    "attack_board",
    "audit_composition",
    "audit_families",
    "audit_neighbours",
    "board_from_dict",
    "board_rows",
    "board_to_csv",
    "board_to_dict",
    "board_to_markdown",
    "bootstrap_board",
    "check_reference",
    "control_columns",
    "diff_boards",
    "difference_influence",
    "expected_best_of",
    "fewest_dropped",
    "leave_out",
    "make_board",
    "merge_alternatives",
    "parse_controls",
    "read_answers",
    "read_board",
    "read_reference",
    "split_weight",
    "tally",
    "vote_profiles",
    "weigh_by_families",
    "weigh_by_vectors",
]
