"""CloneBench: attacks that add near-copies, methods that should not mind, and what happens."""

from cloneproof.audit.suite.attacks import ATTACKS, Attack, CloneAttack, add_clones, register_attack
from cloneproof.audit.suite.case import Case, Scored
from cloneproof.audit.suite.encoding import EncoderOf
from cloneproof.audit.suite.measures import Measures, best_of_n_change
from cloneproof.audit.suite.methods import METHODS, ByWeights, Method, register_method
from cloneproof.audit.suite.options import SuiteOptions
from cloneproof.audit.suite.paraphrase_files import read_paraphrases
from cloneproof.audit.suite.plugin import UserEstimator, load_estimator
from cloneproof.audit.suite.records import CleanRow, SuiteResult, SuiteRow
from cloneproof.audit.suite.run import run_suite
from cloneproof.audit.suite.simulated import SIMULATED, simulated_world
from cloneproof.audit.suite.summary import MethodSummary, markdown_tables, summarise
from cloneproof.audit.suite.targets import TARGETING
from cloneproof.audit.suite.world import Encode, World, make_world

__all__ = [
    "ATTACKS",
    "METHODS",
    "SIMULATED",
    "TARGETING",
    "Attack",
    "ByWeights",
    "Case",
    "CleanRow",
    "CloneAttack",
    "Encode",
    "EncoderOf",
    "Measures",
    "Method",
    "MethodSummary",
    "Scored",
    "SuiteOptions",
    "SuiteResult",
    "SuiteRow",
    "UserEstimator",
    "World",
    "add_clones",
    "best_of_n_change",
    "load_estimator",
    "make_world",
    "markdown_tables",
    "read_paraphrases",
    "register_attack",
    "register_method",
    "run_suite",
    "simulated_world",
    "summarise",
]
