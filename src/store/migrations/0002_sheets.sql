-- Why: what a model turned out to do when it was asked is kept, shown, and obeyed by routing.
-- Costs: nothing, the table is empty. One row for each model that was looked at.

CREATE TABLE sheets (
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    -- As the provider names it.
    model       TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    -- A JSON array: feature, protocol, verdict, reason.
    findings    TEXT    NOT NULL,
    PRIMARY KEY (provider_id, model)
) STRICT, WITHOUT ROWID;
