"""The servers of these tests are real: what is written is read back."""

from __future__ import annotations

import os

from tests.shared_deployment.conftest import PostgresServer


def test_postgresql_runs_as_its_own_user_and_asks_for_a_password(postgres: PostgresServer) -> None:
    (version,) = postgres.ask("SHOW server_version_num")
    assert int(version) >= 150000
    (process,) = postgres.ask("SELECT pg_backend_pid()")
    assert int(process) > 0
    (method,) = postgres.ask("SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type = 'host'")
    assert method == "scram-sha-256"
    assert postgres.password not in " ".join(os.environ.values())
