"""The paper's case study redrawn: networks, random populations, figures (extra ``paper``)."""

from cloneproof.reproduction.figures import draw_figures
from cloneproof.reproduction.network_case import NetworkSettings
from cloneproof.reproduction.paper import PaperOptions, paper_weightings, reproduce_paper
from cloneproof.reproduction.population import study_populations
from cloneproof.reproduction.records import PaperReproduction, PopulationRow, PopulationStudy
from cloneproof.reproduction.tables import paper_tables
from cloneproof.reproduction.texts import choose_texts

__all__ = [
    "NetworkSettings",
    "PaperOptions",
    "PaperReproduction",
    "PopulationRow",
    "PopulationStudy",
    "choose_texts",
    "draw_figures",
    "paper_tables",
    "paper_weightings",
    "reproduce_paper",
    "study_populations",
]
