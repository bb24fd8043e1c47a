"""A step that failed for a reason of the machine that may pass is tried once more, after a pause.

Another program had the working file open, the disk or the memory was full for a while, a child
process was killed. Whatever else fails would fail the same way again, and fails at once. Only steps
that can be repeated are wrapped: they write what they wrote before anew. Publishing and mailing are
not among them: what they leave half done the next night completes (warehouse/publish.py,
orchestration/mailing.py).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import dagster as dg
import duckdb

from orchestration.dagster_dbt_alone import DagsterDbtCliRuntimeError
from orchestration.settings import Settings

Step = Callable[..., Any]

_PASSING = frozenset({
    errno.EACCES, errno.EAGAIN, errno.EBUSY, errno.ECHILD, errno.ECONNRESET, errno.EDEADLK,
    errno.EDQUOT, errno.EFBIG, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOLCK,
    errno.ENOMEM, errno.ENOSPC, errno.EPIPE, errno.EROFS, errno.ESTALE, errno.ETIMEDOUT,
    errno.ETXTBSY,
})  # fmt: skip
_OF_DUCKDB = re.compile(r"\b(IO|Out of Memory) Error: (?!.*(No such file|No files found))")
# dbt itself ends with 1 (a model or a test failed) or 2 (it could not work at all)
_DBT_WAS_KILLED = re.compile(r"exit code `(?![012]`)")


def tried_again(step: Step) -> Step:
    """A step's function that asks for a second try where its first may have failed by chance."""
    if isgeneratorfunction(step):

        @wraps(step)
        def yielding(*arguments: Any, **named: Any) -> Iterator[Any]:
            try:
                yield from step(*arguments, **named)
            except Exception as error:
                _ask_again(error)
                raise

        return yielding

    @wraps(step)
    def returning(*arguments: Any, **named: Any) -> Any:
        try:
            return step(*arguments, **named)
        except Exception as error:
            _ask_again(error)
            raise

    return returning


def may_pass(error: BaseException) -> bool:
    """Whether it is the machine that failed, and not what it was told to do."""
    if isinstance(error, OSError):
        return error.errno in _PASSING
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
        return _OF_DUCKDB.search(str(error)) is not None
    if isinstance(error, DagsterDbtCliRuntimeError):
        # all that dbt says of an error is its text
        return bool(_OF_DUCKDB.search(str(error)) or _DBT_WAS_KILLED.search(str(error)))
    return isinstance(error, MemoryError)


def _ask_again(error: Exception) -> None:
    if may_pass(error):
        pause = Settings().step_pause_seconds
        raise dg.RetryRequested(max_retries=1, seconds_to_wait=pause) from error
