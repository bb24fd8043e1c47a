"""The workbooks that are read: what a simulated province sends, lists of projects, one huge list.

    python bench/workbooks.py SET --folder DIR [--files N] [--seed S]     prints the paths

Made once and kept under a name that says what they were made from: arguments, contracts, seeds,
simulator, template.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

from ingest import reference
from ingest.contract import Column, Contract, all_contracts
from ingest.simulation.fill import Filler
from ingest.simulation.model import read_model
from ingest.simulation.projects import Projects
from ingest.simulation.world import World
from ingest.simulation.write import Plan, months_from, simulate
from ingest.template import FilledForm, write_workbook

FIRST_MONTH = "2026-01"
COMMUNES = 65
WORKBOOKS_A_YEAR = 1_000  # a little less than a province of that many communes sends
PROJECTS = 170  # rows of 25 columns: 4,250 cells
LIST_ROWS = 300_000
_ROOT = Path(__file__).parents[1]
_MADE_FROM = (
    "ingest/contracts/*.yml", "ingest/simulation/*", "ingest/template*.py",
    "dbt_project/seeds/*.csv", "bench/workbooks.py",
)  # fmt: skip


def province(folder: Path, files: int, seed: int) -> list[Path]:
    """So many workbooks spread evenly over what a province sends in whole years."""
    months = 12 * -(-files // WORKBOOKS_A_YEAR)

    def make(out: Path) -> None:
        plan = Plan(out, COMMUNES, months_from(FIRST_MONTH, months), seed, 0.0)
        for _ in simulate(plan, min(2, os.cpu_count() or 1)):
            pass

    return _spread(_kept(folder / f"province-{months}-{seed}-{_made_from()}", make), files)


def projects(folder: Path, files: int, seed: int) -> list[Path]:
    """Workbooks of one sheet: the widest monthly form of records, with many projects each."""

    def make(out: Path) -> None:
        contract = _widest_form_of_projects()
        senders = [code for code in reference.reporting_units() if contract.accepts(code)]
        model = replace(read_model(), project_counts=dict.fromkeys(senders, PROJECTS))
        world = World(seed, model)
        filler = Filler(world, Projects(world))
        for number in range(files):
            round_, place = divmod(number, len(senders))
            unit, period = senders[place], months_from(FIRST_MONTH, round_ + 1)[-1]
            form = FilledForm(contract, unit, period, filler.values(contract, unit, period))
            write_workbook(out / unit / f"{unit}_{period}.xlsx", [form])

    return _kept(folder / f"projects-{files}-{seed}-{_made_from()}", make)


def huge_list(folder: Path, files: int, seed: int) -> list[Path]:
    """One list of trade, as a customs system exports it."""

    def make(out: Path) -> None:
        contract = list_of_trade()
        unit = next(code for code in reference.reporting_units() if contract.accepts(code))
        path = out / unit / "list.xlsx"
        path.parent.mkdir(parents=True)
        write_list(path, contract, unit, LIST_ROWS)

    return _kept(folder / f"list-{LIST_ROWS}-{_made_from()}", make)


SETS: dict[str, Callable[[Path, int, int], list[Path]]] = {
    "province": province,
    "projects": projects,
    "list": huge_list,
}


def _made_from() -> str:
    digest = hashlib.sha256()
    for pattern in _MADE_FROM:
        for path in sorted(_ROOT.glob(pattern)):
            if path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _kept(folder: Path, make: Callable[[Path], None]) -> list[Path]:
    """What `make` writes into a folder, unless it stands there; half of it never does."""
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)
    return sorted(folder.glob("*/*.xlsx"))


def _spread(paths: list[Path], count: int) -> list[Path]:
    if len(paths) < count:
        raise ValueError(f"{len(paths)} workbooks, not {count}")
    return [paths[number * len(paths) // count] for number in range(count)]


def _records(wanted: Callable[[Contract], bool]) -> list[Contract]:
    return [c for c in all_contracts() if c.tables[0].rows.kind == "records" and wanted(c)]


def _widest_form_of_projects() -> Contract:
    monthly = _records(
        lambda c: c.reporting.frequency == "month" and "project_code" in c.tables[0].rows.key
    )
    return max(monthly, key=lambda contract: len(contract.tables[0].columns))


def list_of_trade() -> Contract:
    """The form of such a list."""
    return _records(lambda contract: contract.fact == "trade")[0]


# --- the huge list --------------------------------------------------------------------------------
# written here: a library would hold every cell, or write texts in place, which real files do not


def write_list(path: Path, contract: Contract, unit: str, rows: int) -> None:
    """A plain sheet: title, period, sender, headers, and from there only rows."""
    texts: dict[str, int] = {}
    columns = contract.tables[0].columns
    name = reference.reporting_units()[unit].name_vi
    head = [
        [contract.title],
        ["Kỳ báo cáo: Giai đoạn 2021-2025"],
        [f"Đơn vị báo cáo: {name} ({unit})"],
        [" / ".join(column.header) for column in columns],
    ]
    words = [_words_of(column.type, column.list) for column in columns]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(_SHEET_BEGIN)
            for number, titles in enumerate(head, start=1):
                part.write(_row(number, [*titles], texts))
            lines = []
            for number in range(1, rows + 1):
                lines.append(_row(len(head) + number, _record(number, columns, words), texts))
                if number % 2_000 == 0 or number == rows:
                    part.write(b"".join(lines))
                    lines.clear()
            part.write(b"</sheetData></worksheet>")
        shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        package.writestr("xl/sharedStrings.xml", f"<sst {_MAIN}>{shared}</sst>")
        for part_name, content in _PARTS.items():
            package.writestr(part_name, content)


def _words_of(kind: str, list_name: str | None) -> list[str]:
    """What may stand in a column of a kind, as an officer writes it."""
    match kind:
        case "code":
            return list(dict.fromkeys(reference.coded_list(list_name or "").values()))[:40]
        case "period":
            return ["2021", "2022", "2023", "2024", "2025"]
        case "unit":
            return [unit.name_vi for unit in reference.units().values()][:10]
        case "comparator":
            return ["="]
    return []


def _record(
    number: int, columns: Sequence[Column], words: list[list[str]]
) -> list[str | float | None]:
    """A figure with two decimals, words that come again and again, one reference of its own; what
    the form does not ask of everybody is left empty."""
    found: list[str | float | None] = []
    has_reference = False
    for place, column in enumerate(columns):
        if place == 0:
            found.append(float(number))
        elif column.is_numeric and column.required:
            found.append((number * 7_919 + place) % 10_000_000 / 100)
        elif words[place] and column.required:
            found.append(words[place][number * (place + 1) // 3 % len(words[place])])
        elif column.role == "label":
            found.append(f"Mặt hàng {number % 500}")
        elif column.role == "dimension" and column.type == "text" and not has_reference:
            found.append(f"Tờ khai {300_000_000 + number}")
            has_reference = True
        else:
            found.append(None)
    return found


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _row(number: int, values: list[str | float | None] | list[str], texts: dict[str, int]) -> bytes:
    return "".join(_cells(number, values, texts)).encode()


def _cells(
    number: int, values: list[str | float | None] | list[str], texts: dict[str, int]
) -> Iterator[str]:
    yield f'<row r="{number}">'
    for place, value in enumerate(values):
        if isinstance(value, str):
            shared = texts.setdefault(value, len(texts))
            yield f'<c r="{_LETTERS[place]}{number}" t="s"><v>{shared}</v></c>'
        elif value is not None:
            yield f'<c r="{_LETTERS[place]}{number}"><v>{value:.15g}</v></c>'
    yield "</row>"


_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_BEGIN = f"<worksheet {_MAIN}><sheetData>".encode()
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/>'
    "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Danh sách" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("set", choices=SETS)
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--files", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    paths = SETS[chosen.set](chosen.folder, chosen.files, chosen.seed)
    print(json.dumps({"paths": [str(path) for path in paths]}))


if __name__ == "__main__":
    main()
