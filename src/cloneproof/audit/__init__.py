"""Audits: what near-copies do to rewards, and what an analysis found."""

from cloneproof.audit.analysis import analyse
from cloneproof.audit.axiom_records import AxiomResult, WeightingCheck, Witness
from cloneproof.audit.axioms import check_weighting
from cloneproof.audit.case_records import CaseRow, ParisCase
from cloneproof.audit.case_study import run_paris_case
from cloneproof.audit.certificate_records import AnalysisCertificate, CertificateRow
from cloneproof.audit.check import check_limits, check_summary, parse_limits
from cloneproof.audit.clones import Shift, audit_clones, measure_shift
from cloneproof.audit.evaluation import compare_accuracy, evaluate_rewards
from cloneproof.audit.evaluation_records import Evaluation
from cloneproof.audit.families import family_table
from cloneproof.audit.harm import CloneFlip, HarmIndex, clones_flip_winner, harm_index, population_departure
from cloneproof.audit.injection import Injected, inject_clones
from cloneproof.audit.options import AnalysisOptions
from cloneproof.audit.prevalence import Prevalence, ScalePrevalence, UnitPrevalence, measure_prevalence
from cloneproof.audit.records import Analysis, AuditRow, Choice, CloneAudit, FamilyTable, RewardTable
from cloneproof.audit.splits import Split, find_components, split_by_prompt_and_family
from cloneproof.audit.weighing import Weighed, weigh_comparisons
from cloneproof.audit.weightings import make_weighting

__all__ = [
    "Analysis",
    "AnalysisCertificate",
    "AnalysisOptions",
    "AuditRow",
    "AxiomResult",
    "CaseRow",
    "CertificateRow",
    "Choice",
    "CloneAudit",
    "CloneFlip",
    "Evaluation",
    "FamilyTable",
    "HarmIndex",
    "Injected",
    "ParisCase",
    "Prevalence",
    "RewardTable",
    "ScalePrevalence",
    "Shift",
    "Split",
    "UnitPrevalence",
    "Weighed",
    "WeightingCheck",
    "Witness",
    "analyse",
    "audit_clones",
    "check_limits",
    "check_summary",
    "check_weighting",
    "clones_flip_winner",
    "compare_accuracy",
    "evaluate_rewards",
    "family_table",
    "find_components",
    "harm_index",
    "inject_clones",
    "make_weighting",
    "measure_prevalence",
    "measure_shift",
    "parse_limits",
    "population_departure",
    "run_paris_case",
    "split_by_prompt_and_family",
    "weigh_comparisons",
]
