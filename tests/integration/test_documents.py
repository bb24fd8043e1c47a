"""What the documents say is what happens: every query runs, every command and file exists."""

from __future__ import annotations

import re

import pytest

from docs.identities import identities_page
from tests.integration.conftest import PROJECT, Built
from tests.shared import run_kho

COOKBOOK = (PROJECT / "docs/sql-cookbook.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", COOKBOOK, flags=re.DOTALL)
# what a clean home has no rows of: held submissions, changes after the first night, closed
# versions, acts of people, and what yearly reports of communes would say
MAY_BE_EMPTY = (
    "status = 'held'", "known_to is not null", "change <> 'added'", "broken'", "old_unit_key",
    "dq_act", "corrected_text", "mart_milestone",
)  # fmt: skip


def test_the_cookbook_has_queries() -> None:
    assert len(QUERIES) >= 50


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_query_of_the_cookbook_runs_and_answers(
    built: Built, clean: Built, query: str
) -> None:
    # the samples hold years of the whole province, the simulated one months of its units
    rows = [*built.query(query), *clean.query(query)]
    assert rows or any(words in query for words in MAY_BE_EMPTY), query


@pytest.mark.parametrize(
    "name",
    [
        "README.md", "CONTRIBUTING.md", "docs/operations.md", "docs/huong-dan-can-bo.md",
        "docs/coverage.md", "docs/data-dictionary.md", "docs/identities.md",
    ],
)  # fmt: skip
def test_links_between_documents_lead_somewhere(name: str) -> None:
    page = PROJECT / name
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{name}: {target}"


def test_every_command_of_the_readme_exists() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"`kho (\w+)", readme))
    assert {"nightly", "check", "forms", "report", "trace", "sql", "console"} <= commands
    shown = run_kho("--help").stdout
    for command in commands:
        assert re.search(rf"^\s+{command}\b", shown, flags=re.MULTILINE), command


def test_the_page_of_identities_says_what_the_build_says(built: Built) -> None:
    """Made by `python -m docs.generate --home` on a home that was built on the samples."""
    page = (PROJECT / "docs/identities.md").read_text(encoding="utf-8")
    assert identities_page(built.home) == page
    broken = built.query("select identity_code from identity_result where outcome = 'broken'")
    assert re.findall(r"^### `(.+)`$", page, re.M) == sorted(str(code) for (code,) in broken)


def test_the_readme_reports_how_many_identities_hold(built: Built) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    counts = dict(built.query("select outcome, count(*) from identity_result group by 1"))
    said = f"Of the {sum(map(int, counts.values()))},\n{counts['holds']} hold"  # type: ignore[call-overload]
    assert said in readme
    assert f"and {counts['broken']} cannot" in readme
