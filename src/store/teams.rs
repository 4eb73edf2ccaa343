//! Teams, and who is in which of them since when.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::Team;
use crate::types::{OrgId, TeamId, Time, TraceId, UserId};
use rusqlite::{Row, params};

/// A team to be made.
#[derive(Clone, Debug)]
pub struct NewTeam<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Its name.
    pub name: &'a str,
    /// Names of providers, or `provider/model`s, that its members may call.
    pub allowed: &'a [String],
    /// When it is made.
    pub created: Time,
}

impl Store {
    /// The teams of an organisation, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn teams(&self, org: OrgId) -> Result<Vec<Team>, StoreError> {
        let sql = "SELECT id, org_id, name, allowed, created_at FROM teams \
                   WHERE org_id = ?1 AND removed_at IS NULL ORDER BY name";
        self.all(sql, [org], read)
    }

    pub(super) fn all_teams(&self) -> Result<Vec<Team>, StoreError> {
        let sql = "SELECT id, org_id, name, allowed, created_at FROM teams WHERE removed_at IS NULL ORDER BY id";
        self.all(sql, [], read)
    }
}

impl Change<'_> {
    /// Makes a team without members.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_team(&self, team: &NewTeam<'_>) -> Result<TeamId, StoreError> {
        let sql = "INSERT INTO teams (org_id, name, allowed, created_at) VALUES (?1, ?2, ?3, ?4)";
        self.insert(sql, params![team.org, team.name, Json(team.allowed), team.created]).map(TeamId)
    }

    /// Rewrites a team's name and what its members may call.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn edit_team(&self, id: TeamId, name: &str, allowed: &[String]) -> Result<(), StoreError> {
        let sql = "UPDATE teams SET name = ?2, allowed = ?3 WHERE id = ?1 AND (name <> ?2 OR allowed <> ?3)";
        self.run(sql, params![id, name, Json(allowed)]).map(drop)
    }

    /// Removes a team; its name stays for the traces. Its members are in none then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_team(&self, id: TeamId, now: Time) -> Result<(), StoreError> {
        let leave = "UPDATE memberships SET until_trace_id = ?2 WHERE team_id = ?1 AND until_trace_id IS NULL";
        self.run(leave, params![id, TraceId::first_at(now)])?;
        let sql = "UPDATE teams SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }

    /// Puts a user into a team, or into none, from now on. Whoever is there already stays since when they are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_team(&self, user: UserId, team: Option<TeamId>, now: Time) -> Result<(), StoreError> {
        let leave = "UPDATE memberships SET until_trace_id = max(?3, since_trace_id) \
                     WHERE user_id = ?1 AND until_trace_id IS NULL AND team_id IS NOT ?2";
        let now = TraceId::first_at(now);
        let left = self.run(leave, params![user, team, now])?;
        let Some(team) = team else { return Ok(()) };
        // Within one millisecond the last word counts.
        let enter = "INSERT INTO memberships (user_id, since_trace_id, team_id) SELECT ?1, ?3, ?2 \
                     WHERE ?4 OR NOT EXISTS (SELECT 1 FROM memberships WHERE user_id = ?1 AND until_trace_id IS NULL) \
                     ON CONFLICT DO UPDATE SET team_id = excluded.team_id, until_trace_id = NULL";
        self.run(enter, params![user, team, now, left > 0]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Team> {
    let Json(allowed) = row.get(3)?;
    Ok(Team { id: row.get(0)?, org: row.get(1)?, name: row.get(2)?, allowed, created: row.get(4)? })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, small};
    use super::super::traces::tests::{call, put};
    use super::super::{StoreError, TraceFilter};
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_trace_is_of_the_team_that_its_user_was_in_then() {
        let small = small();
        let change = |act: &dyn Fn(&Change<'_>) -> Result<(), StoreError>| small.store.change(|c| act(c)).unwrap();
        let at = |seconds| NOW.after(Duration::from_secs(seconds));
        let new = |name| NewTeam { org: small.org, name, allowed: &[], created: NOW };
        let (core, web) =
            small.store.change::<_, StoreError>(|c| Ok((c.add_team(&new("core"))?, c.add_team(&new("web"))?))).unwrap();
        change(&|c| c.set_team(small.user, Some(core), at(1)));
        change(&|c| c.set_team(small.user, Some(core), at(2)));
        change(&|c| c.set_team(small.user, Some(web), at(3)));
        change(&|c| c.set_team(small.user, Some(core), at(3)));
        change(&|c| c.set_team(small.user, None, at(5)));
        change(&|c| c.set_team(small.user, Some(web), at(7)));
        change(&|c| c.remove_team(web, at(9)));
        put(&small.store, &(0..10).map(|seconds| call(&small, seconds)).collect::<Vec<_>>());
        let teams = small.store.traces(&TraceFilter::default()).unwrap().into_iter().rev();
        let teams: Vec<String> = teams.map(|row| row.team.unwrap_or_else(|| "-".into())).collect();
        assert_eq!(teams, ["-", "core", "core", "core", "core", "-", "-", "web", "web", "-"]);
        let of_web = TraceFilter { team: Some("web".into()), ..TraceFilter::default() };
        assert_eq!(small.store.traces(&of_web).unwrap().len(), 2);
        assert_eq!(small.store.users(small.org).unwrap()[0].team, None);
        assert_eq!(small.store.teams(small.org).unwrap().len(), 1);
    }

    #[test]
    fn staying_in_a_team_changes_nothing() {
        let small = small();
        let team = NewTeam { org: small.org, name: "core", allowed: &[], created: NOW };
        let team = small.store.change::<_, StoreError>(|c| c.add_team(&team)).unwrap();
        let enter = || small.store.change::<_, StoreError>(|c| c.set_team(small.user, Some(team), NOW)).unwrap();
        enter();
        let before = small.store.config_version().unwrap();
        enter();
        assert_eq!(small.store.config_version().unwrap(), before);
        assert_eq!(small.store.users(small.org).unwrap()[0].team, Some(team));
    }
}
