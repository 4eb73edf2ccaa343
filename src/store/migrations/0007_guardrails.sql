-- Why: guardrails, policies that say when they apply, and what they came to in each call.
-- Costs: nothing for what is there; the new column has no default.

CREATE TABLE guardrails (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    -- JSON: stage, action, threshold, restore, settings.
    rule       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX guardrails_name ON guardrails (org_id, name) WHERE removed_at IS NULL;

CREATE TABLE policies (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    name       TEXT    NOT NULL,
    enabled    INTEGER NOT NULL,
    -- JSON: what the policy says. It names its guardrails.
    rule       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX policies_name ON policies (org_id, name) WHERE removed_at IS NULL;

-- A JSON array of what policies came to; null where none was asked.
ALTER TABLE traces ADD COLUMN guards TEXT;
