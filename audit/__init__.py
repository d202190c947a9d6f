"""Audits that a person or a nightly job runs; no part of a build."""
