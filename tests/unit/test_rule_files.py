"""Files of rules are strict: what cannot be used is refused with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.rule_files import (
    FOLDERS,
    RuleError,
    all_rules,
    published,
    read_rule,
    read_rules,
    shared_parameters,
)
from ingest.contract import all_contracts

RULE = """\
id: a_rule
numbers: [R10]
says: A date is not late.
basis:
  - {document: QD-CHILANG-2026, locator: "II.5"}
severity: warning
sentence:
  message: "Ô {cell}: {state}."
  fix: "Đề nghị kiểm tra."
parameters:
  - {name: due, published: new_projects_start_due}
form: moc_tien_do_du_an
check:
  rule: due
  column: start
  due: due
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: warning", "severity: warning\nseverty: info",
         "a_rule.yml:7: severty: Extra inputs are not permitted (given: 'info')"),
        ('  fix: "Đề nghị kiểm tra."\n', "",
         "a_rule.yml:7: sentence.fix: Field required"),
        ("severity: warning", "severity: grave",
         "a_rule.yml:6: severity: Input should be 'error', 'warning' or 'info' (given: 'grave')"),
        ("form: moc_tien_do_du_an", "form: moc_tien_do",
         "a_rule.yml:12: (form): form: there is no form 'moc_tien_do'"),
        ("column: start", "column: begin",
         "a_rule.yml:13: (form): check: moc_tien_do_du_an.v1 has no one field 'begin'"),
        ("due: due", "due: day", "a_rule.yml:10: (form): parameters: there is no 'day'"),
        ("published: new_projects_start_due", "published: nothing",
         "a_rule.yml:11: parameters.0: the seed rule_parameter has no 'nothing'"
         " (given: "),
        ("published: new_projects_start_due", "value: 5",
         "a_rule.yml:11: parameters.0: a default of our own needs its source and its doubt"
         " (given: "),
        ("parameters:\n", "parameters:\n  - {name: more, published: new_projects_start_due}\n",
         "a_rule.yml:10: (form): parameters: nothing reads 'more'"),
        ("{state}", "{what}", "a_rule.yml:7: (form): sentence: due gives no 'what'"),
        ("column: start", "column: start\n  when: {stage_group: [begun]}",
         "a_rule.yml:13: (form): check: stage_group has no code 'begun'"),
        ("id: a_rule", "id: other", "a_rule.yml:1: (form): id: the file is called 'a_rule'"),
        ("check:\n", "sql: select 1\ncheck:\n",
         "a_rule.yml:14: (form): check: a rule has a check on a form, or sql"),
        ("rule: due", "rule: deu", "a_rule.yml:13: check: Input tag 'deu' found using 'rule' "),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_refused_with_its_line(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a_rule.yml"
    path.write_text(RULE, encoding="utf-8")
    assert read_rule(path, all_contracts()).id == "a_rule"
    path.write_text(RULE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError) as error:
        read_rule(path, all_contracts())
    assert str(error.value).startswith(said)


def test_what_is_found_on_facts_cannot_hold_a_submission(tmp_path: Path) -> None:
    path = tmp_path / "a_rule.yml"
    text = RULE.partition("form:")[0].replace("severity: warning", "severity: error")
    path.write_text(text + "sql: select 1 as residual\n", encoding="utf-8")
    with pytest.raises(RuleError, match=r"a_rule.yml:6: .*cannot hold a submission"):
        read_rule(path)


def test_a_rule_stands_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a_rule.yml").write_text(RULE, encoding="utf-8")
    with pytest.raises(RuleError, match="stands in another folder too"):
        read_rules([tmp_path / "one", tmp_path / "two"])


def test_our_own_defaults_say_where_they_come_from_and_what_is_doubtful() -> None:
    own = [p for rule in all_rules() for p in rule.parameters if p.value is not None]
    assert all(p.source and p.doubt for p in [*own, *shared_parameters().values()])


def test_published_floors_are_read_by_their_dates() -> None:
    floors = published("disbursement_floor_ongoing")
    assert [(str(f.due), str(f.value), f.year) for f in floors] == [
        ("2026-06-30", "30", 2026), ("2026-09-30", "60", 2026), ("2026-12-31", "100", 2026),
    ]  # fmt: skip


def test_every_file_of_the_folders_is_a_rule_of_ours() -> None:
    files = {path.stem for folder in FOLDERS for path in folder.glob("*.yml")}
    assert files == {rule.id for rule in all_rules()}
