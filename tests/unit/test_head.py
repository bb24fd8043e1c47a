"""What stands above a table: unit, period and unit of measure, in the words of officials."""

from __future__ import annotations

import csv
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.head import Head, TitleLine, day_of, is_organisation, read_head, title_lines, unit_named
from ingest.identity import Identity
from ingest.period import period_of
from ingest.wording import plain

CONTRACTS = all_contracts()
BY_FREQUENCY = {c.reporting.frequency: c for c in reversed(CONTRACTS)}
MONTHLY, QUARTERLY, YEARLY = (BY_FREQUENCY[f] for f in ("month", "quarter", "year"))


def head(
    *texts: str, contract: Contract = MONTHLY, sheet: str = "Biểu", identity: Identity | None = None
) -> Head:
    lines = title_lines((row, 1, text) for row, text in enumerate(texts, start=1))
    return read_head(sheet, contract, lines, identity)


def rules(found: Head) -> list[str]:
    return [remark.rule for remark in found.remarks]


# --- the unit of measure --------------------------------------------------------------------------


def money_names() -> dict[str, str]:
    """Every name of a unit of money as the seed has it, and its code."""
    with (reference.SEEDS / "unit_of_measure.csv").open(encoding="utf-8", newline="") as file:
        return {
            name: row["unit_code"]
            for row in csv.DictReader(file)
            if row["base_unit_code"] in ("vnd", "usd")
            for name in (row["name_vi"], *filter(None, row["aliases_vi"].split("|")))
        }


NAMES = money_names()
KEYS = {plain(name): code for name, code in NAMES.items()}


def of_money(base: str) -> Contract:
    """A form with columns of this money and no other."""
    units = reference.units()
    return next(
        contract
        for contract in CONTRACTS
        if base in {units[c.unit].base_code for t in contract.tables for c in t.columns if c.unit}
    )


FORMS = {base: of_money(base) for base in ("vnd", "usd")}


def form_of(code: str) -> Contract:
    return FORMS[reference.units()[code].base_code]


@pytest.mark.parametrize(
    "line",
    ["Đơn vị tính: {}", "ĐVT: {}", "(Đơn vị tính: {})", "ĐƠN VỊ TÍNH: {}.", "Đơn vị: {}",
     "Đơn vị tính {}", "Đvt :{}", "Biểu 01 - Đơn vị tính: {}", "Đơn vị tính: {}, %",
     "Đơn vị tính: %; {}"],
)  # fmt: skip
def test_every_name_of_every_money_is_read_as_its_unit(line: str) -> None:
    for name, code in NAMES.items():
        if "," in name and ("%" in line):
            continue  # `1,000 đồng, %` is no list that anybody can take apart: it is held
        for typed in (name, name.upper(), unicodedata.normalize("NFD", name)):
            found = head(line.format(typed), contract=form_of(code))
            assert found.measure == code, (line, typed)
            assert not {r for r in rules(found) if r.startswith("unit_line")}, (line, typed)


@given(
    st.sampled_from(sorted(NAMES)),
    st.integers(0, 12),
    st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạéếíóốôồộúụýỷ"),
    st.sampled_from(["replaced", "put in", "left out"]),
)
def test_no_other_word_is_read_as_a_unit_of_money(
    name: str, place: int, letter: str, how: str
) -> None:
    place = min(place, len(name) - 1)
    rest = name[place:] if how == "put in" else name[place + 1 :]
    typed = name[:place] + ("" if how == "left out" else letter) + rest
    found = head(f"Đơn vị tính: {typed}", contract=form_of(NAMES[name]))
    wanted = KEYS.get(plain(typed).strip(" .;,:-()"))
    if wanted is None or form_of(wanted) is form_of(NAMES[name]):
        assert found.measure == wanted, typed


@pytest.mark.parametrize("typed", ["trieu dong", "ty dong", "triệu đông", "tỳ đồng", "tr", "tỷ"])
def test_accents_are_not_guessed(typed: str) -> None:
    found = head(f"Đơn vị tính: {typed}", contract=FORMS["vnd"])
    assert (found.measure, [r for r in rules(found) if r.startswith("unit_line")]) == (
        None, ["unit_line_unknown"],
    )  # fmt: skip


def test_unit_that_measures_something_else_is_no_unit_of_the_form() -> None:
    found = head("Đơn vị tính: ha", contract=QUARTERLY)
    assert (found.measure, [r for r in rules(found) if r.startswith("unit_line")]) == (None, [])


def test_two_units_of_one_money_contradict() -> None:
    found = head("Đơn vị tính: triệu đồng", "ĐVT: tỷ đồng", contract=FORMS["vnd"])
    assert found.measure is None
    [remark] = [r for r in found.remarks if r.rule == "unit_line_contradiction"]
    assert (remark.row_no, dict(remark.detail)) == (2, {"value": "“triệu đồng” và “tỷ đồng”"})


def test_one_unit_said_twice_is_one() -> None:
    found = head("Đơn vị tính: triệu đồng", "ĐVT: tr.đồng", contract=FORMS["vnd"])
    assert found.measure == "million_vnd"


def test_name_of_somebody_after_unit_is_no_unit_of_measure() -> None:
    found = head("Đơn vị: Sở Tài chính", contract=FORMS["vnd"])
    assert (found.unit_code, found.measure) == ("STC", None)
    assert not {r for r in rules(found) if r.startswith("unit_")}


# --- who reports ----------------------------------------------------------------------------------

UNITS = reference.reporting_units()
NAMED_ONCE = {
    unit.code: unit.name_vi
    for unit in UNITS.values()
    if sum(plain(u.name_vi) == plain(unit.name_vi) for u in UNITS.values()) == 1
    and unit.level not in ("nation", "province")
}


@pytest.mark.parametrize(
    "line",
    ["Đơn vị báo cáo: {}", "Đơn vị: {}", "Cơ quan báo cáo: {}", "ĐƠN VỊ BÁO CÁO : {}.",
     "Tên đơn vị: {}", "Đơn vị gửi: {}"],
)  # fmt: skip
def test_every_unit_is_known_by_its_name(line: str) -> None:
    assert len(NAMED_ONCE) > 70
    for code, name in NAMED_ONCE.items():
        for typed in (name, name.upper(), unicodedata.normalize("NFD", name)):
            assert head(line.format(typed)).unit_code == code, typed


def test_every_commune_is_known_behind_its_committee() -> None:
    for code, name in NAMED_ONCE.items():
        if UNITS[code].level == "commune":
            for before in ("UBND ", "Ủy ban nhân dân ", "ỦY BAN NHÂN DÂN ", "HĐND và UBND "):
                assert unit_named(before + name) == code
            assert unit_named(f"{name}, tỉnh Lạng Sơn") == code


def test_every_unit_is_known_in_the_title_block() -> None:
    for code, name in NAMED_ONCE.items():
        block = f"UBND TỈNH LẠNG SƠN\n{name.upper()}"
        assert head(block).unit_code == code
        assert head("UBND TỈNH LẠNG SƠN", name.upper()).unit_code == code


@pytest.mark.parametrize(
    "text", ["Sở", "Xã", "Sở Tài chính và Y tế", "UBND", "", "Lạng Sơn, ngày 5 tháng 1 năm 2026"]
)
def test_what_is_no_name_of_a_unit(text: str) -> None:
    assert unit_named(text) is None


def test_code_in_brackets_says_who_it_is_before_the_name() -> None:
    assert head("Đơn vị báo cáo: Sở X (STC)").unit_code == "STC"


def test_unit_below_a_bare_prefix_is_the_one_of_its_own_sheet() -> None:
    """What a line says is kept; what the line below it says is not part of that."""
    communes = [u for u in reference.reporting_units().values() if u.level == "commune"][:3]
    found = [head("ỦY BAN NHÂN DÂN", unit.name_vi.upper()).unit_code for unit in communes]
    assert found == [unit.code for unit in communes]
    assert head("ỦY BAN NHÂN DÂN", "BẢNG TỔNG HỢP").unit_code is None


def test_receiver_is_not_the_sender() -> None:
    assert head("Kính gửi: Sở Tài chính").unit_code is None
    assert head("Đơn vị nhận: Sở Tài chính").unit_code is None


def test_two_units_of_one_level_contradict() -> None:
    found = head("SỞ Y TẾ", "Đơn vị báo cáo: Sở Tài chính")
    [remark] = [r for r in found.remarks if r.rule == "unit_contradiction_on_sheet"]
    assert (found.unit_code, remark.row_no) == ("STC", 1)
    assert dict(remark.detail) == {"named": "Sở Tài chính", "sender": "Sở Y tế"}


def test_unit_above_the_unit_does_not_contradict() -> None:
    assert "unit_contradiction_on_sheet" not in rules(
        head("UBND TỈNH LẠNG SƠN", "Đơn vị báo cáo: Sở Tài chính")
    )


def test_unit_that_nobody_knows_is_said_and_not_guessed() -> None:
    found = head("Đơn vị báo cáo: Sở Kế hoạch")
    [remark] = [r for r in found.remarks if r.rule == "unit_name_unknown"]
    assert (found.unit_code, dict(remark.detail)) == (None, {"value": "Sở Kế hoạch"})


@pytest.mark.parametrize(("text", "is_one"), [("Sở Y tế", True), ("UBND xã", True),
                                              ("triệu đồng", False), ("xã hội", True)])  # fmt: skip
def test_organisation(text: str, is_one: bool) -> None:
    assert is_organisation(text) is is_one


# --- the period -----------------------------------------------------------------------------------

years = st.integers(2017, 2059)
MONTHS = (
    "Kỳ báo cáo: tháng {m}/{y}", "Kỳ báo cáo: Tháng {m:02d} năm {y}", "KỲ BÁO CÁO: T{m}/{y}",
    "Kỳ số liệu: {y}-{m:02d}", "THÁNG {m} NĂM {y}", "(Tháng {m:02d}/{y})", "Tháng {m} - {y}",
    "BÁO CÁO THU NGÂN SÁCH THÁNG {m} NĂM {y}", "Tình hình tháng {m}/{y} so với tháng 1 năm 2016",
    "Tháng {m} năm {y} (kèm theo Công văn số 12/STC-NS ngày 3/7/2016)",
)  # fmt: skip
QUARTERS = (
    "Kỳ báo cáo: Quý {r}/{y}", "Kỳ báo cáo: quý {q} năm {y}", "QUÝ {r} NĂM {y}", "Quí {r}/{y}",
    "Kỳ báo cáo: {y}-Q{q}", "THU NGÂN SÁCH QUÝ {r} NĂM {y}", "Quý {q} - {y}",
)  # fmt: skip


@given(st.integers(1, 12), years, st.sampled_from(MONTHS))
def test_month_above_a_monthly_form_is_read_back(month: int, year: int, text: str) -> None:
    found = head(text.format(m=month, y=year), contract=MONTHLY)
    assert (found.period_key, rules(found)) == (f"{year}-{month:02d}", [])


@given(st.integers(1, 4), years, st.sampled_from(QUARTERS))
def test_quarter_above_a_quarterly_form_is_read_back(quarter: int, year: int, text: str) -> None:
    roman = ["I", "II", "III", "IV"][quarter - 1]
    found = head(text.format(q=quarter, r=roman, y=year), contract=QUARTERLY)
    assert (found.period_key, rules(found)) == (f"{year}-Q{quarter}", [])


@given(years, st.sampled_from(["Kỳ báo cáo: năm {}", "NĂM {}", "Kỳ báo cáo: {}", "Năm báo cáo {}"]))
def test_year_above_a_yearly_form_is_read_back(year: int, text: str) -> None:
    found = head(text.format(year), contract=YEARLY)
    assert (found.period_key, rules(found)) == (f"{year}", [])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("6 tháng đầu năm 2026", "2026-Q2"), ("Kỳ báo cáo: 6 tháng năm 2026", "2026-Q2"),
        ("SÁU THÁNG ĐẦU NĂM 2026", "2026-Q2"), ("9 tháng năm 2026", "2026-Q3"),
        ("3 tháng đầu năm 2026", "2026-Q1"), ("Kỳ báo cáo: năm 2026", "2026-Q4"),
        ("Kỳ báo cáo: 9 tháng đầu năm 2026", "2026-Q3"),
    ],
)  # fmt: skip
def test_months_from_january_end_with_a_quarter(text: str, key: str) -> None:
    found = head(text, contract=QUARTERLY)
    assert (found.period_key, rules(found)) == (key, [])


@pytest.mark.parametrize("text", ["6 tháng cuối năm 2026", "Kỳ báo cáo: 6 tháng cuối năm 2026"])
def test_last_six_months_are_not_the_first(text: str) -> None:
    assert head(text, contract=QUARTERLY).period_key != "2026-Q2"


@pytest.mark.parametrize(
    ("sheet", "contract", "key"),
    [("T9", MONTHLY, "2025-09"), ("Tháng 9", MONTHLY, "2025-09"),
     ("T9.2025", MONTHLY, "2025-09"), ("thang 9", MONTHLY, "2025-09"),
     ("Quý II", QUARTERLY, "2025-Q2"), ("Q2", QUARTERLY, "2025-Q2"),
     ("QII-2025", QUARTERLY, "2025-Q2"), ("2025", YEARLY, "2025"), ("Năm 2025", YEARLY, "2025")],
)  # fmt: skip
def test_name_of_the_sheet_says_the_period(sheet: str, contract: Contract, key: str) -> None:
    above = [] if "2025" in sheet else ["Năm 2025"]
    found = head(*above, contract=contract, sheet=sheet)
    assert (found.period_key, rules(found)) == (key, [])


def test_name_of_the_sheet_that_contradicts_is_said() -> None:
    found = head("Tháng 8 năm 2025", sheet="T9")
    [remark] = found.remarks
    assert (remark.rule, found.period_key) == ("period_contradiction", "2025-08")
    assert dict(remark.detail) == {"one": "tháng 8/2025", "other": "tên trang “T9”"}


def test_month_of_the_quarter_as_the_name_of_a_sheet_does_not_contradict() -> None:
    assert rules(head("Quý II/2026", contract=QUARTERLY, sheet="T6")) == []
    assert rules(head("Quý II/2026", contract=QUARTERLY, sheet="T7")) == ["period_contradiction"]


def test_two_months_above_a_table_contradict() -> None:
    found = head("Tháng 8 năm 2025", "Kỳ báo cáo: tháng 9/2025")
    assert rules(found) == ["period_contradiction"]


@pytest.mark.parametrize(
    "text",
    ["Lạng Sơn, ngày 05 tháng 7 năm 2026", "Căn cứ Nghị quyết năm 2020", "Số: 12/2024/TT-BTC",
     "So với cùng kỳ năm 2024", "(Ban hành kèm theo Thông tư năm 2016)",
     "Đến hết tháng 3 năm 2020"],
)  # fmt: skip
def test_other_days_and_years_above_a_table_are_no_period(text: str) -> None:
    found = head("Kỳ báo cáo: tháng 6/2026", text)
    assert (found.period_key, rules(found)) == ("2026-06", [])
    assert head(text).period_key is None


def test_no_period_is_said() -> None:
    assert rules(head("Báo cáo")) == ["period_missing"]
    assert rules(head("Kỳ báo cáo: mùa xuân")) == ["period_unreadable"]
    assert rules(head("Kỳ báo cáo: tháng 13/2026")) == ["period_unreadable"]
    assert rules(head("Kỳ báo cáo: Quý I/2026")) == ["period_of_other_kind"]


def test_identity_says_what_the_sheet_leaves_out_and_no_more() -> None:
    made_for = Identity("Biểu", MONTHLY.form, 1, "STC", "2026-06", False)
    found = head("Báo cáo", identity=made_for)
    assert (found.unit_code, found.period_key, rules(found)) == ("STC", "2026-06", [])
    found = head("Đơn vị báo cáo: Sở Y tế", "Tháng 5/2026", identity=made_for)
    assert (found.unit_code, found.period_key) == ("SYT", "2026-05")
    assert rules(head("Báo cáo", sheet="T7", identity=made_for)) == ["period_contradiction"]


@given(st.text(max_size=60), st.sampled_from([MONTHLY, QUARTERLY, YEARLY]))
def test_any_text_above_a_table_gives_a_period_of_the_form_or_none(
    text: str, contract: Contract
) -> None:
    found = head(text, f"Kỳ báo cáo: {text}", contract=contract)
    if found.period_key is not None:
        assert period_of(found.period_key).kind == contract.reporting.frequency


# --- cut-off and style ----------------------------------------------------------------------------


def test_cut_off_day() -> None:
    assert head("Số liệu đến hết ngày 15/6/2026").cutoff == date(2026, 6, 15)
    assert head("Số liệu đến ngày 31/06/2026").cutoff is None
    assert head("Báo cáo").cutoff is None
    assert day_of("2026", "02", "29") is None


@pytest.mark.parametrize(
    ("texts", "style"),
    [
        (["Cách ghi số: dấu chấm ngăn hàng nghìn, dấu phẩy thập phân"], "vietnamese"),
        (["CÁCH GHI SỐ: DẤU PHẨY NGĂN CÁCH HÀNG NGHÌN, DẤU CHẤM THẬP PHÂN"], "english"),
        (["Dấu chấm phân cách hàng nghìn"], "vietnamese"), (["Cách ghi số"], None),
        (["Dấu chấm ngăn hàng nghìn", "Dấu phẩy ngăn hàng nghìn"], None), ([], None),
    ],
)  # fmt: skip
def test_style_of_numbers_that_the_sheet_says(texts: list[str], style: str | None) -> None:
    assert head(*texts).number_style == style


def test_lines_keep_their_place() -> None:
    assert title_lines([(3, 2, "a")]) == [TitleLine(3, 2, "a")]


def test_second_line_of_a_title_that_begins_like_a_legal_basis_says_a_period_too() -> None:
    title = ("TÌNH HÌNH GIẢI NGÂN", "THEO DỰ ÁN THÁNG 8 NĂM 2025")
    assert rules(head(*title, "Kỳ báo cáo: tháng 9/2025")) == ["period_contradiction"]
    assert rules(head(*title, "Kỳ báo cáo: tháng 8/2025")) == []
    basis = "(Theo Thông tư số 15 tháng 3 năm 2024)"
    assert rules(head("TÌNH HÌNH GIẢI NGÂN", basis, "Kỳ báo cáo: tháng 9/2025")) == []
