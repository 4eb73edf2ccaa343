-- Why: answers that callers ask for by their id, or go on from (`previous_response_id`): who made them, and where the
-- organisation keeps bodies and the provider does not, what was said.
-- Costs: nothing for what is there; the new column has a constant default.

ALTER TABLE orgs ADD COLUMN bodies TEXT NOT NULL DEFAULT 'metadata'
    CHECK (bodies IN ('none', 'metadata', 'redacted', 'full'));

CREATE TABLE answers (
    org_id      INTEGER NOT NULL,
    -- As the caller knows it.
    id          TEXT    NOT NULL,
    user_id     INTEGER NOT NULL,
    provider_id INTEGER NOT NULL,
    model       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    -- The next three are null where the provider keeps the answer.
    previous_id TEXT,
    -- zstd: a JSON array of the items that the request brought.
    input       BLOB,
    -- zstd: the answer, a JSON object.
    answer      BLOB,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
