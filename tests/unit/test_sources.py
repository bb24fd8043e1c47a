"""Sources on a real SFTP server: what goes wrong at one sender costs that sender alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.pull import Pulled, looks_new, pull_sources
from ingest.seen import Seen
from ingest.source_list import SourceListError, read_sources
from ingest.sources import Source
from tests.unit.sftp_server import PASSWORD, USER, SftpServer

LONG_AGO = 1_700_000_000
BIG = bytes(range(256)) * 1024  # 256 KB, eight blocks


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    folder = tmp_path / "server" / "out"
    folder.mkdir(parents=True)
    for name in ("a.xlsx", "b.xlsx", "c.xlsx"):
        (folder / name).write_bytes(BIG + name.encode())
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    with SftpServer(tmp_path / "server") as running:
        yield running


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHO_TEST_USER", USER)
    monkeypatch.setenv("KHO_TEST_PASSWORD", PASSWORD)


def listed(tmp_path: Path, server: SftpServer, **changed: str) -> list[Source]:
    """The server as the unit STC's, and a folder that works as the unit SYT's."""
    (tmp_path / "syt").mkdir(exist_ok=True)
    (tmp_path / "syt" / "y.xlsx").write_bytes(b"Y")
    entry = {
        "address": f"{server.address}out",
        "host_key": server.host_key,
        "password_env": "KHO_TEST_PASSWORD",
    } | changed
    path = tmp_path / "sources.yml"
    path.write_text(
        f"""
retry: {{tries: 3, pause_seconds: 0, longest_seconds: 20, silence_seconds: 5}}
sources:
  - name: sftp-stc
    unit: STC
    address: {entry["address"]}
    user_env: KHO_TEST_USER
    password_env: {entry["password_env"]}
    host_key: {entry["host_key"]}
    pattern: ["*.xlsx", "*.zip"]
  - name: syt
    unit: SYT
    address: {tmp_path}/syt
""",
        encoding="utf-8",
    )
    return read_sources(path)


def pull(tmp_path: Path, sources: list[Source], seen: Seen | None = None) -> Pulled:
    seen = seen or Seen(tmp_path / "seen.json")
    return pull_sources(sources, tmp_path / "archive", seen, pause=lambda _: None)


def said(pulled: Pulled) -> list[tuple[str, str, str, int]]:
    return [(p.source, p.path, p.why, p.tries) for p in pulled.problems]


def names(pulled: Pulled) -> list[str]:
    return [file.path for file in pulled.files]


ALL = ["STC/sftp-stc/a.xlsx", "STC/sftp-stc/b.xlsx", "STC/sftp-stc/c.xlsx", "SYT/syt/y.xlsx"]


def test_files_come_over_sftp_as_their_unit_s(tmp_path: Path, server: SftpServer) -> None:
    (server.folder / "out" / "ghi-chu.txt").write_text("không phải bảng tính")
    pulled = pull(tmp_path, listed(tmp_path, server))
    assert (names(pulled), said(pulled)) == (ALL, [])
    assert [file.sender for file in pulled.files] == ["STC", "STC", "STC", "SYT"]
    archived = {path.read_bytes() for path in (tmp_path / "archive").rglob("*") if path.is_file()}
    assert archived == {BIG + b"a.xlsx", BIG + b"b.xlsx", BIG + b"c.xlsx", b"Y"}


def test_what_did_not_change_on_the_server_is_not_fetched_again(
    tmp_path: Path, server: SftpServer
) -> None:
    seen = Seen(tmp_path / "seen.json")
    sources = listed(tmp_path, server)
    first = pull(tmp_path, sources, seen)
    os.utime(server.folder / "out" / "b.xlsx", (LONG_AGO + 60, LONG_AGO + 60))
    server.does.read.clear()
    last = {file.path: file.sha256 for file in first.files}
    assert looks_new(sources, seen, last) == (True, [])
    assert pull(tmp_path, sources, seen).files == first.files
    assert [Path(path).name for path in server.does.read] == ["b.xlsx"]
    assert looks_new(sources[:1], seen, last) == (False, [])


def test_a_server_that_is_down_costs_itself(tmp_path: Path, server: SftpServer) -> None:
    sources = listed(tmp_path, server)
    server.stop()
    pulled = pull(tmp_path, sources)
    assert names(pulled) == ["SYT/syt/y.xlsx"]
    assert said(pulled) == [("sftp-stc", "", "unreachable", 3)]
    assert pulled.problems[0].says_vi == (
        "nguồn sftp-stc (đơn vị STC): không kết nối được (đã thử 3 lần)"
    )
    known = {"SYT/syt/y.xlsx": pulled.files[0].sha256}
    is_new, problems = looks_new(sources, Seen(tmp_path / "no.json"), known, lambda _: None)
    assert (is_new, [(p.source, p.why, p.tries) for p in problems]) == (
        False,
        [("sftp-stc", "unreachable", 3)],
    )


def test_pauses_grow_and_end(tmp_path: Path, server: SftpServer) -> None:
    [source, _] = listed(tmp_path, server)
    server.stop()
    pauses: list[float] = []
    retries = replace(source.retries, tries=5, pause=3, longest=100)
    pull_sources(
        [replace(source, retries=retries)],
        tmp_path / "archive",
        Seen(tmp_path / "seen.json"),
        pause=pauses.append,
    )
    assert pauses == [3, 6, 12, 24]


def test_a_connection_that_drops_once_is_made_again_and_all_comes(
    tmp_path: Path, server: SftpServer
) -> None:
    server.does.drop, server.does.drops = "b.xlsx", 1
    pulled = pull(tmp_path, listed(tmp_path, server))
    assert (names(pulled), said(pulled)) == (ALL, [])
    assert server.does.connections == 2


def test_a_connection_that_always_drops_leaves_what_came_before(
    tmp_path: Path, server: SftpServer
) -> None:
    server.does.drop = "b.xlsx"
    pulled = pull(tmp_path, listed(tmp_path, server))
    assert names(pulled) == ["STC/sftp-stc/a.xlsx", "SYT/syt/y.xlsx"]
    assert [each[1:] for each in said(pulled)] == [
        ("b.xlsx", "dropped", 3),
        ("c.xlsx", "dropped", 3),
    ]


def test_half_a_file_is_not_taken(tmp_path: Path, server: SftpServer) -> None:
    server.does.half = "b.xlsx"
    pulled = pull(tmp_path, listed(tmp_path, server))
    assert names(pulled) == [ALL[0], ALL[2], ALL[3]]
    assert said(pulled) == [("sftp-stc", "b.xlsx", "half", 3)]
    assert len([p for p in (tmp_path / "archive").rglob("*") if p.is_file()]) == 3


def test_a_file_that_is_written_to_while_it_is_read_is_not_taken(
    tmp_path: Path, server: SftpServer
) -> None:
    times = iter(range(1, 1000))

    def rewrite(path: Path) -> None:
        if path.name == "b.xlsx":
            moment = LONG_AGO + next(times)
            os.utime(path, (moment, moment))

    server.does.rewrite = rewrite
    pulled = pull(tmp_path, listed(tmp_path, server))
    assert said(pulled) == [("sftp-stc", "b.xlsx", "changing", 3)]
    assert "STC/sftp-stc/b.xlsx" not in names(pulled)
    server.does.rewrite = None
    assert names(pull(tmp_path, listed(tmp_path, server))) == ALL


def test_a_slow_server_is_given_up_in_time(tmp_path: Path, server: SftpServer) -> None:
    server.does.slow = "xlsx"
    [stc, syt] = listed(tmp_path, server)
    stc = replace(stc, retries=replace(stc.retries, longest=0.5))
    pulled = pull(tmp_path, [stc, syt])
    assert names(pulled) == ["SYT/syt/y.xlsx"]
    assert {why for _, _, why, _ in said(pulled)} == {"slow"}


def test_a_server_with_another_key_is_refused(tmp_path: Path, server: SftpServer) -> None:
    other = SftpServer(tmp_path)
    pulled = pull(tmp_path, listed(tmp_path, server, host_key=other.host_key))
    assert said(pulled) == [("sftp-stc", "", "host_key", 3)]


def test_secrets_are_never_said(
    tmp_path: Path,
    server: SftpServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sources = listed(tmp_path, server)
    assert PASSWORD not in repr(sources)
    wrong = "sai-mat-khau-nhung-van-bi-mat"
    monkeypatch.setenv("KHO_TEST_PASSWORD", wrong)
    pulled = pull(tmp_path, sources)
    assert said(pulled) == [("sftp-stc", "", "refused", 3)]
    monkeypatch.delenv("KHO_TEST_PASSWORD")
    assert said(pull(tmp_path, sources)) == [("sftp-stc", "", "no_secret", 3)]
    text = caplog.text + repr(pulled) + "".join(p.says_vi for p in pulled.problems)
    assert wrong not in text and PASSWORD not in text


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("address: sftp://kho:x@h/out, host_key: ssh-ed25519 AAAA", "belong into the environment"),
        ("address: sftp://h/out", "host_key"),
        ("address: /tmp, password: x", "Extra inputs"),
        ("address: /tmp, password_env: mat khau", "name of a variable"),
        ("address: /tmp, unit: KHONGCO", "no unit has this code"),
        ("address: sftp://h/out, host_key: hello", "a host key is"),
    ],
)
def test_a_wrong_list_is_said_with_its_line(tmp_path: Path, entry: str, message: str) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(f"sources:\n  - {{name: a, {entry}}}\n", encoding="utf-8")
    with pytest.raises(SourceListError, match=message) as error:
        read_sources(path)
    assert str(error.value).startswith("sources.yml:")


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(
        "sources:\n  - {name: a, address: /x}\n  - {name: a, address: /y}\n", encoding="utf-8"
    )
    with pytest.raises(SourceListError, match="a name stands twice"):
        read_sources(path)
