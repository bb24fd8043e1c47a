"""The resource that every asset shares: which home, which inbox, which time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from ingest.sources import Source
from orchestration.beside import loaded_beside
from orchestration.fingerprint import code_version
from orchestration.in_advance import InAdvance, in_advance
from orchestration.inputs import sources_of
from orchestration.logs import log_to
from orchestration.settings import Settings, local_now
from warehouse.home import Home
from warehouse.permissions import private_files
from warehouse.publish import refuse_a_leap, refuse_the_past

IN_MEMORY = "in_memory"
"""Values that only the steps of the same run want, and that are large: a run is one process, and a
step is never run again without those before it."""


class BuildResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """One build: its home (locked while the run lasts), its inbox, its as-of time."""

    home: str = ""
    inbox: str = ""
    as_of: str = ""
    by_clock: bool = False
    """The time was read from this machine's clock, which may have leapt; nobody said it."""
    workers: int = 2
    sources: str = ""
    """A list of sources (sources.yml)."""
    full: bool = False
    """Nothing that was kept from earlier builds is used: all is read and made anew."""
    only_mail: bool = False
    """The run makes no build, so its time need not be after the last one."""

    _home: Home = PrivateAttr()
    _as_of: datetime = PrivateAttr()
    _in_advance: InAdvance = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[BuildResource]:
        settings = Settings()
        self._home = Home(Path(self.home) if self.home else settings.home)
        self._as_of = datetime.fromisoformat(self.as_of) if self.as_of else local_now()
        self._home.create()
        with self._home.locked(), private_files():
            log_to(self._home.logs)
            if self.only_mail:
                yield self
                return
            refuse_the_past(self._home, self._as_of)
            if self.by_clock or not self.as_of:
                refuse_a_leap(self._home, self._as_of)
            with loaded_beside(self._home, self.workers), in_advance(self.workers) as works:
                self._in_advance = works
                yield self

    @property
    def place(self) -> Home:
        return self._home

    @property
    def moment(self) -> datetime:
        return self._as_of

    @property
    def beside(self) -> InAdvance:
        """What was begun of steps whose turn has not come."""
        return self._in_advance

    @property
    def origins(self) -> list[Source]:
        return sources_of(self._home, self.inbox, self.sources)

    def earlier(self, folder: str) -> Path | None:
        """A folder of the build before, whose files are taken over where they say the same."""
        return None if self.full else self._home.current / folder

    @property
    def build_id(self) -> str:
        """From time and code; no two publishes of a home have one time."""
        return f"{self._as_of:%Y%m%dT%H%M%S}-{code_version()[:8]}"
