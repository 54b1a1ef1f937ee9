"""The front door: public names, light import, and the layers between the rooms."""

from __future__ import annotations

import subprocess
import sys

import cloneproof

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "trl",
    "datasets",
    "bokeh",
    "ray",
    "rich",
    "cyclopts",
    "openai",
)


def imported_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_opens_no_edge():
    assert imported_by("import cloneproof").isdisjoint({*HEAVY, "sklearn", "numba", "pandas"})


def test_the_core_loads_nothing_heavy():
    names = ", ".join(sorted(set(cloneproof.__all__) - {"__version__"}))
    loaded = imported_by(f"from cloneproof import {names}")
    heavy = set(HEAVY) - {"rich"}  # scikit-learn takes rich where it finds it
    assert loaded.isdisjoint(heavy), sorted(loaded & heavy)


def test_every_public_name_loads_and_is_documented():
    assert len(cloneproof.__all__) == len(set(cloneproof.__all__))
    assert dir(cloneproof) == sorted(cloneproof.__all__)
    for name in cloneproof.__all__:
        thing = getattr(cloneproof, name)
        if name != "__version__":
            assert thing.__doc__, name


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(cloneproof, "surely_not_there")


def test_help_loads_nothing_heavy():
    for words in (["--help"], ["fit", "--help"], ["check", "--help"], ["demo", "--help"]):
        statement = f"from cloneproof.cli.app import run; run({words!r})"
        code = f"import sys, contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): exec({statement!r})\nprint('\\n'.join(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = set(done.stdout.split())
        assert loaded.isdisjoint({"torch", "sklearn", "numba", "pyarrow", "pandas", "bokeh"}), words


def test_the_list_of_verbs_says_what_each_verb_says():
    import importlib

    from cloneproof.cli.app import VERBS

    for verb, sentence in VERBS.items():
        first = getattr(importlib.import_module(f"cloneproof.cli.{verb}"), verb).__doc__.split("\n\n")[0]
        assert " ".join(first.split()) == sentence, verb


def test_help_lists_every_verb_with_its_sentence(capsys):
    from cloneproof.cli.app import VERBS, run

    assert run([]) == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for verb, sentence in VERBS.items():
        assert f"{verb} {sentence}" in said
