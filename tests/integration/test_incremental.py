"""Nights that read only what is new: the same as a build of everything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import defs
from tests.integration.conftest import (
    CORRECTED,
    SAMPLES,
    SECOND_NIGHT,
    Built,
    NextNights,
    change_cell,
)
from tests.shared import Run, run_kho

Nightly = Callable[[Path, Path, str], Run]


def tables_of(built: Built) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every published table, history and `known_from` too."""
    names = built.query("select table_name from duckdb_tables() where schema_name = 'main'")
    return {str(name): built.query(f"select * from {name} order by all") for (name,) in names}


def events(home: Path, name: str) -> list[dict[str, object]]:
    lines = (home / "logs/kho.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == name]


def test_what_a_killed_night_read_and_validated_the_next_one_does_not_again(
    built: Built, next_nights: NextNights
) -> None:
    """Seven files came, of which the killed night had read and validated all."""
    first, killed, last = events(next_nights.completed.home, "pulled")
    assert first["hashed"] == first["files"]
    assert killed["hashed"] == killed["files"], "a copied inbox is another one"
    runs = events(next_nights.completed.home, "validated")
    assert runs[0]["run"] == runs[0]["forms"]
    assert 0 < int(str(runs[1]["run"])) < int(str(runs[1]["forms"]))
    assert runs[2]["run"] == 0
    assert last["new"] == 0


@pytest.mark.slow
def test_a_night_hashes_reads_and_validates_only_what_came(copied: Built, tmp_path: Path) -> None:
    """One corrected file came beside the samples, which did not move: the first steps of a run."""
    (tmp_path / "came" / "HQ6").mkdir(parents=True)
    came = tmp_path / "came" / "HQ6" / "dinh-chinh.xlsx"
    shutil.copy(SAMPLES / CORRECTED, came)
    change_cell(came, "LS-06", "L17", "89")
    listed = tmp_path / "sources.yml"
    address = json.dumps(str(tmp_path / "came"))
    listed.write_text(f"sources:\n  - name: more\n    address: {address}\n", encoding="utf-8")
    build = {
        "home": str(copied.home), "inbox": str(SAMPLES), "sources": str(listed),
        "as_of": SECOND_NIGHT,
    }  # fmt: skip
    steps = [
        "archived_files", "read_submissions_of_files", "acts_of_people", "raw_cells",
        "form_validations",
    ]  # fmt: skip
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            run_config={
                "resources": {"build": {"config": build}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            asset_selection=[dg.AssetKey(step) for step in steps],
        )

    def said(step: str, name: str) -> object:
        [made] = result.asset_materializations_for_node(step)
        return made.metadata[name].value

    received = (copied.home / "ledger/receipts.jsonl").read_text("utf-8").count("\n")
    assert said("archived_files", "files_in_inbox") == received
    assert said("archived_files", "files_hashed") == 1
    assert said("archived_files", "new_files") == 1
    assert said("archived_files", "bytes_hashed") == came.stat().st_size
    assert said("read_submissions_of_files", "files") == received
    assert said("read_submissions_of_files", "files_opened") == 1
    assert said("form_validations", "forms_run") == 1
    assert said("form_validations", "which_forms_run") == "ls06_xuat_nhap_khau.v1"
    assert int(str(said("form_validations", "forms"))) > 1


def test_what_says_the_same_keeps_its_file(built: Built, next_nights: NextNights) -> None:
    before, after = built.home / "current", next_nights.completed.home / "current"
    changed = [
        path.name
        for path in sorted((after / "excel").glob("*.xlsx"))
        if path.read_bytes() != (before / "excel" / path.name).read_bytes()
    ]
    assert "mart_trade_by_gate.xlsx" in changed  # a figure of trade was corrected
    assert "mart_budget_obligation.xlsx" not in changed
    letters = {path.name: path for path in (after / "reports/letters").glob("*.pdf")}
    same = [n for n, p in letters.items() if (before / "reports/letters" / n).exists()
            and p.read_bytes() == (before / "reports/letters" / n).read_bytes()]  # fmt: skip
    assert same


@pytest.mark.slow
def test_a_full_build_gives_row_by_row_what_the_incremental_one_gave(
    copied: Built, inbox: Path, nightly: Nightly, tmp_path: Path
) -> None:
    change_cell(inbox / CORRECTED, "LS-06", "L17", "89")
    other = tmp_path / "full"
    shutil.copytree(copied.home, other, symlinks=True)
    run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 0, run.stderr
    full = run_kho("nightly", "--full", "--home", other, "--inbox", inbox, "--as-of", SECOND_NIGHT)
    assert full.returncode == 0, full.stderr
    forms = [event["run"] for event in events(other, "validated")]
    assert forms[-1] == forms[0], "everything was validated anew"
    # a figure of trade came: budget and capital stand as they were made
    made, kept = (events(place, "dbt")[-1] for place in (other, copied.home))
    assert made["kept"] == made["left_out"] == 0
    assert int(str(kept["left_out"])) > 0
    assert int(str(kept["kept"])) > int(str(kept["made"])) > 0
    assert made["made"] == int(str(kept["made"])) + int(str(kept["kept"]))
    incremental, anew = tables_of(copied), tables_of(Built(other, ""))
    assert set(incremental) == set(anew)
    for table, rows in anew.items():
        assert incremental[table] == rows, table


def test_a_source_that_is_down_is_named_on_a_quiet_night_and_by_status(
    copied: Built, inbox: Path, nightly: Nightly
) -> None:
    (copied.home / "sources.yml").write_text(
        "retry: {tries: 2, pause_seconds: 0}\n"
        "sources:\n"
        "  - {name: sftp-syt, unit: SYT, address: 'sftp://127.0.0.1:9/out',\n"
        "     host_key: ssh-ed25519 AAAA}\n",
        encoding="utf-8",
    )
    run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 0, run.stderr
    assert "Không có gì thay đổi" in run.stdout
    sentence = "nguồn sftp-syt (đơn vị SYT): không kết nối được (đã thử 2 lần)"
    assert sentence in run.stderr
    assert sentence in run_kho("status", "--home", copied.home).stdout


def test_a_wrong_list_of_sources_is_a_sentence(copied: Built, tmp_path: Path) -> None:
    (tmp_path / "nguon.yml").write_text("sources:\n  - {name: A}\n", encoding="utf-8")
    run = run_kho("nightly", "--home", copied.home, "--sources", tmp_path / "nguon.yml")
    assert run.returncode == 2
    assert "Danh sách nguồn tệp chưa dùng được: nguon.yml:2: sources.0.name" in run.stderr
