-- Why: limits on requests and tokens a minute, and on calls at once.
-- Costs: nothing, the table is new and empty.

-- A scope stands as in `budgets`.
CREATE TABLE limits (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    scope      TEXT    NOT NULL,
    subject_id INTEGER NOT NULL DEFAULT 0,
    subject    TEXT    NOT NULL DEFAULT '',
    requests   INTEGER,
    tokens     INTEGER,
    parallel   INTEGER,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX limits_scope ON limits (org_id, scope, subject_id, subject) WHERE removed_at IS NULL;
