"""`python -m tests.mangler.run --count 2000 --seed 1`: makes, reads and scores mangled workbooks.

Prints the table per habit, and the number of every workbook that is not as it must be: `--only N
--keep DIR` makes one again alone, with what is true of it beside it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mangler.case import Case
from tests.mangler.compose import FORMATS, WITHOUT_OFFICE, all_habits, compose
from tests.mangler.convert import convert
from tests.mangler.draft import draft_book
from tests.mangler.package import as_macro_workbook, as_strict, with_external_link
from tests.mangler.reading import Sent, judge, read
from tests.mangler.render import write_book
from tests.mangler.score import Result, score, table, totals
from tests.mangler.truth import true_form
from tests.mangler.truth_file import to_json


def run_cases(cases: Sequence[Case], folder: Path) -> list[Result]:
    """Writes, reads and scores; cases that would be each other's history have different inboxes."""
    paths = write_cases(cases, folder)
    results: dict[int, Result] = {}
    for inbox in _inboxes(cases):
        sent: list[Sent] = []
        for case in inbox:
            for path in _history(case, folder):
                sent.append(Sent(case.sender, path))
            sent.append(Sent(case.sender, paths[case.seed]))
        seen = judge(sent, [read(file.path) for file in sent])
        by_path = {file.path: found for file, found in zip(sent, seen, strict=True)}
        for case in inbox:
            results[case.seed] = score(case, by_path[paths[case.seed]])
    return [results[case.seed] for case in cases]


def write_cases(cases: Sequence[Case], folder: Path) -> dict[int, Path]:
    """The file of every case, by its number."""
    paths: dict[int, Path] = {}
    to_convert: dict[str, list[Path]] = defaultdict(list)
    for case in cases:
        path = folder / f"{case.seed:05d}" / case.sender / f"bao_cao_{case.seed}.xlsx"
        write_book(path, case.book)
        if case.book.external_link:
            path.write_bytes(with_external_link(path.read_bytes()))
        match case.book.format:
            case "xlsm":
                path.write_bytes(as_macro_workbook(path.read_bytes()))
                path = path.rename(path.with_suffix(".xlsm"))
            case "strict":
                path.write_bytes(as_strict(path.read_bytes()))
            case "misnamed":
                path = path.rename(path.with_suffix(".xls"))
            case "xls" | "ods" as other:
                to_convert[other].append(path)
                path = path.with_suffix(f".{other}")
        paths[case.seed] = path
    for format_, files in to_convert.items():
        convert(files, format_)
    return paths


def _history(case: Case, folder: Path) -> list[Path]:
    """The clean workbooks of the periods before, as the same unit sent them."""
    if not case.with_history:
        return []
    found = []
    sent = {(truth.contract.form, truth.period_key) for truth in case.truths}
    for truth in case.truths:
        form, previous = truth.contract.form, truth.previous_key
        if previous is None or (form, previous) in sent:
            continue
        path = folder / "history" / case.sender / f"{form}_{previous}.xlsx"
        if not path.exists():
            write_book(path, draft_book([true_form(form, truth.unit_code, previous)]))
        found.append(path)
    return found


def _inboxes(cases: Sequence[Case]) -> list[list[Case]]:
    """No unit's form of one year twice in an inbox: rules look at all periods of a year."""
    inboxes: list[tuple[list[Case], set[tuple[str, str, str]]]] = []
    for case in cases:
        keys = {
            (case.sender, truth.contract.form, period[:4])
            for truth in case.truths
            for period in (truth.period_key, truth.previous_key or truth.period_key)
            if truth.contract.reporting.frequency != "span"  # no rule looks at another span
        }
        for members, taken in inboxes:
            if not taken & keys:
                members.append(case)
                taken |= keys
                break
        else:
            inboxes.append(([case], set(keys)))
    return [members for members, _ in inboxes]


def report(results: Sequence[Result], shown: int) -> str:
    lines = [table(results), ""]
    bad = [result for result in results if not result.is_as_it_must_be]
    for result in bad[:shown]:
        case = result.case
        lines.append(
            f"{case.seed} {case.truths[0].contract.form} {case.verdict}: {result.outcome}"
            f" [{', '.join([case.book.format, *case.habits])}]"
        )
        lines += [f"    {detail[:300]}" for detail in result.details[:3]]
    sums = totals(results)
    lines.append(
        f"{len(results)} workbooks: {sums.count(outcome='wrong')} wrong, "
        f"{sums.count(outcome='guessed')} guessed, {100 * sums.share_read:.1f} % of "
        f"{sums.count('decidable')} decidable ones read completely, {len(bad)} not as they must be"
    )
    return "\n".join(lines)


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one workbook by its number")
    parser.add_argument("--habit", choices=[habit.name for habit in all_habits()])
    parser.add_argument("--formats", default=",".join(WITHOUT_OFFICE), help=", ".join(FORMATS))
    parser.add_argument("--forms", default="", help="only these, by comma")
    parser.add_argument("--clean", action="store_true", help="no habit at all")
    parser.add_argument("--keep", type=Path, help="keep the workbooks here")
    parser.add_argument("--shown", type=int, default=30, help="failures to show")
    given = parser.parse_args(list(arguments) if arguments is not None else None)
    numbers = [given.only] if given.only is not None else range(given.count)
    formats = given.formats.split(",")
    wanted = [form for form in given.forms.split(",") if form]
    cases = [
        compose(given.seed, n, given.habit, formats, clean=given.clean, wanted=wanted)
        for n in numbers
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        results = run_cases(cases, folder)
        if given.keep:
            for case in cases:
                beside = folder / f"{case.seed:05d}" / "truth.json"
                beside.write_text(to_json(case), encoding="utf-8")
    print(report(results, given.shown))  # noqa: T201 - what it is for
    return 0 if all(result.is_as_it_must_be for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
