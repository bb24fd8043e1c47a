"""What tests share: the hypothesis profile, lists read anew where a test changes the seeds, a
simulated province; tests that need LibreOffice, Chromium or systemd are skipped where it is
missing, never in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ingest import contract, reference
from tests.shared import made_once, run_kho

settings.register_profile(
    "kho", deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow]
)
# make test-deep, before a change lands: chance in CI would find what is wrong, weeks later
settings.register_profile("deep", settings.get_profile("kho"), max_examples=3_000)
settings.load_profile("kho")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("libreoffice") and shutil.which("soffice") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install LibreOffice (see .ci/run)")
        pytest.skip("soffice is not installed")
    if item.get_closest_marker("chromium") and shutil.which("chromium") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install Chromium (see .ci/run)")
        pytest.skip("chromium is not installed")
    if item.get_closest_marker("systemd") and shutil.which("systemd-analyze") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must install systemd (see .ci/run)")
        pytest.skip("systemd-analyze is not installed")


@pytest.hookimpl(trylast=True)  # when what does not run is gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two test processes share the tests by halves and then take from each other's: one begins with
    the nights on the samples, the other with the night on the simulated province."""
    nights = [item for item in items if item.path.parent.name == "integration"]
    province = [item for item in nights if item.path.name == "test_simulated_province.py"]
    samples = [item for item in nights if item not in province]
    others = [item for item in items if item not in nights]
    half = max(0, len(items) // 2 - len(samples))
    items[:] = [*samples, *others[:half], *province, *others[half:]]


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


@pytest.fixture(scope="session")
def clean_province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three communes of 65 and all agencies over the first four months of 2026, by the real
    command; seed 1, no errors. Once for all test processes; tests must not change it."""

    def make(folder: Path) -> None:
        run = run_kho("simulate", "--out", folder, "--communes", "3", "--months", "4")
        assert run.returncode == 0, run.stdout + run.stderr

    return made_once(tmp_path_factory, "clean_province", make)
