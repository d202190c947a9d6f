-- Once, as a superuser, to make the database that analysts read releases from: psql --file deploy/shared_deployment/analysts.sql postgres
-- Then `\password publisher`, and a login for everybody: CREATE ROLE anna LOGIN CONNECTION LIMIT 10 IN ROLE analyst; \password anna
\set ON_ERROR_STOP on

-- who loads releases: python -m pipelines.served
CREATE ROLE publisher LOGIN;
-- who reads them: a group without a login of its own
CREATE ROLE analyst NOLOGIN;
-- whether a session is older than a release that is to be dropped
GRANT pg_read_all_stats TO publisher;

CREATE DATABASE statistics OWNER publisher ENCODING 'UTF8' TEMPLATE template0;
\connect statistics

-- no temporary tables, no tables in public, no large objects (which read-only transactions before PostgreSQL 16 let everybody write)
REVOKE ALL ON DATABASE statistics FROM PUBLIC;
GRANT CONNECT ON DATABASE statistics TO analyst;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;

-- of the database and not of the group: what is set for a group does not reach its members' sessions
ALTER DATABASE statistics SET default_transaction_read_only = on;
ALTER DATABASE statistics SET statement_timeout = '1min';
ALTER DATABASE statistics SET idle_in_transaction_session_timeout = '10min';

-- what is loaded, for whoever loads; its lock is one that no analyst can take
CREATE SCHEMA served AUTHORIZATION publisher;
CREATE TABLE served.releases (
    schema_name text PRIMARY KEY,
    build_id text NOT NULL,
    sums text NOT NULL,
    switched_at timestamptz NOT NULL,
    replaced_at timestamptz
);
ALTER TABLE served.releases OWNER TO publisher;
COMMENT ON TABLE served.releases IS 'Releases that are loaded. Sessions newer than replaced_at have begun with a later release.';
