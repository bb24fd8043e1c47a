"""What tests share: the hypothesis profile, and lists read anew where a test changes the seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from ingest import contract, reference

settings.register_profile(
    "kho", deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kho")

_CACHED = (
    reference.units,
    reference._units_by_name,
    reference.vocabulary,
    reference.coded_list,
    reference.lines,
    reference.reporting_units,
    contract.all_contracts,
)


@pytest.fixture
def fresh_reference() -> Iterator[None]:
    """Lists are read anew inside the test and again after it."""
    for function in _CACHED:
        function.cache_clear()
    yield
    for function in _CACHED:
        function.cache_clear()
