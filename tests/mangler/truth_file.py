"""What is true of a workbook, beside it as JSON: for a person who looks into a failure, and for
fixtures whose format no library here can write."""

from __future__ import annotations

import json
import random
from datetime import date
from decimal import Decimal
from typing import Any

from tests.mangler.case import Case
from tests.mangler.paper import Book
from tests.mangler.truth import Key, TrueCell, Truth, forms


def to_json(case: Case) -> str:
    content = {
        "number": case.seed,
        "habits": case.habits,
        "verdict": case.verdict,
        "reasons": case.reasons,
        "causes": sorted(case.causes),
        "owed": sorted(case.owed),
        "sender": case.sender,
        "submissions": [
            {
                "form": truth.contract.form,
                "unit": truth.unit_code,
                "period": truth.period_key,
                "rows": {str(number): rows for number, rows in truth.rows.items()},
                "cells": [[*key, _said(cell)] for key, cell in truth.cells.items()],
            }
            for truth in case.truths
        ],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    # a cell on one line
    return text.replace("[\n     ", "[").replace(",\n     ", ", ").replace("\n    ]", "]")


def _said(cell: TrueCell) -> dict[str, str]:
    return {name: str(value) for name, value in vars(cell).items() if value is not None}


def from_json(text: str) -> Case:
    content = json.loads(text)
    number = int(content["number"])
    case = Case(
        number,
        random.Random(number),
        content["sender"],
        [_truth(entry) for entry in content["submissions"]],
        Book([]),
        with_history=False,
    )
    case.habits = content["habits"]
    case.verdict = content["verdict"]
    case.reasons = content["reasons"]
    case.causes, case.owed = set(content["causes"]), set(content["owed"])
    return case


def _truth(entry: dict[str, Any]) -> Truth:
    contract = next(contract for contract in forms() if contract.form == entry["form"])
    cells: dict[Key, TrueCell] = {}
    for table, row, field, said in entry["cells"]:
        number, day = said.pop("number", None), said.pop("day", None)
        cells[int(table), row, field] = TrueCell(
            number=Decimal(number) if number is not None else None,
            day=date.fromisoformat(day) if day is not None else None,
            **said,
        )
    rows = {int(number): rows for number, rows in entry["rows"].items()}
    return Truth(contract, entry["unit"], entry["period"], cells, rows)
