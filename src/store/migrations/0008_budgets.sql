-- Why: budgets, and events that people should know of.
-- Costs: nothing, both tables are new and empty.
--
-- A scope is a word (org, team, user, key, provider, model, tag, session), the id of what it names where it names something,
-- and a text: the model's name, or NAME=VALUE of a tag. There is one budget for a scope and a period.

CREATE TABLE budgets (
    id                  INTEGER PRIMARY KEY,
    org_id              INTEGER NOT NULL REFERENCES orgs (id),
    scope               TEXT    NOT NULL,
    -- Of the team, user, key or provider; a model's provider.
    subject_id          INTEGER NOT NULL DEFAULT 0,
    subject             TEXT    NOT NULL DEFAULT '',
    limit_pico          INTEGER NOT NULL,
    period              TEXT    NOT NULL CHECK (period IN ('day', 'week', 'month', 'total')),
    timezone            TEXT    NOT NULL,
    is_soft             INTEGER NOT NULL,
    on_exceed           TEXT    NOT NULL CHECK (on_exceed IN ('block', 'cheaper', 'shorten')),
    -- For a token of a model without a known price.
    default_input_pico  INTEGER,
    default_output_pico INTEGER,
    -- Another limit for a while.
    raised_pico         INTEGER,
    raised_until        INTEGER,
    created_at          INTEGER NOT NULL,
    removed_at          INTEGER
) STRICT;
CREATE UNIQUE INDEX budgets_scope ON budgets (org_id, scope, subject_id, subject, period) WHERE removed_at IS NULL;

CREATE TABLE events (
    id       INTEGER PRIMARY KEY,
    org_id   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    message  TEXT    NOT NULL,
    trace_id INTEGER,
    -- Of several events with the same, the first is kept.
    once     TEXT    NOT NULL UNIQUE
) STRICT;
CREATE INDEX events_at ON events (org_id, at);
