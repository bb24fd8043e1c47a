"""What LibreOffice makes of the templates: opened, saved and printed, nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from filled_templates import PERIODIC, filled, numbers, read, write

from expectations.validate import validate_form
from ingest.contract import Contract

pytestmark = pytest.mark.libreoffice
EVERY_FORM = pytest.mark.parametrize("contract", PERIODIC, ids=lambda c: c.form)


def convert(folder: Path, target: str, paths: list[Path]) -> None:
    """Convert many files in one run of LibreOffice, with a profile of its own."""
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--convert-to", target, "--outdir", str(folder / target), *map(str, paths),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Every filled template, as written and as saved again by LibreOffice."""
    folder = tmp_path_factory.mktemp("libreoffice")
    written = {c.form: write(folder / "written", filled(c))[0] for c in PERIODIC}
    convert(folder, "xlsx", list(written.values()))
    return {form: (path, folder / "xlsx" / path.name) for form, path in written.items()}


@EVERY_FORM
def test_saved_template_has_every_value_and_no_finding(
    contract: Contract, saved: dict[str, tuple[Path, Path]]
) -> None:
    before, after = (read(path) for path in saved[contract.form])
    assert numbers(after) == numbers(before)
    assert after.is_simulated, "the hidden identity was lost"
    assert after.remarks == before.remarks
    findings = validate_form(contract, [(1, after)]).findings
    assert [finding.message for finding in findings] == []


def test_printed_pages_are_a4_and_few(tmp_path: Path) -> None:
    few = [c for c in PERIODIC if len(c.tables[0].columns) <= 10][:6]
    paths = [write(tmp_path / "written", filled(c))[0] for c in few]
    convert(tmp_path, "pdf", paths)
    for path in paths:
        content = (tmp_path / "pdf" / f"{path.stem}.pdf").read_bytes()
        assert content.startswith(b"%PDF")
        assert 2 <= content.count(b"/Type/Page/") + content.count(b"/Type/Page>") <= 9
