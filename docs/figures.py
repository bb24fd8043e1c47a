"""Where each published figure went: from the lists beside the samples, `samples/figures/`."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from docs.markdown import MADE, code, page, table
from expectations.rule_files import all_rules
from ingest import reference
from ingest.contract import all_contracts

FIGURES = Path(__file__).resolve().parent.parent / "samples" / "figures"


def figures(name: str) -> list[dict[str, str]]:
    with (FIGURES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parameter_value(row: dict[str, str]) -> str:
    value = " to ".join(filter(None, (row["value_low"], row["value_high"])))
    stated = f"{row['comparator']} {value}".strip() if value else ""
    if stated and row["unit_code"] != "date":
        stated += f" {row['unit_code']}"
    return ", ".join(filter(None, (stated, f"by {row['due_date']}" if row["due_date"] else "")))


def figures_coverage() -> str:
    """Where each of the published figures went; every one of them is in one of three places.

    Raises ValueError where one is in none, or in two.
    """
    published = figures("published_figures")
    assigned = figures("assignment")
    others = figures("not_measurements")
    parameters = reference.read_seed("rule_parameter")
    places = {
        "a workbook in `samples/inbox/`": {row["fact_id"] for row in assigned},
        "a parameter of a rule (`dbt_project/seeds/rule_parameter.csv`)": {
            row["parameter_code"] for row in parameters
        },
        "no measurement (`samples/figures/not_measurements.csv`)": {
            row["fact_id"] for row in others
        },
    }
    counted = Counter(fact_id for place in places.values() for fact_id in place)
    wrong = {row["fact_id"] for row in published} ^ set(counted)
    wrong |= {fact_id for fact_id, times in counted.items() if times > 1}
    if wrong:
        raise ValueError(f"figures in no place, or in several: {', '.join(sorted(wrong))}")

    documents = {
        row["source_file"]: row["document_code"]
        for row in reference.read_seed("document")
        if row["source_file"]
    }
    document_of = {row["fact_id"]: documents[row["document"]] for row in published}
    codes = list(documents.values())
    contracts = {contract.form: contract for contract in all_contracts()}
    cells = Counter(row["form"] for row in assigned)
    senders = {form: {r["sender"] for r in assigned if r["form"] == form} for form in cells}
    times = Counter(row["fact_id"] for row in assigned)
    split = sorted(fact_id for fact_id, count in times.items() if count > 1)
    lines = [
        "# Where the published figures went",
        "",
        MADE,
        "",
        f"The four official documents hold {len(published)} figures"
        " (`samples/figures/published_figures.csv`). Each is in exactly one of three places:",
        "",
        *table(
            ("Place", *codes, "All"),
            (
                (
                    place,
                    *(str(sum(document_of[i] == code for i in ids)) for code in codes),
                    str(len(ids)),
                )
                for place, ids in places.items()
            ),
        ),
        "## In a workbook, by form",
        "",
        f"{len(assigned)} cells hold {len(times)} figures: {', '.join(split)} state two"
        " quantities each and stand in two cells."
        if split
        else f"{len(assigned)} cells hold {len(times)} figures.",
        "",
        *table(
            ("Form", "Title", "Senders", "Cells"),
            (
                (
                    contracts[form].code_on_paper,
                    contracts[form].title,
                    ", ".join(sorted(senders[form])),
                    str(cells[form]),
                )
                for form in sorted(cells)
            ),
        ),
        "## Parameters of rules",
        "",
        "Thresholds, floors and deadlines: they say what must be, not what is. Rules are judged by",
        "them ([rules.md](rules.md)), and a build is made anew once one of their dates has passed.",
        "",
        *table(
            ("Figure", "Parameter", "Unit", "Says", "Document", "Quote", "Rules"),
            (
                (
                    row["parameter_code"],
                    code(row["rule_code"]),
                    row["scope_unit_code"],
                    _parameter_value(row),
                    row["document_code"],
                    row["quote"],
                    ", ".join(
                        code(rule.id)
                        for rule in all_rules()
                        for parameter in rule.parameters
                        if parameter.published == row["rule_code"]
                    ),
                )
                for row in parameters
            ),
        ),
        "## No measurement",
        "",
        "Numbers and dates that name something (a document, a term of office, the horizon of a",
        "plan), and goals that state no value.",
        "",
        *table(
            ("Figure", "What", "Document", "Reason"),
            (
                (row["fact_id"], row["indicator_vi"], document_of[row["fact_id"]], row["reason"])
                for row in others
            ),
        ),
    ]
    return page(lines)
