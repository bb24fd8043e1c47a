"""What a process loads at once is kept apart from what it makes, and is taken down with it, or not
taken down at all where the process ends at once."""

import subprocess
import sys
from textwrap import dedent

PROGRAM = """
    import gc
    from ingest.loading import loading
    with loading():
        was_enabled = gc.isenabled()
        import dagster, duckdb, orchestration.definitions
    print(was_enabled, gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_a_process_that_loaded_much_ends_without_a_word() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", dedent(PROGRAM)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["False", "True", "True"]
    assert ended.stderr == ""


ENDING = """
    import atexit, sys, threading, time
    from ingest.loading import end_at_once
    class Kept:
        def __del__(self):
            print("taken down")
    kept = Kept()
    atexit.register(lambda: print("done at the end"))
    sys.stdout.write("said, ")
    if "thread" in sys.argv:
        def work():
            time.sleep(0.2)
            print("worked")
        threading.Thread(target=work).start()
    if "closed" in sys.argv:
        sys.stdout.close()
    end_at_once(3)
    sys.exit(4)
"""


def ended(how: str = "") -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", dedent(ENDING), how], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_a_process_that_ends_at_once_does_what_is_to_be_done_at_its_end() -> None:
    assert ended() == (3, "said, done at the end\n")


def test_a_process_with_a_thread_at_work_waits_for_it() -> None:
    assert ended("thread") == (4, "said, worked\ndone at the end\ntaken down\n")


def test_a_process_whose_output_is_closed_ends_as_usual() -> None:
    assert ended("closed")[0] == 4
