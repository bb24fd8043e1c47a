"""The log of runs in the home's Dagster instance: SQLite, as Dagster writes it, but quicker.

Dagster opens every database anew for each of the some 450 events of a night and waits for the disk
after each: a quarter of a minute. Here a connection stays open, and with a write-ahead log the disk
is waited for at checkpoints only: a power loss costs the last events of a run, and no database.
Nothing that counts is in there; what happened is in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from dagster import StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool


class QuickEventLog(SqliteEventLogStorage):
    """Dagster's own storage, in the place where Dagster puts it."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        return {"dagster_home": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(str(Path(config_value["dagster_home"]) / "history" / "runs"), inst_data)

    def has_table(self, table_name: str) -> bool:
        """Asked for each event of a check; a table that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = self._engines[shard] = _engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def dispose(self) -> None:
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
        super().dispose()


def _engine(address: str) -> sa.Engine:
    # one connection, used by whichever thread holds the lock
    engine = sa.create_engine(
        address, poolclass=StaticPool, connect_args={"timeout": 30, "check_same_thread": False}
    )

    @sa.event.listens_for(engine, "connect")
    def _wait_seldom(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
