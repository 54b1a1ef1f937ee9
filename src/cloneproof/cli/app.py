"""The verbs and how a run ends: one line for what went wrong, and the documented exit code."""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import UnknownCommandError

import cloneproof
from cloneproof._core.errors import CloneProofError, CloneProofWarning
from cloneproof._core.progress import report_progress_to
from cloneproof.cli.talk import choose_reporter, say

__all__ = ["app", "run"]

HELP = (
    "Preference learning in which near-copies do not vote twice.\n\n"
    "Finds what is over-counted in a file of pairwise preferences, weighs it so that copies share one vote, and "
    "shows rewards with and without the weights. Start with: cloneproof demo"
)

EPILOGUE = (
    "Exit codes: 0 done, 1 a bug, 2 usage, 3 a check failed as asked, 4 bad input, "
    "5 cannot read or write, 6 a remote service failed, 130 interrupted. "
    "Every verb takes --debug (show tracebacks) and most take --json (one JSON object on stdout)."
)

VERBS = {
    "demo": "Show how near-copies flip a winner, and what clone-robust weights do about it.",
    "check": "Show what is over-counted in a preference file: duplicates, families of near-copies, their factors.",
    "prevalence": "Count exact and near-duplicates of prompts, answers and pairs at several scales, file by file.",
    "fit": "Weigh a preference file so that near-copies share a vote; fit, audit and report.",
    "board": "Rate models by Bradley-Terry: rating, interval and ranks, and what near-copies did to them.",
    "audit": "Add near-copies to a preference file, fit again, and show how far rewards move.",
    "train": "Train a language model on preferences in which near-copies share a vote; evaluate and write it.",
    "evaluate": "Evaluate a trained reward on comparisons: accuracy, also with each family once, and calibration.",
    "export": "Write weights and training rows in which near-copies share a vote, or a reward model as a function.",
    "reproduce": "Redraw the case study of Clone-Robust AI Alignment: tables, figures and a page.",
    "report": 'Write the page of a finished run again: from "fit", or from "board".',
}
"""The verbs, each in the file of its name, and the first sentence of its help (held to it by a test)."""


def _make_app(*, with_sentences: bool) -> App:
    """Make the program; verbs load when called, so the list of verbs takes its sentences from here."""
    made = App(
        name="cloneproof",
        help=HELP,
        help_epilogue=EPILOGUE,
        version=cloneproof.__version__,
        help_format="plaintext",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative_iterable=()),
    )
    for number, (verb, sentence) in enumerate(VERBS.items()):
        more = {"help": sentence} if with_sentences else {}
        made.command(f"cloneproof.cli.{verb}:{verb}", name=verb, sort_key=number, **more)
    return made


app = _make_app(with_sentences=False)


def run(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit code; errors end in one line on stderr.

    Parameters
    ----------
    arguments : sequence of str
        The words after the program's name. ``--debug`` anywhere shows tracebacks.
    """
    words = [word for word in arguments if word != "--debug"]
    debug = len(words) != len(arguments)
    try:
        with warnings.catch_warnings(), report_progress_to(choose_reporter()):
            _show_warnings_in_one_line(debug)
            listing = not words or words[0] in {"-h", "--help"}
            chosen = _make_app(with_sentences=True) if listing else app
            result = chosen(words or ["--help"], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _end(_usage(error), 2, as_json=False)
    except CloneProofError as error:
        if debug:
            traceback.print_exc()
        return _end(str(error), error.exit_code, as_json="--json" in words)
    except KeyboardInterrupt:
        return _end("Interrupted. Finished steps are kept; results are the old ones, whole.", 130)
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if debug:
            traceback.print_exc()
        return _end(f"Cannot read or write: {error}", 5, as_json="--json" in words)
    except Exception as error:  # noqa: BLE001  (the last line of defence: a bug, told as one)
        if debug:
            traceback.print_exc()
        what = " ".join(str(error).split()) or "no message"
        return _end(
            f"A bug in cloneproof: {type(error).__name__}: {what}. Run again with --debug for the traceback.",
            1,
            as_json="--json" in words,
        )
    return result if isinstance(result, int) else 0


def _end(message: str, code: int, *, as_json: bool = False) -> int:
    say(f"cloneproof: {message}")
    if as_json:
        print(json.dumps({"error": message, "exit_code": code}))
    return code


def _usage(error: CycloptsError) -> str:
    if isinstance(error, UnknownCommandError):
        said = " ".join(str(error).split()).split(" Available commands:")[0]
        return f"{said} Verbs: {', '.join(VERBS)}. See: cloneproof --help"
    verb = error.command_chain[0] if error.command_chain else ""
    return f"{' '.join(str(error).split())} See: cloneproof {verb + ' ' if verb else ''}--help"


def _show_warnings_in_one_line(debug: bool) -> None:
    """Say cloneproof's own warnings once each; others only with ``--debug``."""
    if not debug:
        warnings.simplefilter("ignore")
    warnings.simplefilter("once", CloneProofWarning)

    def show(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
        del place, more
        label = "warning" if issubclass(category, CloneProofWarning) else category.__name__
        say(f"{label}: {' '.join(str(message).split())}")

    warnings.showwarning = show
