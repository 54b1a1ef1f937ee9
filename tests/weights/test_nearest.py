"""The nearest alternative: every road gives the answer of a float64 double loop."""

import sys

import numpy as np
import pytest

from cloneproof import InputError
from cloneproof._core.errors import ParameterError
from cloneproof.weights import find_nearest
from cloneproof.weights.nearest import make_index
from cloneproof.weights.nearest_blocks import BlockIndex, score_error
from cloneproof.weights.nearest_torch import TorchIndex, find_device
from tests.weights.oracles_voronoi import nearest_by_loop

ROADS = ["tree", "blocks", "torch"]


def cases():
    rng = np.random.default_rng(3)
    for d in (1, 2, 3, 7, 33):
        yield f"uniform-{d}", rng.uniform(size=(90, d)), rng.uniform(size=(150, d))
    clones = rng.normal(size=(40, 16))
    clones = np.vstack([clones, clones + 1e-7 * rng.normal(size=clones.shape)])
    yield "clones-1e-7", rng.normal(size=(200, 16)), clones
    yield "clones-1e-7-shifted", rng.normal(size=(200, 16)) + 100.0, clones + 100.0
    many = np.repeat(rng.normal(size=(3, 5)), 60, axis=0)
    yield "crowd-1e-9", rng.normal(size=(50, 5)), many + 1e-9 * rng.normal(size=many.shape)
    grid = np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3)
    yield "grid-ties", np.vstack([grid + 0.5, grid, grid + np.array([0.5, 0.0, 0.0])]), grid
    yield "copies", rng.normal(size=(30, 4)), np.repeat(rng.normal(size=(5, 4)), 4, axis=0)
    yield "one-alternative", rng.normal(size=(5, 3)), rng.normal(size=(1, 3))
    yield "two-alternatives", rng.normal(size=(5, 3)), rng.normal(size=(2, 3))
    yield "all-equal", rng.normal(size=(5, 3)), np.ones((4, 3))
    yield "huge", 1e120 * rng.normal(size=(50, 6)), 1e120 * rng.normal(size=(30, 6))
    yield "tiny", 1e-120 * rng.normal(size=(50, 6)), 1e-120 * rng.normal(size=(30, 6))
    outlier = rng.normal(size=(60, 6))
    outlier[7] *= 1e9
    yield "outlier", rng.normal(size=(80, 6)), outlier
    yield "far-samples", 1e20 * rng.normal(size=(20, 6)), rng.normal(size=(60, 6))
    yield "float32", rng.normal(size=(80, 9)), rng.normal(size=(60, 9)).astype(np.float32)
    yield "no-samples", np.empty((0, 4)), rng.normal(size=(6, 4))
    yield "many-tiles", rng.normal(size=(1100, 8)), rng.normal(size=(1300, 8))


CASES = list(cases())


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(("samples", "alternatives"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_every_road_finds_what_a_loop_finds(road, samples, alternatives):
    first, second = nearest_by_loop(samples, alternatives)
    found = find_nearest(samples, alternatives, method=road)
    assert (found.index == first).all()
    assert (found.second == second).all()
    exact = ((np.asarray(samples) - alternatives[found.index]) ** 2).sum(axis=1)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-12)
    assert (found.distance <= found.second_distance).all()


@pytest.mark.parametrize("road", ROADS)
def test_threads_change_nothing(road):
    rng = np.random.default_rng(0)
    alternatives, samples = rng.normal(size=(300, 12)), rng.normal(size=(5000, 12))
    runs = [find_nearest(samples, alternatives, method=road, n_jobs=n) for n in (1, 2, 8)]
    for run in runs[1:]:
        assert (run.index == runs[0].index).all()
        assert (run.second == runs[0].second).all()
        assert (run.distance == runs[0].distance).all()


def test_float32_alone_would_be_wrong_here():
    """Without the float64 decision the un-centred clones are misassigned: the test above can fail."""
    samples, alternatives = next(c[1:] for c in CASES if c[0] == "clones-1e-7-shifted")
    y = alternatives.astype(np.float32)
    scores = (y * y).sum(axis=1) / 2 - samples.astype(np.float32) @ y.T
    assert (scores.argmin(axis=1) != nearest_by_loop(samples, alternatives)[0]).mean() > 0.1


@pytest.mark.parametrize("d", [1, 8, 100, 384])
def test_the_error_bound_holds(d):
    rng = np.random.default_rng(d)
    y = rng.normal(size=(200, d))
    y /= np.linalg.norm(y, axis=1).max()
    s = rng.normal(size=(100, d)) * 10.0 ** rng.uniform(-3, 3, size=(100, 1))
    exact = (y**2).sum(axis=1) / 2 - s @ y.T
    half = ((y**2).sum(axis=1) / 2).astype(np.float32)
    rough = half - s.astype(np.float32) @ y.astype(np.float32).T
    assert (np.abs(rough - exact) <= score_error(np.linalg.norm(s, axis=1), d)[:, None]).all()


def test_bfloat16_candidates_that_do_not_suffice_are_searched_again():
    rng = np.random.default_rng(5)
    crowd = np.repeat(rng.normal(size=(2, 20)), 100, axis=0)
    crowd += 1e-4 * rng.normal(size=crowd.shape)
    samples = rng.normal(size=(40, 20))
    index = TorchIndex(crowd, device="cpu", n_threads=1)
    found = index.query(samples)[0]
    assert index.n_unsure > 0
    assert (found[:, 0] == nearest_by_loop(samples, crowd)[0]).all()
    spread = TorchIndex(rng.normal(size=(2000, 20)), device="cpu", n_threads=1)
    spread.query(samples)
    assert spread.n_unsure < 40


def test_processors_alone_do_not_import_torch(monkeypatch):
    from cloneproof.weights import nearest_torch

    monkeypatch.setattr(nearest_torch.Path, "exists", lambda path: False)
    monkeypatch.setattr(nearest_torch.sys, "platform", "linux")
    monkeypatch.setattr(nearest_torch, "require", lambda *a, **k: pytest.fail("torch was imported"))
    assert find_device(required=False) is None


def test_the_road_is_chosen_by_dimension(monkeypatch):
    from cloneproof.weights import nearest_torch

    assert type(make_index(np.zeros((2, 3)))).__name__ == "TreeIndex"
    assert isinstance(make_index(np.zeros((2, 30))), BlockIndex)
    monkeypatch.setattr(nearest_torch, "find_device", lambda *, required: "cpu")
    assert isinstance(make_index(np.zeros((2**15, 32), dtype=np.float32)), TorchIndex)


@pytest.mark.parametrize(
    ("samples", "alternatives", "message"),
    [
        ([[0.0]], np.empty((0, 1)), "at least one row"),
        ([[0.0, 1.0]], [[0.0]], "samples have 2 columns, alternatives 1"),
        ([0.0], [[0.0]], r"samples must have shape \(n, n_dims\)"),
        ([[np.nan]], [[0.0]], "samples must hold finite"),
        ([[0.0]], [[np.inf]], "alternatives must hold finite"),
    ],
)
def test_bad_tables_are_named(samples, alternatives, message):
    with pytest.raises(InputError, match=message):
        find_nearest(samples, alternatives)


@pytest.mark.parametrize("options", [{"method": "cuda"}, {"n_jobs": 0}, {"n_jobs": 1.5}, {"n_jobs": -2}])
def test_bad_options_are_named(options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        find_nearest([[0.0]], [[0.0]], **options)


def test_missing_torch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "cloneproof\[torch\]"'):
        find_nearest([[0.0]], [[0.0]], method="torch")
