"""Preference data: the record of comparisons, its readers, win rates and simulated annotators."""

from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.population import (
    Population,
    make_linear_population,
    paris_population,
    population_win_rates,
)
from cloneproof.preferences.read import read_comparisons, read_with_report
from cloneproof.preferences.readers.records import Reading, ReadReport
from cloneproof.preferences.simulate import sample_comparisons, simulate_judgments
from cloneproof.preferences.taste import Taste
from cloneproof.preferences.win_rates import average_win_rates, empirical_win_rates

__all__ = [
    "Comparisons",
    "Population",
    "ReadReport",
    "Reading",
    "Taste",
    "average_win_rates",
    "empirical_win_rates",
    "make_linear_population",
    "paris_population",
    "population_win_rates",
    "read_comparisons",
    "read_with_report",
    "sample_comparisons",
    "simulate_judgments",
]
