"""Bradley-Terry engines side by side: the same battles, CPU seconds, distance from a Newton reference.

Run as ``python benchmarks/ratings.py [CASE ...] [--repeats N] [--only WORD ...]``; cases: dense300, sparse5000, ladder300,
huge; ``--only`` runs the contenders whose names hold one of the words.
Every contender is one function in its own process, so that peak memory and CPU time are its own. It fits
once to warm up (compilers, caches), then `repeats` times; the table gives the median CPU seconds
(user + system, all threads), the largest difference of the centred rewards from the reference, and
the gradient's 2-norm of the unregularised log-likelihood divided by the number of rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CASES = {
    "warm": (30, 20_000),
    "dense300": (300, 1_000_000),
    "sparse5000": (5_000, 2_000_000),
    "ladder300": (300, 1_000_000),
    "huge": (100_000, 10_000_000),
}
RUN = ("dense300", "sparse5000", "ladder300", "huge")
SMALL = ("dense300", "ladder300")


def make_battles(case: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw battles: log-normal popularity, or matchmaking among neighbours on a ladder; 10 % ties."""
    m, n = CASES[case]
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=m)
    if case == "ladder300":
        truth = np.linspace(-3, 3, m)
        left = rng.integers(0, m, n)
        right = left + rng.choice([-3, -2, -1, 1, 2, 3], n)
        right = np.where((right < 0) | (right >= m), np.where(left > 0, left - 1, left + 1), right)
    else:
        if case == "huge":  # milder, so that every alternative both won and lost
            truth *= 0.5
        popularity = rng.lognormal(sigma=0.25 if case == "huge" else 1.0, size=m)
        popularity /= popularity.sum()
        left = rng.choice(m, n, p=popularity)
        right = rng.choice(m, n, p=popularity)
        right = np.where(left == right, (right + 1) % m, right)
    u = rng.random(n)
    p = 1 / (1 + np.exp(truth[right] - truth[left]))
    outcome = np.where(u > 0.9, 0.5, (u < 0.9 * p).astype(float))
    return {"left": left.astype(np.int64), "right": right.astype(np.int64), "outcome": outcome}


def reference(battles: dict[str, np.ndarray], m: int) -> np.ndarray:
    """Newton's method with a dense Hessian, written without the package; unregularised."""
    left, right, y = battles["left"], battles["right"], battles["outcome"]
    wins = _table(left, right, y, m) + _table(right, left, 1 - y, m)
    games, r = wins + wins.T, np.zeros(m)
    for _ in range(50):
        s = 1 / (1 + np.exp(r[None, :] - r[:, None]))
        gradient = (games * s - wins).sum(1)
        h = games * s * (1 - s)
        hessian = np.diag(h.sum(1)) - h + h.sum() / m**2
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 1.0 / np.abs(step).max())
        r -= step
        if np.abs(step).max() < 1e-13:
            break
    return r - r.mean()


def gradient_norm(rewards: np.ndarray, battles: dict[str, np.ndarray]) -> float:
    """2-norm of the unregularised gradient divided by the number of rows."""
    left, right, y = battles["left"], battles["right"], battles["outcome"]
    miss = 1 / (1 + np.exp(rewards[right] - rewards[left])) - y
    m = len(rewards)
    return float(np.linalg.norm(np.bincount(left, miss, m) - np.bincount(right, miss, m)) / len(left))


def names_of(m: int) -> np.ndarray:
    return np.array([f"model-{k:06d}" for k in range(m)])


# -- contenders: prepare(battles, m) -> inputs (not timed); fit(inputs) -> rewards by id or in order --------


def prepare_ours(battles, m):
    return battles["left"], battles["right"], battles["outcome"], np.arange(m)


def ours(inputs):
    """Integer positions, every comparison once, no ridge."""
    from cloneproof.preferences import Comparisons
    from cloneproof.rewards import BradleyTerry

    left, right, outcome, ids = inputs
    c = Comparisons.from_arrays(left, right, outcome, ids=ids)
    return BradleyTerry(regularization=0).fit(c).rewards_


def ours_labels(inputs):
    """Integer labels that have to be coded first."""
    from cloneproof.preferences import Comparisons
    from cloneproof.rewards import BradleyTerry

    c = Comparisons.from_arrays(*inputs[:3])
    return c.ids, BradleyTerry(regularization=0).fit(c).rewards_


def prepare_pandas(battles, m):
    import pandas as pd

    names = names_of(m)
    return pd.Series(names[battles["left"]]), pd.Series(names[battles["right"]]), battles["outcome"]


def prepare_arrow(battles, m):
    import pyarrow as pa

    names = pa.array(names_of(m))
    left, right = (
        pa.DictionaryArray.from_arrays(pa.array(battles[side].astype(np.int32)), names)
        for side in ("left", "right")
    )
    return left, right, battles["outcome"]


def _winners(battles):
    import evalica

    codes = np.array([evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.X], dtype=object)
    return codes[(2 * battles["outcome"]).astype(int)].tolist()


def prepare_evalica(battles, _m):
    return battles["left"], battles["right"], _winners(battles)


def prepare_evalica_pandas(battles, m):
    left, right, _ = prepare_pandas(battles, m)
    return left, right, _winners(battles)


def evalica(inputs):
    import evalica as package

    scores = package.bradley_terry(*inputs).scores
    return scores.index.to_numpy(), np.log(scores.to_numpy())


def evalica_tight(inputs):
    """The same with tolerance 1e-10 and 10,000 iterations allowed."""
    import evalica as package

    scores = package.bradley_terry(*inputs, tolerance=1e-10, limit=10_000).scores
    return scores.index.to_numpy(), np.log(scores.to_numpy())


def _table(rows, columns, values, m):
    return np.bincount(rows * m + columns, values, m * m).reshape(m, m)


def choix(inputs):
    """ilsr_pairwise_dense on the win table, a tie half a win for each."""
    import choix as package

    left, right, outcome, ids = inputs
    wins = _table(left, right, outcome, len(ids)) + _table(right, left, 1 - outcome, len(ids))
    return package.ilsr_pairwise_dense(wins, alpha=1e-12)


def arena_rank(inputs):
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    left, right, outcome, _ = inputs
    frame = pd.DataFrame(
        {
            "model_a": left,
            "model_b": right,
            "winner": np.array(["model_b", "tie", "model_a"])[(2 * outcome).astype(int)],
        }
    )
    data = PairDataset.from_pandas(frame)
    model = BradleyTerry(n_competitors=len(data.competitors))
    model.fit(data)
    return np.array(data.competitors), np.asarray(model.params["ratings"])


def arenakit(inputs):
    """fit_bt without its prior of virtual battles."""
    from arenakit.bt import fit_bt
    from arenakit.schema import PairCounts

    left, right, outcome, ids = inputs
    wins, losses, ties = (_table(left, right, outcome == value, len(ids)) for value in (1.0, 0.0, 0.5))
    return fit_bt(PairCounts(wf=wins, ws=losses, tt=ties), prior=0.0).scores


def scikit_learn(inputs):
    """Logistic regression on sparse +1 / -1 rows, aggregated to pairs, nearly no penalty."""
    from scipy.sparse import coo_array
    from sklearn.linear_model import LogisticRegression

    left, right, outcome, ids = inputs
    n, row = len(left), np.arange(len(left))
    x = coo_array(
        (np.r_[np.ones(n), -np.ones(n)], (np.r_[row, row], np.r_[left, right])), shape=(n, len(ids))
    ).tocsr()
    both = np.r_[np.ones(n), np.zeros(n)]
    weight = np.r_[outcome, 1 - outcome]
    from scipy.sparse import vstack

    keep = weight > 0
    model = LogisticRegression(C=1e6, fit_intercept=False, tol=1e-8, max_iter=1000)
    model.fit(vstack([x, x]).tocsr()[keep], both[keep], sample_weight=weight[keep])
    return model.coef_[0]


def prepare_csv(battles, m):
    names = names_of(m)
    path = Path(tempfile.mkdtemp()) / "battles.csv"
    words = np.array(["right", "tie", "left"])[(2 * battles["outcome"]).astype(int)]
    import pandas as pd

    pd.DataFrame({"left": names[battles["left"]], "right": names[battles["right"]], "winner": words}).to_csv(
        path, index=False
    )
    return (str(path),)


def csv_evalica_process(inputs):
    """The command line as a person runs it, the start of the process included."""
    out = inputs[0] + ".out"
    command = [sys.executable, "-m", "evalica", "-i", inputs[0], "-o", out, "pairwise", "bradley-terry"]
    subprocess.run(command, check=True)
    return _read_ranking(out, logarithm=True)


def csv_evalica(inputs):
    """What the command line does, without the start of the process."""
    import evalica as package
    from evalica.__main__ import read_csv, write_csv

    with Path(inputs[0]).open() as source, Path(inputs[0] + ".out").open("w") as target:
        write_csv(target, package.bradley_terry(*read_csv(source)).scores)
    return _read_ranking(inputs[0] + ".out", logarithm=True)


def rank_csv(path):
    """CSV file to a ranked CSV file, as a caller of the library writes it."""
    import pyarrow as pa
    from pyarrow import csv

    from cloneproof.preferences import read_comparisons
    from cloneproof.rewards import BradleyTerry

    c = read_comparisons(path)
    bt = BradleyTerry(regularization=0).fit(c)
    order = np.argsort(-bt.rewards_)
    ranked = pa.table({"item": c.ids[order].tolist(), "score": bt.rewards_[order]})
    csv.write_csv(ranked, path + ".out")


def csv_ours(inputs):
    rank_csv(inputs[0])
    return _read_ranking(inputs[0] + ".out")


def csv_ours_process(inputs):
    """The same in a process of its own, its start included."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import ratings; ratings.rank_csv(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, inputs[0]], check=True)
    return _read_ranking(inputs[0] + ".out")


def _read_ranking(path, *, logarithm=False):
    import pandas as pd

    frame = pd.read_csv(path)
    scores = frame["score"].to_numpy()
    return frame["item"].to_numpy(), np.log(scores) if logarithm else scores


CONTENDERS = {
    "cloneproof, integers": (prepare_ours, ours, RUN),
    "cloneproof, integer labels": (prepare_ours, ours_labels, RUN),
    "cloneproof, pandas strings": (prepare_pandas, ours_labels, ("dense300", "sparse5000")),
    "cloneproof, Arrow dictionaries": (prepare_arrow, ours_labels, ("dense300",)),
    "cloneproof, CSV file": (prepare_csv, csv_ours, ("dense300",)),
    "cloneproof, CSV file and process": (prepare_csv, csv_ours_process, ("dense300",)),
    "evalica, integers": (prepare_evalica, evalica, (*SMALL, "sparse5000")),
    "evalica, tolerance 1e-10": (prepare_evalica, evalica_tight, SMALL),
    "evalica, pandas strings": (prepare_evalica_pandas, evalica, ("dense300", "sparse5000")),
    "evalica, CSV file": (prepare_csv, csv_evalica, ("dense300",)),
    "evalica, CSV file and process": (prepare_csv, csv_evalica_process, ("dense300",)),
    "arena-rank": (prepare_ours, arena_rank, SMALL),
    "arenakit": (prepare_ours, arenakit, SMALL),
    "choix": (prepare_ours, choix, SMALL),
    "scikit-learn": (prepare_ours, scikit_learn, SMALL),
}


def _cpu() -> float:
    """CPU seconds, user and system, of this process with all threads and of its children."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def _memory(field: str, *, reset: bool = False) -> float:
    """Resident memory of this process in MB, now (VmRSS) or at most since the reset (VmHWM); Linux."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) / 1024


def run_one(case: str, contender: str, repeats: int) -> dict[str, float | str]:
    """Run one contender in this process."""
    battles, (m, _) = make_battles(case), CASES[case]
    prepare, fit, _cases = CONTENDERS[contender]
    inputs = prepare(battles, m)
    fit(prepare(make_battles("warm"), CASES["warm"][0]))  # compilers, imports and caches
    before = _memory("VmRSS", reset=True)
    seconds = []
    result = fit(inputs)
    peak = _memory("VmHWM") - before
    for _ in range(repeats):
        start = _cpu()
        result = fit(inputs)
        seconds.append(_cpu() - start)
    if isinstance(result, tuple):
        ids, values = result
        code = np.array([int(str(x).rsplit("-", maxsplit=1)[-1]) for x in ids])
        rewards = np.zeros(m)
        rewards[code] = values
    else:
        rewards = np.asarray(result)
    rewards = rewards - rewards.mean()
    far = float(np.abs(rewards - reference(battles, m)).max()) if m <= 5000 else float("nan")
    return {
        "case": case,
        "contender": contender,
        "cpu": statistics.median(seconds),
        "low": min(seconds),
        "high": max(seconds),
        "difference": far,
        "gradient": gradient_norm(rewards, battles),
        "extra_mb": peak,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", default=list(RUN))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(options.cases[0], options.one, options.repeats)))
        return
    print(
        "| case | contender | CPU s, median (range) | x ours | max difference | gradient / row | extra MB, first fit |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for case in options.cases:
        base: dict[str, float] = {}
        for contender, (_prepare, _fit, cases) in CONTENDERS.items():
            if case not in cases or not any(word in contender for word in options.only):
                continue
            command = [sys.executable, __file__, case, "--one", contender, "--repeats", str(options.repeats)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(
                    f"| {case} | {contender} | failed: {done.stderr.strip().splitlines()[-1]} | | | | |",
                    flush=True,
                )
                continue
            row = json.loads(done.stdout.splitlines()[-1])
            kind = contender.split(", ")[-1] if ", " in contender else "integers"
            if contender.startswith("cloneproof"):
                base[kind] = row["cpu"]
            ratio = row["cpu"] / base.get(kind, base.get("integers", float("nan")))
            print(
                f"| {case} | {contender} | {row['cpu']:.4f} ({row['low']:.4f}-{row['high']:.4f}) | {ratio:.1f} | "
                f"{row['difference']:.1e} | {row['gradient']:.1e} | {row['extra_mb']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
