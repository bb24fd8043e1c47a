"""Contracts: all of the project's load, and a wrong one is refused with file, line and reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import contract, reference
from ingest.contract import (
    ContractError,
    TotalsCheck,
    all_contracts,
    read_contract,
    read_contracts,
)

RECORDS = """\
form: thu_nghiem
version: 1
code_on_paper: TN-01
title: "Biểu thử nghiệm"
legal_basis: ""
basis_status: designed
openness: nội bộ
valid: {from: 2021-01-01}
senders: ["20", commune]
reporting: {frequency: year}
fact: indicator
tables:
  - rows: {kind: records, key: [indicator_code]}
    columns:
      - field: indicator_code
        header: [Mã chỉ tiêu]
        role: dimension
        type: code
        list: indicator
        required: true
        description: "Mã"
      - field: value
        header: [Giá trị]
        role: value
        type: number
        unit: ha
        description: "Giá trị"
checks:
  - {rule: unique_rows}
"""
LINES = """\
form: thu_nghiem_dong
version: 1
code_on_paper: TN-02
title: "Biểu thử nghiệm có dòng"
legal_basis: ""
basis_status: designed
openness: công khai
valid: {from: 2021-01-01}
senders: [STC]
reporting: {frequency: year}
fact: budget
tables:
  - rows: {kind: lines, list: budget_line.revenue}
    columns:
      - {field: line, header: [Nội dung], role: line, type: text, description: "Nội dung"}
      - {field: amount, header: [Số tiền], role: value, type: money, unit: vnd, description: "Tiền"}
checks:
  - {rule: totals, columns: [amount]}
"""


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


def refusal(folder: Path, text: str, name: str = "thu.yml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as refused:
        read_contract(path)
    return str(refused.value)


# --- the project's own --------------------------------------------------------------------------


def test_every_contract_of_the_project_loads() -> None:
    contracts = all_contracts()
    assert len(contracts) == len(list(contract.FOLDER.glob("*.yml")))
    assert len({c.id for c in contracts}) == len(contracts)
    assert len({c.code_on_paper for c in contracts}) == len({c.form for c in contracts})


@pytest.mark.parametrize("form", all_contracts(), ids=lambda c: c.id)
def test_contract_says_in_words_what_its_columns_mean(form: contract.Contract) -> None:
    for table in form.tables:
        assert any(column.role == "value" for column in table.columns)
        for column in table.columns:
            assert column.description.strip()
    for check in form.checks:
        if isinstance(check, TotalsCheck):
            assert any(line.parent and line.is_additive for line in form.tables[0].lines)


@pytest.mark.parametrize("form", all_contracts(), ids=lambda c: c.id)
def test_bounds_name_codes_of_the_lists(form: contract.Contract) -> None:
    for check in form.checks:
        if check.rule == "bounds":
            assert set(check.when.measure) <= set(reference.vocabulary("measure"))
            assert set(check.when.unit) <= set(reference.units())


def test_unit_or_level_named_as_sender_is_accepted_and_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "thu.yml"
    path.write_text(RECORDS, encoding="utf-8")
    form = read_contract(path)
    assert form.accepts("20") and form.accepts("06463")
    assert not form.accepts("STC")
    assert not form.accepts("99999")


# --- refusals -----------------------------------------------------------------------------------

Change = Callable[[str], str]


def replaced(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


REFUSED_AT_ITS_LINE = [
    ("unknown_key", RECORDS, replaced("openness: nội bộ", "openness: nội bộ\nopenness_vi: nội bộ"),
     "openness_vi: nội", "openness_vi: Extra inputs are not permitted"),
    ("unknown_key_of_a_column", RECORDS, replaced("        unit: ha", "        unitt: ha"),
     "unitt: ha", "tables.0.columns.1.unitt: Extra inputs are not permitted"),
    ("doubled_key", RECORDS, replaced("version: 1\n", "version: 1\nform: khac\n"),
     "form: khac", "key 'form' stands twice"),
    ("doubled_key_of_a_column", RECORDS,
     replaced("        unit: ha", "        unit: ha\n        type: money"),
     "type: money", "key 'type' stands twice"),
    ("numeric_unit_code", RECORDS, replaced('["20", commune]', "[20, commune]"),
     "senders:", "senders.0: Input should be a valid string (given: '20')"),
    ("no_for_a_text", RECORDS, replaced("openness: nội bộ", "openness: no"),
     "openness: no", "openness: Input should be 'công khai', 'nội bộ' or 'hạn chế' (given: 'no')"),
    ("missing_key", RECORDS, replaced('title: "Biểu thử nghiệm"\n', ""),
     "form: thu", "title: Field required"),
    ("unknown_fact", RECORDS, replaced("fact: indicator", "fact: weather"),
     "fact: weather", "fact: Input should be"),
    ("unknown_role", RECORDS, replaced("role: value", "role: figure"),
     "role: figure", "tables.0.columns.1.role: Input should be"),
    ("unknown_rule", RECORDS, replaced("rule: unique_rows", "rule: unique"),
     "{rule: unique}", "does not match any of the expected tags"),
    ("date_of_validity", RECORDS, replaced("{from: 2021-01-01}", "{from: hôm nay}"),
     "valid: {from", "valid.from:"),
    ("field_with_capitals", RECORDS, replaced("field: value", "field: Value"),
     "field: Value", "tables.0.columns.1.field:"),
    ("broken_yaml", RECORDS, replaced("openness: nội bộ", "openness: [nội bộ"),
     "reporting:", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "change", "faulty", "reason"),
    [case[1:] for case in REFUSED_AT_ITS_LINE],
    ids=[case[0] for case in REFUSED_AT_ITS_LINE],
)
def test_fault_is_refused_with_file_line_and_reason(
    tmp_path: Path, text: str, change: Change, faulty: str, reason: str
) -> None:
    text = change(text)
    message = refusal(tmp_path, text)
    if reason:
        assert message.startswith(f"thu.yml:{line_of(text, faulty)}: ")
    else:  # broken syntax: the parser says where it noticed
        assert message.startswith("thu.yml:")
    assert reason in message


REFUSED_BY_MEANING = [
    ("unknown_list_of_codes", RECORDS, replaced("list: indicator", "list: indicators"),
     "list: indicators", "tables[0].columns.indicator_code.list: there is no list 'indicators'"),
    ("codes_without_a_list", RECORDS, replaced("        list: indicator\n", ""),
     "field: indicator_code", "tables[0].columns.indicator_code: a column of codes needs a list"),
    ("unknown_list_of_lines", LINES, replaced("budget_line.revenue", "budget_line.income"),
     "rows: {kind", "tables[0].rows.list: there is no list 'budget_line.income'"),
    ("unknown_seed_of_lines", LINES, replaced("budget_line.revenue", "budget_lines.revenue"),
     "rows: {kind", "tables[0].rows.list: there is no list 'budget_lines.revenue'"),
    ("unknown_unit_of_measure", RECORDS, replaced("unit: ha", "unit: hectare"),
     "unit: hectare", "tables[0].columns.value.unit: there is no unit 'hectare'"),
    ("money_without_a_unit", LINES, replaced("type: money, unit: vnd", "type: money"),
     "{field: amount", "tables[0].columns.amount: money needs a unit"),
    ("value_that_is_text", RECORDS, replaced("type: number", "type: text"),
     "field: value", "tables[0].columns.value: a value must be numeric, not 'text'"),
    ("unknown_sender", RECORDS, replaced('"20", commune', '"20", district'),
     "senders:", "senders: unknown unit or level 'district'"),
    ("column_declared_twice", RECORDS, replaced("field: value", "field: indicator_code"),
     "rows: {kind", "tables[0]: the column 'indicator_code' is declared twice"),
    ("header_used_twice", RECORDS, replaced("[Giá trị]", "[Mã chỉ tiêu]"),
     "rows: {kind", "tables[0]: two columns have the header 'Mã chỉ tiêu'"),
    ("key_without_a_column", RECORDS, replaced("key: [indicator_code]", "key: [locator]"),
     "rows: {kind", "tables[0].rows.key: there is no column 'locator'"),
    ("records_without_a_key", RECORDS, replaced(", key: [indicator_code]", ""),
     "rows: {kind", "tables[0].rows: a table of records needs a key"),
    ("lines_without_a_line_column", LINES, replaced("role: line", "role: label"),
     "rows: {kind", "tables[0]: a table of lines needs a column with role 'line'"),
    ("check_of_an_unknown_column", LINES, replaced("columns: [amount]", "columns: [total]"),
     "{rule: totals", "checks[0]: totals names the unknown column 'total'"),
    ("unknown_sibling", RECORDS, replaced("unit: ha", "unit: ha\n        comparator: sign"),
     "comparator: sign", "tables[0].columns.value.comparator: there is no column 'sign'"),
    ("relation_that_is_none", RECORDS, replaced("unit: ha", "unit: ha\n        period: last"),
     "period:", "tables[0].columns.value.period: not a period key: 'last'"),
    ("formula_of_an_unknown_column", LINES, replaced("unit: vnd,", 'unit: vnd, formula: "a + b",'),
     "{field: amount", "tables[0].columns.amount.formula: 'a' is no column of numbers"),
    ("formula_that_is_none", LINES, replaced("unit: vnd,", 'unit: vnd, formula: "amount +",'),
     "{field: amount", "tables[0].columns.amount.formula: formula 'amount +': it ends too early"),
    ("formula_that_needs_itself", LINES, replaced("unit: vnd,", "unit: vnd, formula: 2 * amount,"),
     "{field: amount", "tables[0].columns.amount.formula: a cycle, it needs itself"),
    ("ratio_without_a_formula", RECORDS, replaced("role: value", "role: ratio"),
     "field: value", "tables[0].columns.value: a ratio needs a formula"),
    ("milestone_that_is_no_date", RECORDS, replaced("role: value", "role: milestone"),
     "field: value", "tables[0].columns.value: a milestone is a date, with its milestone_state"),
    ("unknown_measure", RECORDS, replaced("unit: ha", "unit: ha\n        measure: weight"),
     "measure: weight", "tables[0].columns.value.measure: there is no measure 'weight'"),
    ("unknown_dimension", RECORDS,
     replaced("fact: indicator", "fact: indicator\ndimensions: {colour: red}"),
     "dimensions:", "dimensions: there is no dimension 'colour'; known: basis, direction"),
    ("unknown_code_of_a_dimension", RECORDS,
     replaced("fact: indicator", "fact: indicator\ndimensions: {basis: guessed}"),
     "dimensions:", "dimensions: basis has no code 'guessed'"),
    ("missing_sentence", LINES, replaced("columns: [amount]}", "columns: [amount], sentence: oh}"),
     "{rule: totals", "checks[0].sentence: 'oh' is missing in sentences.yml"),
    ("period_that_is_no_key", RECORDS, replaced("unit: ha", 'unit: ha\n        period: "2025-Q9"'),
     "period:", "tables[0].columns.value.period: not a period key: '2025-Q9'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "change", "faulty", "reason"),
    [case[1:] for case in REFUSED_BY_MEANING],
    ids=[case[0] for case in REFUSED_BY_MEANING],
)
def test_contract_that_refers_to_nothing_is_refused_with_file_and_place(
    tmp_path: Path, text: str, change: Change, faulty: str, reason: str
) -> None:
    message = refusal(tmp_path, change(text))
    assert message.startswith("thu.yml:")
    assert reason in message


@pytest.mark.parametrize(
    ("text", "change", "faulty"),
    [case[1:4] for case in REFUSED_BY_MEANING],
    ids=[case[0] for case in REFUSED_BY_MEANING],
)
def test_contract_that_refers_to_nothing_is_refused_at_its_line(
    tmp_path: Path, text: str, change: Change, faulty: str
) -> None:
    text = change(text)
    assert refusal(tmp_path, text).startswith(f"thu.yml:{line_of(text, faulty)}: ")


@pytest.mark.parametrize("word", ["2", "Đúng", "[true]"])
def test_required_takes_true_or_false(tmp_path: Path, word: str) -> None:
    text = RECORDS.replace("required: true", f"required: {word}")
    message = refusal(tmp_path, text)
    assert message.startswith(f"thu.yml:{line_of(text, 'required:')}: ")
    assert "tables.0.columns.0.required: " in message


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y"])
def test_yes_and_no_are_not_booleans(tmp_path: Path, word: str) -> None:
    refusal(tmp_path, RECORDS.replace("required: true", f"required: {word}"))


def test_empty_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "") == "thu.yml:1: the file is empty"
    assert refusal(tmp_path, "# chỉ có chú thích\n") == "thu.yml:1: the file is empty"


def test_file_that_is_a_list_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "- form: a\n").startswith("thu.yml:1: (form): Input should be")


def test_control_character_is_refused_with_its_file(tmp_path: Path) -> None:
    assert refusal(tmp_path, RECORDS.replace("Biểu", "Bi\x07ểu")).startswith("thu.yml:")


def test_validity_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    refusal(tmp_path, RECORDS.replace("{from: 2021-01-01}", "{from: 2021-01-01, to: 2020-01-01}"))


def test_bound_for_an_unknown_measure_is_refused(tmp_path: Path) -> None:
    bound = "{rule: bounds, column: value, when: {measure: [levle]}, min: 0}"
    refusal(tmp_path, RECORDS.replace("{rule: unique_rows}", bound))


# --- several versions ---------------------------------------------------------------------------


def two_versions(folder: Path, first: str, second: str) -> None:
    for number, valid in ((1, first), (2, second)):
        text = RECORDS.replace("{from: 2021-01-01}", valid).replace(
            "version: 1", f"version: {number}"
        )
        (folder / f"thu_v{number}.yml").write_text(text, encoding="utf-8")


def test_versions_that_follow_each_other_load_in_order(tmp_path: Path) -> None:
    two_versions(tmp_path, "{from: 2021-01-01, to: 2023-12-31}", "{from: 2024-01-01}")
    assert [c.id for c in read_contracts(tmp_path)] == ["thu_nghiem.v1", "thu_nghiem.v2"]


@pytest.mark.parametrize("first", ["{from: 2021-01-01}", "{from: 2021-01-01, to: 2024-01-01}"])
def test_overlapping_validity_is_refused_with_the_file_and_the_last_day(
    tmp_path: Path, first: str
) -> None:
    two_versions(tmp_path, first, "{from: 2024-01-01}")
    with pytest.raises(ContractError) as refused:
        read_contracts(tmp_path)
    assert str(refused.value) == (
        "thu_v1.yml:1: valid: thu_nghiem.v1 must end by 2023-12-31, where thu_nghiem.v2 begins"
    )


def test_one_version_declared_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(RECORDS, encoding="utf-8")
    with pytest.raises(ContractError, match=r"^b\.yml:1: version: a\.yml declares thu_nghiem\.v1"):
        read_contracts(tmp_path)


# --- checked once -------------------------------------------------------------------------------


def test_contracts_that_passed_are_not_checked_again_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "a.yml").write_text(RECORDS, encoding="utf-8")
    beside = tmp_path / "byte code"
    first = contract._kept_or_checked(beside / "contracts-1.kept", "1", tmp_path)
    (tmp_path / "a.yml").write_text("not a contract", encoding="utf-8")
    assert contract._kept_or_checked(beside / "contracts-1.kept", "1", tmp_path) == first
    with pytest.raises(ContractError):
        contract._kept_or_checked(beside / "contracts-2.kept", "2", tmp_path)
    (tmp_path / "a.yml").write_text(RECORDS.replace("version: 1", "version: 2"), encoding="utf-8")
    [again] = contract._kept_or_checked(beside / "contracts-2.kept", "2", tmp_path)
    assert again.version == 2
    assert [each.name for each in beside.iterdir()] == ["contracts-2.kept"]


def test_contracts_are_read_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "a.yml").write_text(RECORDS, encoding="utf-8")
    nowhere = tmp_path / "a.yml" / "contracts-1.kept"
    assert len(contract._kept_or_checked(nowhere, "1", tmp_path)) == 1


# --- lines with a wrong hierarchy ---------------------------------------------------------------


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_reference: None) -> Path:
    folder = tmp_path / "seeds"
    shutil.copytree(reference.SEEDS, folder)
    monkeypatch.setattr(reference, "SEEDS", folder)
    return folder


def change_lines(seeds: Path, old: str, new: str) -> None:
    path = seeds / "budget_line.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_cycle_in_the_totals_is_refused_with_its_path(tmp_path: Path, seeds: Path) -> None:
    change_lines(
        seeds, "in the area,,true,1,all,revenue_total",
        "in the area,revenue_domestic,true,1,all,revenue_total",
    )  # fmt: skip
    message = refusal(tmp_path, LINES)
    assert message.startswith(f"thu.yml:{line_of(LINES, 'rows: {kind')}: ")
    assert (
        "budget_line.csv:3: list budget_line.revenue: a cycle in its totals,"
        " revenue_total → revenue_domestic → revenue_total" in message
    )


def test_line_that_is_its_own_parent_is_refused(tmp_path: Path, seeds: Path) -> None:
    change_lines(
        seeds, "in the area,,true,1,all,revenue_total",
        "in the area,revenue_total,true,1,all,revenue_total",
    )  # fmt: skip
    assert "a cycle in its totals, revenue_total → revenue_total" in refusal(tmp_path, LINES)


def test_unknown_parent_is_refused(tmp_path: Path, seeds: Path) -> None:
    change_lines(seeds, "Domestic revenue,revenue_total", "Domestic revenue,revenue_totl")
    assert "'revenue_domestic' has the unknown parent 'revenue_totl'" in refusal(tmp_path, LINES)
