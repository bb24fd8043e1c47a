"""Totals of the simulated province that must hold between forms and between levels, added up from
the cells of the written workbooks: what an officer would see, not what the simulation meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.cell import coordinate_to_tuple

from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.simulation.fill import Filler
from ingest.simulation.model import read_model
from ingest.simulation.world import World
from ingest.template import FilledForm, due_forms, sheet_name, write_workbook

CONTRACTS = [c for c in all_contracts() if c.reporting.frequency != "span"]
FORM = {contract.form: contract for contract in CONTRACTS}
UNITS = reference.reporting_units()
COMMUNES = [code for code, unit in UNITS.items() if unit.level == "commune"]
MONTHS = ("2026-06", "2026-12")
Cell = str | int | float | date | None
Row = dict[str, Cell]


@dataclass(frozen=True)
class Sheet:
    """The rows of one form as the workbook has them: by line, or in order for records."""

    rows: Mapping[str, Row]

    def amount(self, row: str, field: str) -> Decimal:
        value = self.rows[row].get(field)
        return Decimal(str(value)) if isinstance(value, int | float) else Decimal(0)

    def sum(self, field: str, **where: str) -> Decimal:
        return sum(
            (
                self.amount(name, field)
                for name, row in self.rows.items()
                if all(row.get(key) == value for key, value in where.items())
            ),
            Decimal(0),
        )


class Province:
    """Workbooks of all units for two months, read with openpyxl."""

    def __init__(self, folder: Path, seed: int) -> None:
        world = World(seed, read_model())
        self.filler = Filler(world, world.projects)
        self.folder = folder
        self._sheets: dict[tuple[str, str, str], Sheet] = {}

    def sheet(self, form: str, unit: str, month: str) -> Sheet:
        key = (form, unit, month)
        if key not in self._sheets:
            self._sheets[key] = self._written(FORM[form], unit, month)
        return self._sheets[key]

    def _written(self, contract: Contract, unit: str, month: str) -> Sheet:
        [(_, period)] = due_forms([contract], unit, month)
        values = self.filler.values(contract, unit, period)
        path = self.folder / f"{contract.form}_{unit}_{month}.xlsx"
        addresses = write_workbook(path, [FilledForm(contract, unit, period, values, {}, True)])
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        grid = list(book[sheet_name(contract)].iter_rows(values_only=True))
        rows: dict[str, Row] = defaultdict(dict)
        for (_, table, row, field), address in addresses.items():
            name = row if len(contract.tables) == 1 else f"{table}/{row}"
            place, column = coordinate_to_tuple(address)
            rows[name][field] = grid[place - 1][column - 1]
        return Sheet(rows)

    def all_of(self, form: str, month: str) -> Iterator[tuple[str, Sheet]]:
        for unit in UNITS:
            if due_forms([FORM[form]], unit, month):
                yield unit, self.sheet(form, unit, month)

    def sum(self, form: str, month: str, field: str, **where: str) -> Decimal:
        return sum((sheet.sum(field, **where) for _, sheet in self.all_of(form, month)), Decimal(0))


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    return Province(tmp_path_factory.mktemp("totals"), seed=5)


# --- capital --------------------------------------------------------------------------------------

SOURCES = [
    line
    for line in reference.lines("investment_line.capital")
    if not any(x.parent == line.code for x in reference.lines("investment_line.capital"))
]
LABELS = reference.vocabulary("capital_source")


def test_projects_make_the_disbursement_by_source(province: Province) -> None:
    month = "2026-12"
    by_source = province.sheet("giai_ngan_nguon_von", "STC", month)
    carried_over = {
        field: Decimal(0) for field in ("plan_year", "disbursed_cumulative", "disbursed")
    }
    for line in SOURCES:
        source = line.dimension("source_code")
        if source == "extended":
            continue
        where = {"source_code": LABELS[source or ""]}
        plan = province.sum("giai_ngan_du_an", month, "plan_year", **where)
        assert plan > 0, line.code
        assert by_source.amount(line.code, "plan_year") == plan
        # on the form by source, what the extended plan paid stands in a line of its own
        paid = province.sum("giai_ngan_du_an", month, "disbursed_cumulative", **where)
        extended = province.sum("giai_ngan_du_an", month, "disbursed_extended", **where)
        assert by_source.amount(line.code, "disbursed_cumulative") == paid - extended
        carried_over["disbursed_cumulative"] += extended
        carried_over["plan_year"] += province.sum(
            "giai_ngan_du_an", month, "plan_extended", **where
        )
    for field in ("plan_year", "disbursed_cumulative"):
        assert by_source.amount("capital.T2", field) == carried_over[field] > 0
    for field in ("disbursed", "volume", "volume_cumulative", "projected"):
        assert by_source.amount("capital.T", field) == province.sum(
            "giai_ngan_du_an", month, field
        ), field


def test_the_budgets_investment_is_what_projects_were_paid(province: Province) -> None:
    month = "2026-12"
    budget = province.sheet("b61_chi_nsdp", "STC", month)

    def of_sources(field: str, *prefixes: str) -> Decimal:
        return sum(
            (
                province.sum("giai_ngan_du_an", month, field, source_code=LABELS[source])
                for line in SOURCES
                if (source := line.dimension("source_code") or "").startswith(prefixes)
            ),
            Decimal(0),
        )

    paid = "disbursed_cumulative"
    assert budget.amount("b61.A.I.1", "outturn_cumulative") == of_sources(paid, "local_") > 0
    assert budget.amount("b61.B.2", "outturn_cumulative") == of_sources(paid, "central_", "oda") > 0
    recurrent = province.sum("chuong_trinh_muc_tieu", month, "recurrent_disbursed")
    assert budget.amount("b61.B.1", "outturn_cumulative") == of_sources(paid, "ntp_") + recurrent
    assert budget.amount("b61.A.I.1", "estimate_assigned") == of_sources("plan_year", "local_")


def test_programmes_are_the_projects_that_they_pay_for(province: Province) -> None:
    checked = 0
    lines = {x.code: x for x in reference.lines("investment_line.programme")}
    for _, sheet in province.all_of("chuong_trinh_muc_tieu", "2026-12"):
        for code in sheet.rows:
            source = lines[code].dimension("source_code") or ""
            paid = province.sum(
                "giai_ngan_du_an", "2026-12", "disbursed_cumulative", source_code=LABELS[source]
            )
            if paid:
                assert sheet.amount(code, "disbursed_cumulative") == paid
                checked += 1
    assert checked == 3


def test_a_communes_investment_is_its_projects_and_the_same_on_three_forms(
    province: Province,
) -> None:
    for unit in COMMUNES[:3]:
        for month in MONTHS:
            paid = province.sheet("giai_ngan_du_an", unit, month).sum("disbursed_cumulative")
            monthly = province.sheet("xa_chi_nsnn", unit, month)
            assert monthly.amount("xa_chi.A.I.1", "outturn_cumulative") == paid > 0
            invested = monthly.amount("xa_chi.A.I", "outturn_cumulative") * 1000
            recurrent = monthly.amount("xa_chi.A.II", "outturn_cumulative") * 1000
            balance = province.sheet("b113_can_doi_xa", unit, month)
            assert balance.amount("2/b113_chi.C.I", "outturn_cumulative") == invested
            assert balance.amount("2/b113_chi.C.II", "outturn_cumulative") == recurrent
            natures = province.sheet("b115_chi_xa", unit, month)
            assert natures.amount("b115.T", "outturn_cumulative_investment") == invested
            assert natures.amount("b115.T", "outturn_cumulative_recurrent") == recurrent


# --- revenue and trade ----------------------------------------------------------------------------


@pytest.mark.parametrize("month", MONTHS)
def test_land_revenue_is_split_as_it_was_collected(province: Province, month: str) -> None:
    land = province.sheet("ns01_phan_chia_thu_tu_dat", "THUE", month)
    treasury = province.sheet("kbnn_thu_nsnn_chi_tiet", "KBNN", month)
    for of_land, of_treasury in (("land.1", "kbnn.I.11"), ("land.2", "kbnn.I.10")):
        collected = land.amount(of_land, "collected_cumulative") * 1_000_000
        assert treasury.amount(of_treasury, "outturn_cumulative") == collected > 0
        assert treasury.amount(of_treasury, "outturn") == land.amount(of_land, "collected") * 10**6
        for level, share in (("central", "0.15"), ("province", "0.55"), ("commune", "0.3")):
            part = treasury.amount(of_treasury, f"{level}_cumulative")
            assert part == collected * Decimal(share)
            month_part = land.amount(of_land, level)
            assert month_part == land.amount(of_land, "collected") * Decimal(share)
    quarter = province.sheet("b60_thu_nsnn", "STC", month)
    assert quarter.amount("b60.A.I.8.c", "outturn_cumulative") == land.amount(
        "land.1", "collected_cumulative"
    )


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("span", ["month", "cumulative"])
def test_regimes_and_commodities_make_the_trade_through_the_gates(
    province: Province, month: str, span: str
) -> None:
    gates = province.sheet("kim_ngach_cua_khau", "HQ6", month)
    for direction, form in (("export", "xuat_khau_mat_hang"), ("import", "nhap_khau_mat_hang")):
        goods = province.sheet(form, "HQ6", month)
        field = f"{span}_{direction}"
        declared = goods.amount(f"{direction}.T", f"{span}_value")
        assert gates.amount("gate.L.1", field) * 1_000_000 == declared > 0
        regimes = sum(gates.amount(code, field) for code in gates.rows if ".L." in code)
        assert regimes == gates.amount("gate.T", field)


# --- communes -------------------------------------------------------------------------------------


def test_no_commune_has_more_of_a_part_than_of_the_whole(province: Province) -> None:
    sheets = dict(province.all_of("xa_chi_tieu_nam", "2026-12"))
    assert len(sheets) == len(COMMUNES)
    for unit, sheet in sheets.items():
        land = sheet.amount("commune_set.0101a", "value")
        farm = sheet.amount("commune_set.0101b", "value")
        assert 0 < farm < land, unit
        for part in ("0203", "0204", "0205"):
            assert sheet.amount(f"commune_set.{part}", "value") < farm, (unit, part)
        people, households = (
            sheet.amount(f"commune_set.{code}", "value") for code in ("0102", "0103")
        )
        assert 3 < people / households < 5, unit
        poor = province.sheet("ra_soat_ho_ngheo", unit, "2026-12")
        for line in poor.rows:
            assert poor.rows[line]["households"] == households
            assert poor.amount(line, "closing") < households / 4
    lines = {x.code: x.indicator_code for x in reference.lines("indicator_line.poverty")}
    assert set(lines.values()) == {"poor_households", "near_poor_households"}


def test_poor_households_close_where_the_next_year_opens(province: Province) -> None:
    for unit in COMMUNES[:5]:
        now = province.sheet("ra_soat_ho_ngheo", unit, "2026-12")
        then = province.sheet("ra_soat_ho_ngheo", unit, "2027-12")
        for line in now.rows:
            assert now.amount(line, "closing") == then.amount(line, "opening")


def test_a_reserve_opens_with_what_the_quarter_before_left(province: Province) -> None:
    for unit in ("STC", *COMMUNES[:3]):
        for before, after in (("2026-03", "2026-06"), ("2026-09", "2026-12")):
            closed = province.sheet("ns03_du_phong_chuyen_nguon", unit, before)
            opened = province.sheet("ns03_du_phong_chuyen_nguon", unit, after)
            for line in closed.rows:
                assert closed.amount(line, "closing") == opened.amount(line, "opening")
            for arrears in ("reserve.3", "reserve.4"):
                for field in ("opening", "added", "used", "cancelled", "closing"):
                    assert closed.rows[arrears][field] == 0


# --- trade ----------------------------------------------------------------------------------------

GATES = [line for line in reference.lines("trade_line.gate") if line.dimension("gate_code")]


@pytest.mark.parametrize("month", MONTHS)
def test_the_customs_sheet_counts_the_vehicles_and_declarations_of_the_gates(
    province: Province, month: str
) -> None:
    customs = province.sheet("kim_ngach_cua_khau", "HQ6", month)
    gates = province.sheet("phuong_tien_thong_quan", "BQLKKT", month)
    for field in ("month_export", "month_import", "cumulative_export", "cumulative_import"):
        assert customs.amount("gate.X", field) == gates.amount("vehicle.T", field) > 0, field
    assert customs.amount("gate.T", "vehicles") == gates.amount("vehicle.T", "month_total")
    compared = 0
    for line in GATES:
        name = line.code.replace("gate.", "vehicle.", 1)
        if name not in gates.rows:
            continue
        compared += 1
        assert customs.amount(line.code, "vehicles") == gates.amount(name, "month_total") > 0
        declarations = customs.amount(line.code, "declarations")
        assert declarations == gates.amount(name, "declarations")
        assert 0 < declarations < customs.amount(line.code, "vehicles")
    assert compared == 11


def test_nothing_is_counted_where_nothing_is_asked(province: Province) -> None:
    customs = province.sheet("kim_ngach_cua_khau", "HQ6", "2026-06")
    assert customs.amount("gate.D", "month_export") > 0
    for row, fields in (
        ("gate.D", ("month_import", "cumulative_import", "vehicles", "declarations")),
        ("gate.X", ("vehicles", "declarations")),
        ("gate.G.NC", ("vehicles", "declarations")),
    ):
        for field in fields:
            assert not isinstance(customs.rows[row].get(field), int | float), (row, field)


def test_commodities_are_sold_at_their_price(province: Province) -> None:
    prices = read_model().prices
    exports = province.sheet("xuat_khau_mat_hang", "HQ6", "2026-06")
    priced = 0
    for line in reference.lines("trade_line.export"):
        if line.unit_code is None:
            assert not exports.amount(line.code, "month_quantity"), line.code
            continue
        priced += 1
        price = prices[line.dimension("commodity_code") or ""]
        for period in ("month", "cumulative"):
            quantity = exports.amount(line.code, f"{period}_quantity")
            paid = exports.amount(line.code, f"{period}_value") / quantity
            assert abs(paid - Decimal(str(price))) < Decimal("0.02") * Decimal(str(price))
    assert priced > 10


def test_vehicles_wait_for_hours_and_most_cross_in_the_month(province: Province) -> None:
    gates = province.sheet("phuong_tien_thong_quan", "BQLKKT", "2026-06")
    for name in gates.rows:
        if name in ("vehicle.T", "vehicle.G.HN"):
            continue
        assert 1 <= gates.amount(name, "waiting") < gates.amount(name, "month_total") / 20
        assert 2 <= gates.amount(name, "waiting_time") <= 14


def test_dollars_per_head_and_timber_are_of_their_size(province: Province) -> None:
    statistics = province.sheet("chi_tieu_nam", "TKT", "2026-12")
    assert 2500 < statistics.amount("yearly.grdp_per_capita_usd", "projected") < 3500
    agriculture = province.sheet("chi_tieu_nam", "SNNMT", "2026-12")
    assert 200_000 < agriculture.amount("yearly.wood_output", "projected") < 300_000
