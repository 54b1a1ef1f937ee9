"""scikit-learn's own checks of an estimator, one test each."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator


def parametrize_checks(estimator):
    """Parametrise a test over every check that applies to `estimator`; array-API ones need scipy's switch."""
    checks = [
        pytest.param(instance, check, id=check.func.__name__)
        for instance, check in estimator_checks_generator(estimator)
        if check.func.__name__ != "check_array_api_input"
    ]
    return pytest.mark.parametrize(("estimator", "check"), checks)
