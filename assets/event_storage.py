"""Where Dagster keeps its events: its own SQLite storage, with one engine for the life of the process.

Belongs here: how connections to the event log are handed out. Does not belong here: what is stored, or how (Dagster's own class).

Dagster opens a new engine and a new connection for every statement, and the last connection that closes folds the write-ahead log
back into the file. A build stores four hundred events, one statement each: that was a fifth of its time. The two methods here are
those that every SQL event storage of Dagster implements, the one on PostgreSQL as well.
"""

from functools import cached_property
from typing import Any

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.sql_event_log import SqlDbConnection
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS


class PooledSqliteEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """Dagster's single-file SQLite event log; connections come from one pool and stay open."""

    @cached_property
    def _engine(self) -> Any:
        return create_engine(self._conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    def run_connection(self, run_id: str | None) -> SqlDbConnection:  # noqa: ARG002
        """Lend a connection in a transaction of its own; events of all runs are in one file."""
        return self._engine.begin()

    def index_connection(self) -> SqlDbConnection:
        """Lend a connection in a transaction of its own."""
        return self._engine.begin()

    def dispose(self) -> None:
        """Close the connections with the storage."""
        super().dispose()  # type: ignore[no-untyped-call]
        self._engine.dispose()
