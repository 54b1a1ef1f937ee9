"""The command line: one file a verb, each a thin call of the library, loaded only when called."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line on the program's arguments and exit with the documented code."""
    from cloneproof.cli.app import run

    sys.exit(run(sys.argv[1:]))
