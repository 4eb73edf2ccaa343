-- Why: that a database was restored, and that its master key was changed, are written into the audit like any other change.
-- Costs: nothing; the new columns are null.

ALTER TABLE meta ADD COLUMN restored_at INTEGER;
ALTER TABLE meta ADD COLUMN rekeyed_at INTEGER;
