"""Every reporting system and every target of the plan has a home that exists, or a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import generate
from docs.coverage import (
    REASONS,
    SYSTEMS,
    TARGETS,
    Coverage,
    System,
    problems,
    read_coverage,
    reports_on,
    target_indicators,
)
from ingest.contract import all_contracts


@pytest.fixture(scope="module")
def given() -> Coverage:
    return read_coverage()


def with_system(given: Coverage, code: str, **change: object) -> Coverage:
    """The coverage with one system changed."""
    groups = tuple(
        group.model_copy(
            update={
                "systems": tuple(
                    system.model_copy(update=change) if system.code == code else system
                    for system in group.systems
                )
            }
        )
        for group in given.groups
    )
    return given.model_copy(update={"groups": groups})


def test_every_system_and_target_stands_once_with_a_home_or_a_reason(given: Coverage) -> None:
    assert [system.code for system in given.systems] == SYSTEMS
    assert [target.number for target in given.targets] == TARGETS
    assert problems(given) == []


def test_the_plan_states_all_31_targets(given: Coverage) -> None:
    assert sorted(target_indicators(given.document_code)) == TARGETS


def test_a_target_is_reported_on_a_line_of_a_periodic_form(given: Coverage) -> None:
    contracts = {contract.form: contract for contract in all_contracts()}
    stated = target_indicators(given.document_code)
    for target in given.targets:
        for indicator in stated[target.number]:
            forms = [contracts[form] for form in target.forms]
            assert any(reports_on(form, indicator) for form in forms), (target.number, indicator)
            assert all(f.reporting.frequency in ("month", "quarter", "year") for f in forms)


def test_what_is_missing_doubled_or_unknown_is_said(given: Coverage) -> None:
    home = System(code="S99", name_en="x", name_vi="x", holds="x", tables=("dim_unit",))
    for system in given.systems[:1]:
        twice = given.groups[0].model_copy(update={"systems": (system, system, home)})
    wrong = problems(given.model_copy(update={"groups": (twice, *given.groups[1:])}))
    assert "system S01 stands 2 times" in wrong
    assert "system S02 stands 0 times" in wrong
    assert "system S99 stands 1 times" in wrong
    fewer = given.model_copy(update={"targets": given.targets[1:]})
    assert problems(fewer) == ["target 1 stands 0 times"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"forms": ("no_such_form",)}, "S32: there is no form 'no_such_form'"),
        ({"indicators": ("no_such_thing",)}, "S32: there is no indicator 'no_such_thing'"),
        ({"tables": ("mart_of_nothing",)}, "S32: there is no table 'mart_of_nothing'"),
        ({"reason": "forgotten"}, "S32: there is no reason 'forgotten'"),
        ({"reason": "no_figures"}, "S32: it has a home and a reason to have none"),
        (
            {"forms": (), "indicators": (), "tables": ()},
            "S32: it has no home, and no reason says why",
        ),
    ],
)
def test_a_home_that_does_not_exist_is_refused(
    given: Coverage, change: dict[str, object], problem: str
) -> None:
    assert problem in problems(with_system(given, "S32", **change))


def test_an_indicator_that_no_form_of_the_system_reports_is_refused(given: Coverage) -> None:
    wrong = problems(with_system(given, "S43", indicators=("grdp",)))
    assert wrong == ["S43: none of its forms reports grdp"]


def test_reasons_are_given_for_few_systems_only(given: Coverage) -> None:
    reasons = {system.code: system.reason for system in given.systems if system.reason}
    assert set(reasons.values()) <= set(REASONS)
    assert set(reasons) <= {"S55", "S64"}, "figures that are public need a home, not a reason"


def test_the_generated_pages_are_what_their_sources_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_changed_missing_or_stale_page_is_found_and_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main([], docs=tmp_path) == 0
    assert generate.main(["--check"], docs=tmp_path) == 0
    (tmp_path / "coverage.md").write_text("by hand", encoding="utf-8")
    (tmp_path / "figures-coverage.md").unlink()
    stale = tmp_path / "data-dictionary" / "forms" / "gone.md"
    stale.write_text("of a form that is gone", encoding="utf-8")
    capsys.readouterr()
    assert generate.main(["--check"], docs=tmp_path) == 1
    said = capsys.readouterr().err
    for name in ("coverage.md", "figures-coverage.md", "data-dictionary/forms/gone.md"):
        assert f"docs/{name}" in said
    assert generate.main([], docs=tmp_path) == 0
    assert not stale.exists()
    assert generate.main(["--check"], docs=tmp_path) == 0
