-- Why: the first schema. Organisations with their users, providers, virtual keys and routes; traces with the rates
-- that were applied to them.
-- Costs: nothing, the database is empty.
--
-- Times are unix milliseconds in UTC, money is whole pico-dollars (10^-12 USD).
-- Nothing that a trace names is ever deleted: removal sets `removed_at`, and a name is free again for a new row.

CREATE TABLE orgs (
    id         INTEGER PRIMARY KEY,
    public_id  TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX orgs_name ON orgs (name) WHERE removed_at IS NULL;

CREATE TABLE meta (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    -- Raised by every administrative transaction; a gateway that sees it move reads its configuration again.
    config_version  INTEGER NOT NULL,
    selected_org_id INTEGER REFERENCES orgs (id),
    -- A fixed text sealed with the master key that this database belongs to.
    master_check    BLOB,
    -- No trace up to this one is still marked as running by a process that is gone.
    swept_trace_id  INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO meta (id, config_version) VALUES (1, 1);

CREATE TABLE users (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('owner', 'manager', 'member')),
    -- A JSON array of `provider` and `provider/model`.
    allowed    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX users_name ON users (org_id, name) WHERE removed_at IS NULL;

CREATE TABLE providers (
    id            INTEGER PRIMARY KEY,
    org_id        INTEGER NOT NULL REFERENCES orgs (id),
    name          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    -- Only where it differs from what the kind says.
    protocol      TEXT,
    base_url      TEXT,
    sealed_secret BLOB,
    -- A JSON array of model names; empty where any may be asked for.
    models        TEXT    NOT NULL,
    allow_http    INTEGER NOT NULL,
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    removed_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX providers_name ON providers (org_id, name) WHERE removed_at IS NULL;

CREATE TABLE provider_headers (
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    name        TEXT    NOT NULL,
    sealed      BLOB    NOT NULL,
    PRIMARY KEY (provider_id, name)
) STRICT, WITHOUT ROWID;

-- "keys": virtual keys. The text is kept only for keys used on this machine, and sealed.
CREATE TABLE keys (
    id               INTEGER PRIMARY KEY,
    org_id           INTEGER NOT NULL REFERENCES orgs (id),
    user_id          INTEGER NOT NULL REFERENCES users (id),
    name             TEXT    NOT NULL,
    hash             BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    last_four        TEXT    NOT NULL,
    local            INTEGER NOT NULL,
    sealed           BLOB,
    -- After a rotation: the old text's hash, valid until its own end.
    previous_hash    BLOB UNIQUE CHECK (length(previous_hash) = 32),
    previous_ends_at INTEGER,
    providers        TEXT    NOT NULL,
    models           TEXT    NOT NULL,
    tags             TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,
    revoked_at       INTEGER,
    revoked_by       TEXT
) STRICT;
CREATE UNIQUE INDEX keys_name ON keys (org_id, name) WHERE revoked_at IS NULL;

CREATE TABLE routes (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    name       TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX routes_name ON routes (org_id, name) WHERE removed_at IS NULL;

-- The rates that were applied to calls, each once.
CREATE TABLE rates (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
) STRICT;

-- One row a call. The id holds the time of arrival, so the table is its own index by time; it has no other one and
-- no foreign keys, because each would be paid for on every call.
-- `status`, `task`, `protocol` and `usage_source` are places in the lists of the program, which only grow.
CREATE TABLE traces (
    id              INTEGER PRIMARY KEY,
    org_id          INTEGER,
    user_id         INTEGER,
    key_id          INTEGER,
    provider_id     INTEGER,
    route_id        INTEGER,
    task            INTEGER,
    protocol        INTEGER NOT NULL,
    status          INTEGER NOT NULL,
    http_status     INTEGER NOT NULL,
    stream          INTEGER NOT NULL,
    model           TEXT,
    requested_model TEXT,
    error           TEXT,
    message         TEXT,
    attempt_count   INTEGER NOT NULL,
    -- JSON, only where there is more to say than that the first attempt went well.
    attempts        TEXT,
    input           INTEGER NOT NULL,
    output          INTEGER NOT NULL,
    cache_read      INTEGER NOT NULL,
    cache_write_5m  INTEGER NOT NULL,
    cache_write_1h  INTEGER NOT NULL,
    reasoning       INTEGER NOT NULL,
    input_audio     INTEGER NOT NULL,
    output_audio    INTEGER NOT NULL,
    input_image     INTEGER NOT NULL,
    output_image    INTEGER NOT NULL,
    web_searches    INTEGER NOT NULL,
    usage_source    INTEGER NOT NULL,
    usage_raw       TEXT,
    cost_pico       INTEGER,
    rates_id        INTEGER,
    latency_us      INTEGER NOT NULL,
    first_token_us  INTEGER,
    overhead_us     INTEGER NOT NULL,
    finish          TEXT,
    dropped         TEXT,
    tags            TEXT,
    session         TEXT
) STRICT;
