"""What a process loads at once is kept apart from what it makes, and is taken down with it."""

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
