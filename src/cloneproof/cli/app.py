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

HELP = """Preference learning in which near-copies do not vote twice.

Finds what is over-counted in a file of pairwise preferences, weighs it so that copies share one
vote, and shows rewards with and without the weights. Start with: cloneproof demo"""

EPILOGUE = (
    "Exit codes: 0 done, 1 a bug, 2 usage, 3 a check failed as asked, 4 bad input, "
    "5 cannot read or write, 6 a remote service failed, 130 interrupted. "
    "Every verb takes --debug (show tracebacks) and most take --json (one JSON object on stdout)."
)

VERBS = {
    "demo": "cloneproof.cli.demo:demo",
    "check": "cloneproof.cli.check:check",
    "prevalence": "cloneproof.cli.prevalence:prevalence",
    "fit": "cloneproof.cli.fit:fit",
    "board": "cloneproof.cli.board:board",
    "audit": "cloneproof.cli.audit:audit",
    "train": "cloneproof.cli.train:train",
    "export": "cloneproof.cli.export:export",
    "evaluate": "cloneproof.cli.evaluate:evaluate",
    "reproduce": "cloneproof.cli.reproduce:reproduce",
    "report": "cloneproof.cli.report:report",
}

app = App(
    name="cloneproof",
    help=HELP,
    help_epilogue=EPILOGUE,
    version=cloneproof.__version__,
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative_iterable=()),
)
for _verb, _place in VERBS.items():
    app.command(_place, name=_verb)


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
            result = app(words or ["--help"], exit_on_error=False, print_error=False)
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
        return f"{' '.join(str(error).split())} Verbs: {', '.join(VERBS)}. See: cloneproof --help"
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
