"""Preference data: the record of comparisons, its readers, win rates and simulated annotators."""

from cloneproof.preferences.comparisons import Comparisons
from cloneproof.preferences.population import (
    Population,
    make_linear_population,
    paris_population,
    population_win_rates,
)
from cloneproof.preferences.simulate import sample_comparisons, simulate_judgments
from cloneproof.preferences.taste import Taste
from cloneproof.preferences.win_rates import average_win_rates, empirical_win_rates

__all__ = [
    "Comparisons",
    "Population",
    "Taste",
    "average_win_rates",
    "empirical_win_rates",
    "make_linear_population",
    "paris_population",
    "population_win_rates",
    "sample_comparisons",
    "simulate_judgments",
]
