"""What the steps of a night need loaded, started beside each other before it is needed: dbt, Great
Expectations, and the server that reading processes are forked from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from expectations.beside import validators
from ingest.sandbox import start_server
from orchestration.warm_dbt import warm_dbt
from warehouse.home import Home
from warehouse.permissions import private_files

_homes: set[Path] = set()


@contextmanager
def loaded_beside(home: Home, workers: int) -> Iterator[None]:
    """While it lasts, all that is ready or soon will be. The command starts it before it loads
    Dagster; a run that Dagster started itself does so here."""
    if home.root.resolve() in _homes:
        yield
        return
    _homes.add(home.root.resolve())
    try:
        with private_files(), warm_dbt(home), validators(workers):
            start_server()
            yield
    finally:
        _homes.remove(home.root.resolve())
