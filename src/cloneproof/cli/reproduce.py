"""``cloneproof reproduce paper``: the case study of the paper, with its network, tables and figures."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from cloneproof.cli.output import print_json

__all__ = ["RESULT_FILES", "reproduce"]

RESULT_FILES = ("results.json", "tables.md", "figures", "report.html")
"""What a reproduction writes; everything else in the folder is carried over untouched."""


def reproduce(
    study: Literal["paper"],
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    repeats: int = 20,
    comparisons: int = 1000,
    components: int = 8,
    steps: int = 500,
    populations: int = 1500,
    regularization: float = 0.01,
    encoder: str | None = None,
    chat_model: str | None = None,
    texts_per_topic: int = 64,
    seed: int = 0,
    cache: Path | None = None,
    json: bool = False,
) -> None:
    """Redraw the case study of Clone-Robust AI Alignment: tables, figures and a page.

    Two data sets of Paris texts, without and with near-copies; embeddings, PCA,
    a two-layer network trained on each, plain and under every weighting; then
    random populations in the limit in which everybody judges every pair. About
    three minutes; a killed run goes on where it stopped. Needs the extra "paper"
    (torch, matplotlib, bokeh).

    The paper's own setting: set OPENAI_API_KEY and pass --chat-model gpt-4o-mini
    --encoder openai:text-embedding-3-small.

    Parameters
    ----------
    study : str
        What to reproduce.
    out : Path
        Folder for results.json, tables.md, figures and report.html; the only place that is written.
    repeats : int
        Samples of comparisons and trainings.
    comparisons : int
        Comparisons in each of the two data sets.
    components : int
        Principal components that weights and networks see.
    steps : int
        Steps of Adam for each network.
    populations : int
        Random populations of each kind; 0 leaves them out.
    regularization : float
        The lambda of (lambda / 2) * sum of w r^2.
    encoder : str
        Embeds the texts anew, such as openai:text-embedding-3-small or minilm. Default: the packaged MiniLM
        embeddings.
    chat_model : str
        Model that writes the texts at an OpenAI-compatible endpoint. Default: the packaged texts.
    texts_per_topic : int
        Texts on each topic by the chat model.
    seed : int
        Seed of everything that chance decides.
    cache : Path
        Folder for finished steps, to share between runs. Default: OUT/cache.
    json : bool
        Print one JSON object on stdout.
    """
    from cloneproof._core.errors import FileAccessError
    from cloneproof._core.extras import require
    from cloneproof._core.files import write_text
    from cloneproof._core.swap import replaced_folder

    del study  # one so far
    for module, purpose in (("torch", "The network"), ("matplotlib", "The figures"), ("bokeh", "The page")):
        require(module, extra="paper", purpose=purpose)
    from cloneproof.report.reproduction_report import write_reproduction_report
    from cloneproof.reproduction import (
        NetworkSettings,
        PaperOptions,
        choose_texts,
        draw_figures,
        paper_tables,
        reproduce_paper,
    )

    _check_folder(out)
    kept = cache or out / "cache"
    texts, described = choose_texts(
        encoder=encoder, chat_model=chat_model, n_per_topic=texts_per_topic, cache=kept
    )
    found = reproduce_paper(
        PaperOptions(
            n_repeats=repeats,
            n_comparisons=comparisons,
            n_components=components,
            n_populations=populations,
            random_state=seed,
            network=NetworkSettings(n_steps=steps, regularization=regularization),
        ),
        texts=texts,
        described=described,
        cache=kept,
    )
    tables = paper_tables(found)
    record = found.to_dict()
    with replaced_folder(out, owned=RESULT_FILES.__contains__) as folder:
        try:
            (folder / "figures").mkdir()
        except OSError as error:
            raise FileAccessError(f"Cannot write {out}: {error.strerror}.") from error
        draw_figures(found, folder / "figures")
        write_text(
            folder / "tables.md", "\n\n".join(f"## {name}\n\n{body}" for name, body in tables.items()) + "\n"
        )
        write_reproduction_report(found, folder / "report.html")
        write_text(
            folder / "results.json",
            json_module.dumps(
                {"tool": "cloneproof", "study": "paper", **record}, indent=2, ensure_ascii=False
            )
            + "\n",
        )
    if json:
        print_json({**record, "out": str(out), "report": str(out / "report.html")})
        return
    for body in tables.values():
        print(body)
        print()
    for sentence in found.sentences():
        print(sentence)
    print()
    print(f"wrote {out}; open {out / 'report.html'}")


def _check_folder(out: Path) -> None:
    """Raise unless `out` is free, or holds what an earlier reproduction wrote.

    Raises
    ------
    FileAccessError
    """
    from cloneproof._core.errors import FileAccessError

    if out.exists() and not out.is_dir():
        raise FileAccessError(f"{out} is a file, and a reproduction needs a folder. Choose another --out.")
    taken = [name for name in RESULT_FILES if (out / name).exists()]
    if taken and not _is_ours(out / "results.json"):
        raise FileAccessError(f"{out} holds {taken[0]}, which no reproduction wrote. Choose another --out.")


def _is_ours(path: Path) -> bool:
    try:
        found = json_module.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("tool") == "cloneproof" and found.get("study") == "paper"
