-- Why: what a model turned out to do when it was asked is kept, shown, and obeyed by routing; and lists of keys and users
-- say when each was used last, without reading all traces.
-- Costs: nothing now, the tables are empty. One row for each model that was looked at, and one for each key that was used;
-- a running gateway reads the traces that it has already once, in small steps.

CREATE TABLE sheets (
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    -- As the provider names it.
    model       TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    -- A JSON array: feature, protocol, verdict, reason.
    findings    TEXT    NOT NULL,
    PRIMARY KEY (provider_id, model)
) STRICT, WITHOUT ROWID;

-- The newest trace of each key among those up to `meta.gleaned_trace_id`.
CREATE TABLE key_uses (
    key_id   INTEGER PRIMARY KEY,
    trace_id INTEGER NOT NULL
) STRICT;

ALTER TABLE meta ADD COLUMN gleaned_trace_id INTEGER NOT NULL DEFAULT 0;
