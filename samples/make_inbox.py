"""Makes `samples/inbox/` from the published figures: `python -m samples.make_inbox [FOLDER]`.

`figures/published_figures.csv` holds the 763 figures of four official documents, with place and
quote; `figures/assignment.csv` says for each measurement who would send it, on which form, and how
the document prints it (slips and contradictions included: finding those is the warehouse's job).
`figures/not_measurements.csv` lists the others with the reason. Thresholds and deadlines are the
seed `rule_parameter`.

The layout comes from the contracts. Values are text, as printed: a number would lose `7,70`.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from datetime import datetime
from itertools import groupby
from pathlib import Path

import xlsxwriter

from ingest import reference
from ingest.contract import Column, Contract, all_contracts
from ingest.period import period_of

HERE = Path(__file__).resolve().parent
INBOX = HERE / "inbox"
CREATED = datetime(2026, 1, 5)  # noqa: DTZ001 - written into the files, so that they can be remade
PRINTED_COMPARATORS = {">=": "≥", "<=": "≤", "~": "≈", "<~": "gần"}
LABELS = {"line": 44, "citation": 90, "quote": 60, "indicator_name": 48, "note": 40, "locator": 22}

Row = dict[str, str]


def read_figures() -> list[Row]:
    """Every assigned figure: its assignment and what the document says of it (quote, place)."""
    with (HERE / "figures" / "published_figures.csv").open(encoding="utf-8", newline="") as file:
        stated = {row["fact_id"]: row for row in csv.DictReader(file)}
    with (HERE / "figures" / "assignment.csv").open(encoding="utf-8", newline="") as file:
        return [stated[row["fact_id"]] | row for row in csv.DictReader(file)]


def printed_period(key: str) -> str:
    """A period as an officer types it: 2021-2025, Năm học 2024-2025, 06/05/2021-15/10/2023."""
    if not key:
        return ""
    period = period_of(key)
    if period.kind == "school_year":
        return f"Năm học {key[:4]}-{key[5:9]}"
    if len(key) > len("2021..2025"):
        return f"{period.start:%d/%m/%Y}-{period.end:%d/%m/%Y}"
    return key.replace("..", "-")


def printed_cell(column: Column, figure: Row) -> str:
    """What stands in one cell of a record."""
    match column.field:
        case "value":
            return figure["value_printed"]
        case "value_high":
            return figure["value_high_printed"]
        case "unit":
            return figure["unit_printed"]
        case "indicator_name":
            return figure["indicator_vi"]
        case "quote":
            return figure["raw_text"]
        case "note":
            return figure["note_vi"]
        case "comparator":
            return PRINTED_COMPARATORS.get(figure["comparator"], figure["comparator"])
    text = figure.get(column.field, "")
    if column.type == "period":
        return printed_period(text)
    if column.list in ("measure", "kind", "statement", "target_role", "basis", "direction"):
        return reference.vocabulary(column.list)[text]
    return text


def record_rows(contract: Contract, figures: list[Row]) -> list[list[str]]:
    """One row a figure, in the order of the columns."""
    rows = []
    for number, figure in enumerate(figures, start=1):
        ordinal = {"ordinal": str(number)}
        rows.append([printed_cell(c, figure | ordinal) for c in contract.tables[0].columns])
    return rows


def line_rows(contract: Contract, figures: list[Row]) -> list[list[str]]:
    """One row a line: each figure stands in the column of its measure and period."""
    table = contract.tables[0]
    rows = []
    for line in table.lines:
        own = [figure for figure in figures if figure["indicator_code"] == line.indicator_code]
        cells = {"symbol": line.symbol, "line": line.label_vi}
        for figure in own:
            column = _column_of(contract, figure)
            cells[column.field] = figure["value_printed"]
            if column.comparator and figure["comparator"] != "=":
                cells[column.comparator] = PRINTED_COMPARATORS.get(
                    figure["comparator"], figure["comparator"]
                )
        cells["citation"] = "; ".join(
            f"{figure['document_code']}, {figure['locator']}: “{figure['raw_text']}”"
            for figure in own
        )
        rows.append([cells.get(column.field, "") for column in table.columns])
    return rows


def _column_of(contract: Contract, figure: Row) -> Column:
    measure = figure["measure"]
    if contract.fact == "budget" and measure == "level":
        measure = "projected"
    return next(
        column
        for column in contract.tables[0].columns
        if column.role == "value"
        and column.measure == measure
        and column.period == figure["period_key"]
    )


def write_workbook(path: Path, sender: str, period_key: str, forms: dict[str, list[Row]]) -> None:
    """One workbook of one sender: a sheet for every form."""
    contracts = {contract.form: contract for contract in all_contracts()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        book.set_properties({"created": CREATED, "title": path.stem})
        for form, figures in forms.items():
            _write_sheet(book, contracts[form], sender, period_key, figures)


def _write_sheet(
    book: xlsxwriter.Workbook, contract: Contract, sender: str, period_key: str, figures: list[Row]
) -> None:
    table = contract.tables[0]
    unit = reference.reporting_units()[sender]
    last = len(table.columns) - 1
    font = {"font_name": "Times New Roman", "font_size": 11}
    plain = book.add_format(font)
    bold = book.add_format(font | {"bold": True})
    title = book.add_format(font | {"bold": True, "font_size": 14, "align": "center"})
    centred = book.add_format(font | {"italic": True, "align": "center"})
    grid = font | {"border": 1, "text_wrap": True, "valign": "top"}
    header = book.add_format(grid | {"bold": True, "align": "center", "valign": "vcenter"})
    cell = book.add_format(grid)
    figure_cell = book.add_format(grid | {"align": "right"})

    sheet = book.add_worksheet(contract.code_on_paper)
    sheet.write_string(0, 0, "TỈNH LẠNG SƠN", bold)
    sheet.write_string(1, 0, unit.name_vi.upper(), bold)
    sheet.write_string(0, last, f"Biểu số: {contract.code_on_paper}", bold)
    sheet.merge_range(3, 0, 3, last, contract.title.upper(), title)
    sheet.merge_range(4, 0, 4, last, f"Kỳ báo cáo: {printed_period(period_key)}", centred)
    sheet.write_string(5, 0, f"Đơn vị báo cáo: {unit.name_vi} ({sender})", plain)
    sheet.write_string(6, 0, "Cách ghi số: dấu chấm ngăn hàng nghìn, dấu phẩy thập phân", plain)

    top = 8
    depth = max(len(column.header) for column in table.columns)
    _write_header(sheet, table.columns, top, depth, header)
    rows = (
        record_rows(contract, figures)
        if table.rows.kind == "records"
        else line_rows(contract, figures)
    )
    row_no = top + depth
    for col in range(last + 1):
        sheet.write_string(row_no, col, f"({col + 1})", header)
    for values in rows:
        row_no += 1
        for col, (column, text) in enumerate(zip(table.columns, values, strict=True)):
            style = figure_cell if column.is_numeric else cell
            if text:
                sheet.write_string(row_no, col, text, style)
            else:
                sheet.write_blank(row_no, col, None, style)
    sheet.write_string(row_no + 3, 1, "NGƯỜI LẬP BIỂU", bold)
    sheet.write_string(row_no + 3, last - 1, "THỦ TRƯỞNG ĐƠN VỊ", bold)
    for col, column in enumerate(table.columns):
        sheet.set_column(col, col, LABELS.get(column.field, 14))
    sheet.freeze_panes(top + depth + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, top + depth - 1)


def _write_header(
    sheet: xlsxwriter.worksheet.Worksheet,
    columns: tuple[Column, ...],
    top: int,
    depth: int,
    style: xlsxwriter.format.Format,
) -> None:
    """Headers of one level span the block downwards, equal upper levels span their columns."""
    numbered = list(enumerate(columns))
    for upper, group in groupby(numbered, key=lambda item: tuple(item[1].header[:-1])):
        members = list(group)
        first, end = members[0][0], members[-1][0]
        if not upper:
            for col, column in members:
                if depth > 1:
                    sheet.merge_range(top, col, top + depth - 1, col, column.header[0], style)
                else:
                    sheet.write_string(top, col, column.header[0], style)
            continue
        for level, text in enumerate(upper):
            if end > first:
                sheet.merge_range(top + level, first, top + level, end, text, style)
            else:
                sheet.write_string(top + level, first, text, style)
        for col, column in members:
            sheet.write_string(top + depth - 1, col, column.header[-1], style)


def make_inbox(folder: Path) -> list[Path]:
    """Write every workbook below `folder`/<unit code>/ and return their paths, sorted."""
    contracts = {contract.form: contract for contract in all_contracts()}
    books: dict[tuple[str, str, str], dict[str, list[Row]]] = defaultdict(dict)
    for figure in read_figures():
        key = (figure["sender"], contracts[figure["form"]].fact, figure["submission_period_key"])
        books[key].setdefault(figure["form"], []).append(figure)
    paths = []
    for (sender, _, period_key), forms in sorted(books.items()):
        ordered = dict(sorted(forms.items()))
        codes = "_".join(contracts[form].code_on_paper for form in ordered)
        path = folder / sender / f"{codes}_{period_key.replace('..', '-')}.xlsx"
        write_workbook(path, sender, period_key, ordered)
        paths.append(path)
    return sorted(paths)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else INBOX
    paths = make_inbox(folder)
    print(f"{len(paths)} workbooks in {folder}")


if __name__ == "__main__":
    main()
