-- Why: who changed what, when, and how it was before; each row carries the hash of the one before it.
-- Costs: nothing, the table is empty. A few hundred bytes for each administrative act.

-- AUTOINCREMENT: SQLite keeps the largest number that was ever given, so that rows missing at the end are noticed.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    org_id   INTEGER,
    -- What was done: `key.revoke`.
    act      TEXT    NOT NULL,
    -- To what: a name, or what tells the row apart.
    object   TEXT    NOT NULL,
    -- JSON objects of what differs; secrets only as a word.
    before   TEXT,
    after    TEXT,
    -- The hash of the row before; zeros in the first.
    previous BLOB    NOT NULL CHECK (length(previous) = 32),
    -- SHA-256 over the hash of the row before and everything in this one.
    hash     BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
