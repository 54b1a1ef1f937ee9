"""Standard errors and intervals are honest."""

import numpy as np
import pytest

from cloneproof import InputError
from cloneproof.weights import VoronoiWeights, format_weights
from cloneproof.weights.voronoi_interval import share_interval
from cloneproof.weights.voronoi_samples import CellShares, SobolSource

pytestmark = pytest.mark.filterwarnings("ignore::cloneproof._core.errors.EmptyCellWarning")


def test_intervals_cover_the_exact_cells():
    """95 % intervals in the plane, where the truth is known: between 93 and 97 % within 3 standard errors."""
    rng, inside = np.random.default_rng(0), []
    for repeat in range(100):
        X = rng.uniform(size=(10, 2))
        truth = VoronoiWeights(cells="exact").fit(X).weights_
        drawn = VoronoiWeights(cells="sampled", n_samples=2**12, random_state=repeat).fit(X)
        limits = drawn.interval(0.95)
        inside.append(((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean())
    slack = 3 * np.std(inside) / np.sqrt(len(inside))
    assert 0.93 - slack <= np.mean(inside) <= 0.97 + slack


def test_standard_errors_are_the_spread_of_independent_runs():
    X = np.random.default_rng(1).uniform(size=(12, 3))
    runs = [VoronoiWeights(n_samples=2**11, random_state=seed).fit(X) for seed in range(60)]
    spread = np.std([run.weights_ for run in runs], axis=0, ddof=1)
    said = np.sqrt(np.mean([run.standard_errors_**2 for run in runs], axis=0))
    assert np.median(said / spread) == pytest.approx(1.0, abs=0.1)
    binomial = np.sqrt(runs[0].weights_ * (1 - runs[0].weights_) / 2**11)
    assert np.median(binomial / spread) > 1.5  # what counting as if independent would claim


def cells(hits, n, *, binomial):
    hits = np.array(hits, dtype=float)
    return CellShares(
        shares=hits / n, standard_errors=np.zeros(len(hits)), hits=hits, n_samples=n, dof=7, binomial=binomial
    )


def test_few_hits_get_the_binomial_interval_even_if_replicates_agree():
    limits = share_interval(cells([8, 992], 1000, binomial=False), 0.95)
    assert limits[0] == pytest.approx([0.00346, 0.01570], abs=2e-5)  # Clopper & Pearson, 8 of 1,000
    assert limits[1] == pytest.approx(1 - limits[0][::-1])
    assert np.ptp(share_interval(cells([500, 500], 1000, binomial=False), 0.95), axis=1).tolist() == [
        0.0,
        0.0,
    ]


def test_nothing_and_everything():
    limits = share_interval(cells([0, 20], 20, binomial=True), 0.95)
    assert limits[0] == pytest.approx([0.0, 1 - 0.05 ** (1 / 20)])
    assert limits[1] == pytest.approx([0.025 ** (1 / 20), 1.0])


def test_the_bound_of_an_empty_cell_is_exceeded_in_one_case_of_twenty():
    bound = share_interval(cells([0, 500], 500, binomial=True), 0.95)[0, 1]
    rng = np.random.default_rng(0)
    missed = (rng.binomial(500, bound, size=20_000) == 0).mean()
    assert missed == pytest.approx(0.05, abs=0.005)


def test_replicates_are_independent_and_balanced():
    from cloneproof.weights import Box

    source = SobolSource(Box([0.0], [1.0]), n_replicates=3, per_replicate=8, seed=0)
    points = np.vstack(list(source.blocks())).reshape(3, 8)
    for row in points:  # one point in each eighth
        assert sorted(np.floor(row * 8).astype(int)) == list(range(8))
    assert (points[0] != points[1]).all()
    assert (np.vstack(list(source.blocks())).reshape(3, 8) == points).all()


def test_blocks_do_not_depend_on_their_size(monkeypatch):
    from cloneproof.weights import Box, voronoi_samples

    source = SobolSource(Box([0.0] * 3, [1.0] * 3), n_replicates=2, per_replicate=64, seed=0)
    whole = np.vstack(list(source.blocks()))
    monkeypatch.setattr(voronoi_samples, "BLOCK_NUMBERS", 48)
    blocks = list(source.blocks())
    assert len(blocks) > 2
    assert (np.vstack(blocks) == whole).all()


@pytest.mark.parametrize(
    ("weight", "bound", "text"),
    [
        (0.0, 4.5e-5, "< 4.5e-05"),
        (0.0, 4.51e-5, "< 4.6e-05"),
        (0.0, 0.0299, "< 0.03"),
        (0.0, 0.0951, "< 0.096"),
        (0.0, 0.0, "0"),
        (1.0, 1.0, "1"),
        (0.012345, 0.1, "0.0123"),
    ],
)
def test_no_unseen_cell_is_written_as_zero(weight, bound, text):
    assert format_weights([weight], [bound]) == [text]


@pytest.mark.parametrize("bound", 10 ** np.random.default_rng(0).uniform(-9, 0, size=50))
def test_bounds_are_rounded_up(bound):
    written = float(format_weights([0.0], [bound])[0].removeprefix("< "))
    assert bound <= written <= 1.12 * bound


def test_bounds_must_fit():
    with pytest.raises(InputError, match="same shape"):
        format_weights([0.0, 1.0], [0.1])


def test_standard_errors_worked_by_hand():
    found = SobolSource.from_counts(np.array([[3, 1, 0], [1, 3, 0], [2, 2, 0], [2, 2, 0]]))
    assert found.shares.tolist() == [0.5, 0.5, 0.0]
    expected = np.sqrt((0.25**2 + 0.25**2) / 3 / 4)  # sample variance of 0.75, 0.25, 0.5, 0.5 over four runs
    assert found.standard_errors == pytest.approx([expected, expected, 1 / 16])
    assert (found.n_samples, found.dof) == (16, 3)
