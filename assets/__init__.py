"""Dagster and only Dagster: what pipelines/ does, shown as assets, checks, jobs and schedules; no logic of its own."""
