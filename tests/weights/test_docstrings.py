"""The docstrings of weightings: their examples print what they say, and they name what fails by nature."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import cloneproof as cp
from cloneproof import weights
from cloneproof.audit import axioms
from cloneproof.weights import Ball, Box, Sphere

MODULES = [f"cloneproof.weights.{module.name}" for module in pkgutil.iter_modules(weights.__path__)]
PUBLIC = {name: getattr(weights, name) for name in weights.__all__} | {"check_weighting": cp.check_weighting}


@pytest.mark.parametrize("name", [*MODULES, axioms.__name__])
def test_examples_print_what_they_say(name):
    module = importlib.import_module(name)
    tests = doctest.DocTestFinder().find(module, extraglobs={**PUBLIC, **vars(module), "np": np})
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    for test in tests:
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


REFERENCE = np.zeros((3, 2))
CONFIGURATIONS = {
    cp.UniformWeights: [{}],
    cp.DiversityWeights: [{}, {"scale": 1.0}],
    cp.ScaleTreeWeights: [{}, {"scale": 1.0}, {"radii": [1.0]}, {"scale": 1.0, "radii": [1.0]}],
    cp.FamilyWeights: [{}, {"radius": 1.0}],
    cp.VoronoiWeights: [
        {"region": region, "n_components": n_components}
        for n_components in (None, 2)
        for region in (
            *("box", "cube", "sphere", "ball", "hull"),
            Box([0.0, 0.0], [1.0, 1.0]),
            Ball([1.0, 0.0], 1.0),
            Sphere(2),
            REFERENCE,
        )
    ],
}


@pytest.mark.parametrize("weighting", CONFIGURATIONS)
def test_what_fails_by_nature_is_named_with_a_witness(weighting):
    known = {axiom.name for axiom in axioms.AXIOMS}
    for options in CONFIGURATIONS[weighting]:
        declared = weighting(**options).fails_by_nature()
        assert set(declared) <= known
        for name in declared:
            assert f'"{name}"' in weighting.__doc__, f"{weighting.__name__}: {name} is not in the docstring"
            assert f'["{name}"].sentence' in weighting.__doc__, f"{weighting.__name__}: no witness of {name}"
