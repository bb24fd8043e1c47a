"""dbt, loaded once and beside the first steps of a night (`python -m orchestration.warm_dbt`).

To start dbt costs seconds: its imports, and the project with its thousand columns. This process
does both while files are read and checked; each command of the night then runs in a fork of it,
so that a command leaves nothing behind for the next one, and its file is closed when it ends. What
hands a command over is dbt_command.py: whoever calls it sees dbt, with its output and exit code.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from ingest.loading import end_at_once, loading
from orchestration.settings import PROJECT
from warehouse.home import Home

DBT_FOLDER = PROJECT / "dbt_project"
# every event is said to Dagster; to write them all, and what was parsed, to files as well costs a
# fifth of a run
COMMAND = (
    sys.executable, "-I", os.fspath(PROJECT / "orchestration" / "dbt_command.py"),
    "--log-level-file", "none", "--no-write-json",
)  # fmt: skip
_SOCKET, _WORKING_FILE = "KHO_DBT_SOCKET", "KHO_WAREHOUSE"  # dbt_command.py, profiles.yml

# dbt is a command beside this interpreter, which need not be on the caller's path
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def target_of(home: Home) -> Path:
    """Where dbt keeps what it made of the project: the next night need not parse it anew."""
    return home.root.resolve() / "dbt"


def forget_another_place(target: Path, project: Path) -> None:
    """Drop what dbt keeps of a project that lay in another folder: it would look for its seeds
    there, although the program was moved or installed anew."""
    place = target / "project"
    if place.exists() and place.read_text(encoding="utf-8") == os.fspath(project):
        return
    (target / "partial_parse.msgpack").unlink(missing_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    place.write_text(os.fspath(project), encoding="utf-8")


@contextmanager
def warm_dbt(home: Home) -> Iterator[None]:
    """While it lasts, COMMAND works on this home's working file, and finds dbt loaded."""
    os.environ[_WORKING_FILE] = os.fspath(home.working_file.resolve())
    forget_another_place(target_of(home), DBT_FOLDER)
    target = os.fspath(target_of(home))
    environment = {
        "DBT_PROJECT_DIR": os.fspath(DBT_FOLDER),
        "DBT_PROFILES_DIR": os.fspath(DBT_FOLDER),
        "DBT_TARGET_PATH": target,
        "DBT_LOG_PATH": target,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with tempfile.TemporaryDirectory(prefix="kho-dbt-") as folder:
        address = str(Path(folder) / "socket")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(address)
            listening.listen()
            # its standard input is a pipe from here: it ends when this process has ended, however
            process = subprocess.Popen(  # noqa: S603 (ourselves)
                [sys.executable, "-m", "orchestration.warm_dbt", str(listening.fileno())],
                cwd=DBT_FOLDER, env={**os.environ, **environment}, pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        os.environ[_SOCKET] = address
        try:
            yield
        finally:
            del os.environ[_SOCKET]
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def serve(listening: socket.socket) -> None:
    """Run one command after the other, until standard input ends."""
    with loading():
        manifest = _parsed()
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listening.accept()
        with connection:
            _answer(connection, manifest)


def _parsed() -> Any:
    """The project as dbt holds it. Where it cannot be parsed, each command says why by itself."""
    import dbt.adapters.duckdb  # noqa: F401 (loaded for the commands)
    from dbt.cli.main import dbtRunner
    from dbt_common.clients.agate_helper import build_type_tester

    build_type_tester([])  # loads how numbers are written in every language
    manifest = dbtRunner().invoke(["--quiet", "parse"]).result
    if manifest is not None:
        _compile_macros(manifest)
    return manifest


def _compile_macros(manifest: Any) -> None:
    """Have the macros compiled that nodes call, and the project's own, which make tables and run
    tests: each command would compile them anew, for it is a fork."""
    from dbt_common.clients.jinja import template_cache

    own = f"macro.{manifest.metadata.project_name}."
    wanted = [name for name in manifest.macros if name.startswith(own)]
    for node in manifest.nodes.values():
        wanted += node.depends_on.macros
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        macro = manifest.macros.get(name)
        if name in seen or macro is None:
            continue
        seen.add(name)
        template_cache.get_node_template(macro)
        wanted += macro.depends_on.macros


def _answer(connection: socket.socket, manifest: Any) -> None:
    size, outputs, _, _ = socket.recv_fds(connection, 8, 2)
    with connection.makefile("rb") as request:
        command = json.loads(request.read(int.from_bytes(size)))
    child = os.fork()
    if child == 0:
        for output, number in zip(outputs, (1, 2), strict=True):
            os.dup2(output, number)
        _leave(_run(command["arguments"], command["environment"], command["folder"], manifest))
    for output in outputs:
        os.close(output)
    with suppress(OSError):  # nobody may wait for the answer any more
        connection.sendall(_ended(child, connection).to_bytes(1))


def _leave(code: int) -> NoReturn:
    """End a fork at once: to take down all that it shares costs a second. DuckDB's file must be
    closed before, not dropped; where it is not, the usual way out does it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
    gc.collect()
    working_file = os.path.realpath(os.environ[_WORKING_FILE])
    if any(os.path.realpath(opened) == working_file for opened in Path("/proc/self/fd").iterdir()):
        sys.exit(code)
    os._exit(code)


def _ended(child: int, connection: socket.socket) -> int:
    """The exit code of a command. It is ended where whoever asked for it is there no more, or
    where the night itself is over."""
    ended = os.pidfd_open(child)
    try:
        ready, _, _ = select.select([ended, connection, sys.stdin], [], [])
        if ended not in ready:
            os.kill(child, signal.SIGTERM)
        return abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) & 0xFF
    finally:
        os.close(ended)


def _run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: str, manifest: Any
) -> int:
    from dbt.cli.main import dbtRunner

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    result = dbtRunner(manifest).invoke(list(arguments))
    if result.exception is not None:
        sys.stderr.write(f"{result.exception}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    return 0 if result.success else 2 if result.exception is not None else 1


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    end_at_once(os.EX_OK)
