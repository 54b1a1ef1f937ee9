"""Weightings that people might use and that copies can move, or that break the contract of an estimator."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans


class InverseDensity(BaseEstimator):
    """One over the kernel density: a family keeps its total, its neighbours pay."""

    def __init__(self, scale=0.5):
        self.scale = scale

    def fit(self, X, y=None):
        X = np.asarray(X, dtype=np.float64)
        density = np.exp(-cdist(X, X, "sqeuclidean") / (2 * self.scale**2)).sum(axis=1)
        self.weights_ = (1 / density) / (1 / density).sum()
        return self


class NearestDistance(BaseEstimator):
    """In proportion to the distance to the nearest other row: a copy kills both."""

    def fit(self, X, y=None):
        X = np.asarray(X, dtype=np.float64)
        away = cdist(X, X)
        np.fill_diagonal(away, np.inf)
        nearest = np.minimum(away.min(axis=1), 1e300) + 1e-300
        self.weights_ = nearest / nearest.sum()
        return self


class KMeansShares(BaseEstimator):
    """One share per k-means cluster, split equally inside it."""

    def __init__(self, n_clusters=4, random_state=0):
        self.n_clusters = n_clusters
        self.random_state = random_state

    def fit(self, X, y=None):
        X = np.asarray(X, dtype=np.float64)
        k = min(self.n_clusters, len(np.unique(X, axis=0)))
        labels = KMeans(k, n_init=2, random_state=self.random_state).fit_predict(X)
        size = np.bincount(labels)
        self.weights_ = 1.0 / ((size > 0).sum() * size[labels])
        return self


class AveragedClusters(BaseEstimator):
    """The mean of k-means shares over several numbers of clusters."""

    def fit(self, X, y=None):
        self.weights_ = np.mean([KMeansShares(k).fit(X).weights_ for k in (2, 4, 6)], axis=0)
        return self


class FirstOfCopies:
    """Voronoi-like shares of a few samples, all of a cell given to the first of its copies; no scikit-learn."""

    def fit(self, X):
        X = np.asarray(X, dtype=np.float64)
        first = np.unique(X, axis=0, return_index=True)[1]
        self.weights_ = np.zeros(len(X))
        self.weights_[first] = 1.0 / len(first)
        return self


class DistinctShares:
    """Equal shares of the distinct points: right about exact copies, blind to all others; no scikit-learn."""

    def fit(self, X):
        _, inverse, counts = np.unique(np.asarray(X), axis=0, return_inverse=True, return_counts=True)
        self.weights_ = 1.0 / (len(counts) * counts[inverse.ravel()])
        return self


class Broken(DistinctShares):
    """Equal shares of the distinct points with one thing wrong, by name."""

    def __init__(self, how):
        self.how = how
        self.calls = 0

    def fit(self, X):
        if self.how == "writes":
            X -= X.mean(axis=0)
        if self.how == "raises":
            raise ZeroDivisionError("half of nothing")
        super().fit(X)
        w, m = self.weights_, len(X)
        match self.how:
            case "short":
                self.weights_ = w[1:]
            case "silent":
                del self.weights_
            case "nan":
                self.weights_ = np.where(np.arange(m) == 0, np.nan, w)
            case "float32":
                self.weights_ = w.astype(np.float32)
            case "list":
                self.weights_ = list(w)
            case "sum":
                self.weights_ = 2 * w
            case "negative":
                self.weights_ = w + 0.5 * (np.arange(m) == 0) - 0.5 * (np.arange(m) == m - 1)
            case "order":
                self.weights_ = w * np.linspace(1, 2, m) / (w * np.linspace(1, 2, m)).sum()
            case "chance":
                noisy = w * np.random.default_rng().uniform(0.9, 1.1, m)
                self.weights_ = noisy / noisy.sum()
            case "memory":
                self.calls += 1
                odd = w * np.where(np.arange(m) == 0, self.calls, 1.0)
                self.weights_ = odd / odd.sum()
            case "other":
                return self.weights_
        return self


class ManyThreads(BaseEstimator):
    """Weights that depend on n_jobs."""

    def __init__(self, n_jobs=None):
        self.n_jobs = n_jobs

    def fit(self, X, y=None):
        tilt = 1.0 + 1e-6 * (self.n_jobs or 1) * np.arange(len(X))
        self.weights_ = tilt / tilt.sum()
        return self


class ChangesItsParameters(BaseEstimator):
    """Fit overwrites an option."""

    def __init__(self, scale="auto"):
        self.scale = scale

    def fit(self, X, y=None):
        self.scale = 0.3
        self.weights_ = np.full(len(X), 1.0 / len(X))
        return self
