"""The sections of the report on an analysis, one file each; more pages can be made of their kind."""

from __future__ import annotations

from cloneproof.report.sections.alternatives_map import make_map
from cloneproof.report.sections.audit import make_audit
from cloneproof.report.sections.certificate import make_certificate
from cloneproof.report.sections.choices import make_choices
from cloneproof.report.sections.families import make_families
from cloneproof.report.sections.guide import make_guide
from cloneproof.report.sections.headline import make_headline
from cloneproof.report.sections.movers import make_movers
from cloneproof.report.sections.provenance import make_provenance
from cloneproof.report.sections.scale_curve import make_scale_curve

__all__ = [
    "make_audit",
    "make_certificate",
    "make_choices",
    "make_families",
    "make_guide",
    "make_headline",
    "make_map",
    "make_movers",
    "make_provenance",
    "make_scale_curve",
]
