"""Audits: what near-copies do to rewards, and what an analysis found."""

from cloneproof.audit.records import Analysis, AuditRow, Choice, CloneAudit, FamilyTable, RewardTable

__all__ = ["Analysis", "AuditRow", "Choice", "CloneAudit", "FamilyTable", "RewardTable"]
