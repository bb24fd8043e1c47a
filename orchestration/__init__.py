"""Dagster wiring and the command line: no transform lives here."""
