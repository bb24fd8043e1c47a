"""Work that begins before its step: done once, in another process, and never lost."""

from __future__ import annotations

import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import pytest

from orchestration.in_advance import in_advance


def written(path: Path) -> int:
    """Leave a line and say which process this is."""
    with path.open("a", encoding="utf-8") as file:
        file.write("x\n")
    return os.getpid()


def sleeping(path: Path) -> None:
    path.write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(60)


def killed_run(path: Path) -> None:
    with in_advance(1) as works:
        works.begin("a", partial(sleeping, path))
        while not path.exists() or not path.read_text():
            time.sleep(0.02)
        os.kill(os.getpid(), 9)


def refuse(why: str) -> None:
    raise OSError(28, why)


def killed_where_it_is_not(pid: int) -> int:
    if os.getpid() != pid:
        os.kill(os.getpid(), 9)
    return os.getpid()


def test_what_was_begun_is_done_once_beside(tmp_path: Path) -> None:
    work = partial(written, tmp_path / "lines")
    with in_advance(2) as works:
        works.begin("a", work)
        works.begin("a", work)
        assert works.finish("a", lambda: work) != os.getpid()
        assert (tmp_path / "lines").read_text() == "x\n"
        # a second try, or the step alone
        assert works.finish("a", lambda: work) == os.getpid()


@pytest.mark.parametrize("is_begun", [True, False])
def test_what_a_step_has_had_is_not_begun_again(tmp_path: Path, is_begun: bool) -> None:
    work = partial(written, tmp_path / "lines")
    with in_advance(1) as works:
        if is_begun:
            works.begin("a", work)
        works.finish("a", lambda: work)
        works.begin("a", work, to_the_end=True)
    assert (tmp_path / "lines").read_text() == "x\n"


def test_what_the_work_raised_is_raised_where_its_step_is_reached() -> None:
    with in_advance(1) as works:
        works.begin("a", partial(refuse, "full"))
        with pytest.raises(OSError, match="full") as raised:
            works.finish("a", lambda: partial(refuse, "not asked for"))
    assert raised.value.errno == 28


def test_a_work_whose_process_was_killed_is_done_here() -> None:
    work = partial(killed_where_it_is_not, os.getpid())
    with in_advance(1) as works:
        works.begin("a", work)
        assert works.finish("a", lambda: work) == os.getpid()
        works.begin("b", partial(abs, -3))
        assert works.finish("b", lambda: partial(abs, -4)) == 3


def test_what_nobody_asked_for_is_stopped_with_the_run(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with in_advance(1) as works:
        works.begin("a", partial(sleeping, pid))
        works.begin("b", partial(written, tmp_path / "never"))
        while not pid.exists() or not pid.read_text():
            time.sleep(0.02)
    assert not Path(f"/proc/{pid.read_text()}").exists()
    assert not (tmp_path / "never").exists()


def test_what_is_to_be_done_in_any_case_is_waited_for(tmp_path: Path) -> None:
    with in_advance(1) as works:
        works.begin("a", partial(refuse, "full"), to_the_end=True)
        works.begin("b", partial(written, tmp_path / "lines"), to_the_end=True)
    assert (tmp_path / "lines").read_text() == "x\n"


def test_each_work_has_a_process_of_its_own(tmp_path: Path) -> None:
    with in_advance(1) as works:
        for name in "abc":
            works.begin(name, partial(written, tmp_path / "lines"))
        pids = {works.finish(name, lambda: partial(abs, 0)) for name in "abc"}
    assert len(pids) == 3 and os.getpid() not in pids


def test_a_run_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    run = multiprocessing.get_context("spawn").Process(target=killed_run, args=[tmp_path / "pid"])
    run.start()
    run.join()
    beside = int((tmp_path / "pid").read_text())
    for _ in range(500):
        if not Path(f"/proc/{beside}").exists():
            return
        time.sleep(0.02)
    pytest.fail("it is still there")
