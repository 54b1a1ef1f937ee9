"""What the certificate proves on real and on small data, beside what attacks found: tables of ``docs/theory.md``.

- real data: HH-RLHF harmless (each answer compared once, linear reward), LLMFAO (crowd votes on answers, a reward
  each, most pairs left out), AlpacaEval 2 (58 models, every pair compared through the reference, weighed by the
  outputs' shared words), and the Paris texts judged by everybody (every pair compared).
- small data: five alternatives in the plane, three tastes; the worst of 150 random attacks against the bound.

Run:  python -m benchmarks.certificates --data ../shared/data --cache runs/certificates
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.docs_tables import ROOT, markdown_table, write_table
from cloneproof._core.errors import CloneProofWarning
from cloneproof._core.progress import report_progress_to
from cloneproof.audit import AnalysisOptions, analyse
from cloneproof.audit.certificate import certify
from cloneproof.cli.talk import LineReporter
from cloneproof.data import load_paris
from cloneproof.preferences import (
    Comparisons,
    Population,
    Taste,
    paris_population,
    population_win_rates,
    read_comparisons,
)
from cloneproof.rewards import BradleyTerry
from cloneproof.weights import Box, DiversityWeights, FamilyWeights, UniformWeights, VoronoiWeights

PAGE = "docs/theory.md"


# ---- real data -----------------------------------------------------------------------------------


def alpaca(data: Path) -> tuple[Comparisons, np.ndarray]:
    """Win rates of 58 models over 805 instructions, and coordinates from the similarity of their outputs."""
    outputs = pq.read_table(
        data / "alpacaeval2_outputs.parquet", columns=["instruction_id", "model", "pref_vs_reference"]
    )
    columns = outputs.to_pydict()
    names = sorted(set(columns["model"]))
    instructions = {key: k for k, key in enumerate(sorted(set(columns["instruction_id"])))}
    score = np.full((len(names), len(instructions)), np.nan)
    place = {name: k for k, name in enumerate(names)}
    for instruction, model, preference in zip(
        *(columns[x] for x in ("instruction_id", "model", "pref_vs_reference")), strict=True
    ):
        score[place[model], instructions[instruction]] = preference
    d = score[:, None, :] - score[None, :, :]
    rates = np.nanmean(np.where(np.isnan(d), np.nan, 0.5 + 0.5 * np.sign(d)), axis=2)
    rates = np.triu(rates, 1)
    rates = rates + np.tril(1.0 - rates.T, -1)
    np.fill_diagonal(rates, 0.5)
    similar = np.eye(len(names))
    with (data / "alpacaeval2_model_similarity.csv").open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            a, b, cosine = line.rstrip("\n").rsplit(",", 2)[0].rsplit(",", 2)
            similar[place[a], place[b]] = similar[place[b], place[a]] = float(cosine)
    values, vectors = np.linalg.eigh(similar)
    return Comparisons.from_win_rates(rates, ids=names), vectors * np.sqrt(np.maximum(values, 0.0))


def real(data: Path, cache: Path, only: str | None = None) -> list[list[str]]:
    paris = load_paris()
    judged = Comparisons.from_win_rates(
        population_win_rates(paris_population(paris.topics)), ids=np.arange(paris.n_alternatives)
    )
    models, similarity = alpaca(data)
    llmfao = read_comparisons(
        data / "llmfao_crowd_comparisons.csv.gz",
        answers=data / "llmfao_responses.parquet",
        prompts=data / "llmfao_prompts.parquet",
    )
    cases = {
        "HH harmless, 2,312 pairs": (
            read_comparisons(data / "hh_harmless_test.parquet"),
            {"encoder": "minilm", "scale": 0.3, "targets": 5},
        ),
        "LLMFAO, 682 answers": (llmfao, {"encoder": "minilm", "scale": 0.3, "targets": 5}),
        "AlpacaEval 2, 58 models": (models, {"encoder": similarity, "scale": 0.5, "targets": 20}),
        "Paris, 256 texts": (judged, {"encoder": paris.embeddings, "scale": 0.3, "targets": 10}),
    }
    rows = []
    for name, (comparisons, options) in cases.items():
        if only is not None and only not in name:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CloneProofWarning)
            distances = (0.0, options["scale"] / 1000.0, options["scale"] / 2.0)
            found = analyse(
                comparisons, AnalysisOptions(copies=(1, 100), noise=distances, **options), cache=cache
            )
        certificate = found.certificate
        print(f"{name}: {certificate.case}; {certificate.sentence()}; {certificate.notes}", flush=True)
        for row in certificate.rows:
            rows.append(
                [
                    name,
                    found.reward if certificate.case != "incomplete" else "tabular, pairs left out",
                    f"{certificate.reward_range:.2f}",
                    "exact" if row.noise == 0.0 else f"within {row.noise:.3g}",
                    _number(row.bound),
                    _number(row.observed),
                    _number(row.plain_bound),
                    _number(row.plain_observed),
                    "yes" if certificate.is_informative(row) else "no",
                ]
            )
    return rows


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return "0" if value < 1e-9 else f"{value:.1e}" if value < 5e-4 else f"{value:.3g}"


# ---- small data: the worst of random attacks ---------------------------------------------------------

DIRECTIONS = np.array([[3.0, -1.0], [-2.0, 2.5], [0.5, -3.0]])
SHARES = np.array([0.4, 0.35, 0.25])
LIPSCHITZ = float((SHARES @ np.linalg.norm(DIRECTIONS, axis=1)) / 4)
LAMBDA, N_ATTACKS = 0.05, 150
SQUARE = Box([-0.25, -0.25], [1.25, 1.25])
LABELS = np.array([0, 0, 1, 1, 2])
WEIGHTINGS = {
    "plain": UniformWeights(),
    "family (pairs)": FamilyWeights(),
    "Voronoi": VoronoiWeights(region=SQUARE),
    "diversity, h = .4": DiversityWeights(scale=0.4),
}


def rewards(x: np.ndarray, weighting, family: np.ndarray) -> np.ndarray:
    tastes = tuple(Taste(share=share, rewards=x @ d) for share, d in zip(SHARES, DIRECTIONS, strict=True))
    c = Comparisons.from_win_rates(population_win_rates(Population(tastes=tastes)))
    w = fit(weighting, x, family).weights_
    return BradleyTerry(regularization=LAMBDA).fit(c, alternative_weight=w).rewards_


def fit(weighting, x: np.ndarray, family: np.ndarray):
    if isinstance(weighting, FamilyWeights):
        return weighting.fit(x, families=LABELS[family])
    return weighting.fit(x)


def small() -> list[list[str]]:
    x, itself = np.random.default_rng(3).random((5, 2)), np.arange(5)
    tastes = tuple(Taste(share=share, rewards=x @ d) for share, d in zip(SHARES, DIRECTIONS, strict=True))
    c = Comparisons.from_win_rates(population_win_rates(Population(tastes=tastes)))
    rows = []
    for name, weighting in WEIGHTINGS.items():
        before = rewards(x, weighting, itself)
        cells = [name]
        for epsilon in (0.0, 0.001, 0.01, 0.1):
            bound = certify(
                fit(weighting, x, itself),
                embeddings=x,
                epsilon=epsilon,
                lipschitz=LIPSCHITZ,
                comparisons=c,
                regularization=LAMBDA,
                random_state=0,
            ).difference_bound
            rng = np.random.default_rng(7)
            worst = 0.0
            for k in range(N_ATTACKS):
                n = int(rng.choice([1, 8, 60]))
                parent = rng.integers(5, size=n) if k % 2 else np.full(n, rng.integers(5))
                step = rng.normal(size=(n, 2))
                step *= epsilon / np.linalg.norm(step, axis=1, keepdims=True)
                family = np.concatenate([itself, parent])
                after = rewards(np.concatenate([x, x[parent] + step]), weighting, family)
                worst = max(worst, float(np.ptp(after - before[family])))
            cells.append(f"{_small(worst)} / {_small(bound)}")
        rows.append(cells)
        print(cells, flush=True)
    return rows


def _small(value: float) -> str:
    return "0" if value < 1e-7 else f"{value:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "certificates")
    parser.add_argument("--only", choices=("real", "small"), default=None)
    arguments = parser.parse_args()
    if arguments.only != "real":
        headers = ["weighting: found / bound", *(f"ε = {e}" for e in ("0", ".001", ".01", ".1"))]
        write_table(PAGE, "certificate-small", markdown_table(headers, small(), "lrrrr"))
    if arguments.only != "small":
        headers = [
            "data", "reward", "its range", "copies", "weighted: at most", "observed", "plain: at most", "plain: observed",
            "bound says something",
        ]  # fmt: skip
        with report_progress_to(LineReporter()):
            rows = real(arguments.data, arguments.cache)
        write_table(PAGE, "certificate-real", markdown_table(headers, rows, "llrlrrrrl"))


if __name__ == "__main__":
    main()
