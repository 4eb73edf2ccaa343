-- Why: lists of keys and users say when each was used last, without reading all traces.
-- Costs: nothing now, the table is empty. One row for each key that was used; a running gateway reads the traces that
-- are there already once, in small steps.

-- The newest trace of each key among those up to `meta.gleaned_trace_id`.
CREATE TABLE key_uses (
    key_id   INTEGER PRIMARY KEY,
    trace_id INTEGER NOT NULL
) STRICT;

ALTER TABLE meta ADD COLUMN gleaned_trace_id INTEGER NOT NULL DEFAULT 0;
