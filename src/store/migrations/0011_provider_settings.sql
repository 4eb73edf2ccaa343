-- Why: what a connection is told beside its key (a resource, a region, a project), and names of models that differ there.
-- Costs: nothing for what is there; the new column has a constant default.

-- A JSON object of texts.
ALTER TABLE providers ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
