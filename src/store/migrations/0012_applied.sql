-- Why: keys of providers that are read where they are, and what the last applied file changed, so that it can be taken back.
-- Costs: nothing, the tables are empty. What is kept of a file is a few hundred bytes for each row that it touched.

-- Keys of a provider beside the one in its row: each is bytes that are sealed, or the name of a place.
CREATE TABLE provider_secrets (
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    place       INTEGER NOT NULL,
    sealed      BLOB,
    -- JSON: {"env": "VAR"} or {"file": "/path"}.
    source      TEXT,
    PRIMARY KEY (provider_id, place),
    CHECK ((sealed IS NULL) <> (source IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE applied (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    at    INTEGER NOT NULL,
    actor TEXT    NOT NULL
) STRICT;

-- Rows as they were before and are since, null where they were or are not there: JSON arrays of their columns, bytes as
-- hexadecimal digits. Sealed as they are in their own tables.
CREATE TABLE applied_rows (
    place    TEXT NOT NULL,
    identity TEXT NOT NULL,
    was      TEXT,
    since    TEXT
) STRICT;
