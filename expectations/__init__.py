"""Judging what came in: contract rules through Great Expectations, identities, gates, reports."""
