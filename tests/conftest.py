"""What tests share: the hypothesis profile, lists read anew where a test changes the seeds, and
tests that need LibreOffice: skipped where it is missing, but never in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from ingest import contract, reference

settings.register_profile(
    "kho", deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kho")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("libreoffice") and shutil.which("soffice") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install LibreOffice (see .ci/run)")
        pytest.skip("soffice is not installed")


_CACHED = (
    reference.units,
    reference.indicators,
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
