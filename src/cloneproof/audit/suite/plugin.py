"""Load a weighting that the user names on the command line, and make it a method."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from cloneproof._core.errors import InputError, ParameterError
from cloneproof.audit.suite.case import Case, Scored

__all__ = ["UserEstimator", "load_estimator"]


@dataclass(frozen=True)
class UserEstimator:
    """A weighting estimator of the user's as a method: its weights, then balanced rows.

    `version` is the hash of the source file, so that an edited estimator is run again.
    """

    name: str
    about: str
    estimator: Any
    version: str = ""
    rows: str = "balanced"

    def fit(self, case: Case) -> Scored:
        """Weigh the embeddings, then fit."""
        fitted = clone(self.estimator).fit(case.embeddings)
        weights = np.asarray(fitted.weights_, dtype=np.float64)
        if weights.shape != (len(case.embeddings),):
            raise InputError(
                f"weights_ of {self.name!r} has shape {weights.shape}, expected ({len(case.embeddings):,},)."
            )
        return case.fit_rewards(weights, rows=self.rows)


def load_estimator(place: str) -> UserEstimator:
    """Import a weighting named as ``module:Class`` and make it a method of that name.

    Only what the user types is imported; nothing is ever imported because data names it. Modules of the
    working directory are found after installed ones.

    Parameters
    ----------
    place : str
        ``module:Class`` (made without arguments) or ``module:object``.

    Raises
    ------
    ParameterError
        If there is no such module or name, the class needs arguments, or it is no estimator.
    """
    module_name, colon, name = place.partition(":")
    if not colon or not module_name or not name.isidentifier():
        raise ParameterError(f"--estimator takes MODULE:CLASS, such as my_weights:MyWeights. Got {place!r}.")
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"--estimator {place}: there is no module {error.name!r}. Run from the folder that holds it, or install it."
        ) from error
    except Exception as error:
        raise ParameterError(
            f"--estimator {place}: importing it failed: {type(error).__name__}: {error}"
        ) from error
    finally:
        if added:
            sys.path.remove(here)
    if not hasattr(module, name):
        raise ParameterError(f"--estimator {place}: module {module_name!r} has no {name!r}.")
    found = getattr(module, name)
    try:
        estimator = found() if isinstance(found, type) else found
    except TypeError as error:
        raise ParameterError(f"--estimator {place}: cannot be made without arguments: {error}.") from error
    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise ParameterError(
            f"--estimator {place}: expected an estimator with fit(X), weights_ and scikit-learn's get_params "
            f"(subclass sklearn.base.BaseEstimator). Got {estimator!r:.80}."
        )
    return UserEstimator(
        name=place, about="weights of your own, rows balanced", estimator=estimator, version=_version(module)
    )


def _version(module: Any) -> str:
    """Return the hash of a module's source, empty where there is none."""
    try:
        return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()[:16]
    except (OSError, TypeError):
        return ""
