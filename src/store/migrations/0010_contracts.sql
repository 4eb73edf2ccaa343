-- Why: what an organisation pays for a model by contract, from a day on; it stands before the catalogue's price.
-- Costs: nothing, the table is empty. One row for each price that is agreed on.

CREATE TABLE contracts (
    provider_id INTEGER NOT NULL REFERENCES providers (id),
    -- As the provider names it.
    model       TEXT    NOT NULL,
    -- The first moment at which it holds.
    from_at     INTEGER NOT NULL,
    -- A JSON array: meter and pico-dollars for one unit.
    rates       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (provider_id, model, from_at)
) STRICT, WITHOUT ROWID;
