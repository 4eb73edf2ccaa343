-- Why: teams, what their members may call, and who was in which team when, so that a trace's team is the one of its
-- time.
-- Costs: nothing, the tables are empty.

CREATE TABLE teams (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    name       TEXT    NOT NULL,
    -- A JSON array of `provider` and `provider/model`.
    allowed    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX teams_name ON teams (org_id, name) WHERE removed_at IS NULL;

-- Each user's team over time; a user is in one team at most. Points in time are ids of traces, which hold them, so that
-- a trace finds its team without arithmetic.
CREATE TABLE memberships (
    user_id        INTEGER NOT NULL REFERENCES users (id),
    since_trace_id INTEGER NOT NULL,
    -- Null while it lasts.
    until_trace_id INTEGER,
    team_id        INTEGER NOT NULL REFERENCES teams (id),
    PRIMARY KEY (user_id, since_trace_id)
) STRICT, WITHOUT ROWID;
