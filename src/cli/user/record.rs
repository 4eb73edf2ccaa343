//! A user as it is shown.

use crate::cli::error::Outcome;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::cli::words::count;
use crate::records::{Org, Team, User, UserRole};
use crate::store::{KeyRow, Store};
use crate::types::{KeyId, Time};
use serde::Serialize;
use std::collections::HashMap;

/// What is shown of a user.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    pub(super) name: String,
    role: UserRole,
    team: Option<String>,
    pub(super) status: &'static str,
    allowed: Vec<String>,
    team_allowed: Vec<String>,
    keys: Vec<String>,
    last_used: Option<Time>,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("role", "ROLE"),
    Column::new("team", "TEAM").sparse(),
    Column::hidden("status"),
    Column::new("allowed", "MAY CALL"),
    Column::hidden("team_allowed"),
    Column::new("keys", "KEYS"),
    Column::new("last_used", "LAST USED").shape(Shape::Time),
    Column::hidden("created"),
];

/// The same, all of them with a title, for the page of one.
pub const PAGE: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("name", "NAME"),
    Column::new("role", "ROLE"),
    Column::new("team", "TEAM"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("allowed", "MAY CALL"),
    Column::new("team_allowed", "BY ITS TEAM"),
    Column::new("keys", "KEYS"),
    Column::new("last_used", "LAST USED").shape(Shape::Time),
    Column::new("created", "CREATED").shape(Shape::Time),
];

/// What a user is shown with: the organisation's keys, their uses, its teams.
pub struct Around {
    keys: Vec<KeyRow>,
    uses: HashMap<KeyId, Time>,
    teams: Vec<Team>,
}

impl Around {
    /// Of an organisation.
    pub fn of(store: &Store, org: &Org) -> Outcome<Around> {
        Ok(Around { keys: store.keys(org.id)?, uses: store.key_uses()?, teams: store.teams(org.id)? })
    }
}

impl Record {
    /// The record of a user with the keys that live and are its own, and the last use of any that it had.
    pub fn new(user: User, around: &Around) -> Record {
        let had = || around.keys.iter().filter(|row| row.key.user == user.id);
        let last_used = had().filter_map(|row| around.uses.get(&row.key.id).copied()).max();
        let own = had().map(|row| &row.key).filter(|key| key.revoked.is_none());
        let team = around.teams.iter().find(|team| Some(team.id) == user.team);
        let team_allowed = team.map(|team| team.allowed.clone()).unwrap_or_default();
        let is_owner = user.role == UserRole::Owner;
        let assigned = is_owner || !user.allowed.is_empty() || !team_allowed.is_empty();
        Record {
            keys: own.map(|key| key.name.clone()).collect(),
            status: if assigned { "active" } else { "unassigned" },
            allowed: if is_owner { vec!["*".to_owned()] } else { user.allowed },
            team: team.map(|team| team.name.clone()),
            team_allowed,
            id: user.id.0,
            name: user.name,
            role: user.role,
            last_used,
            created: user.created,
        }
    }
}

/// How many there are, and who may call nothing.
pub fn status_line(records: &[Record]) -> String {
    let lacking: Vec<&str> = records.iter().filter(|r| r.status == "unassigned").map(|r| r.name.as_str()).collect();
    let all = count(records.len() as u64, "user", "users");
    match lacking.as_slice() {
        [] => format!("{all}, each with something to call"),
        [one] => format!("{all}; 1 may call nothing yet: `optscale-ai user allow {one} PROVIDER` mends that"),
        [one, ..] => format!(
            "{all}; {} may call nothing yet: {}; `optscale-ai user allow {one} PROVIDER` mends that",
            lacking.len(),
            lacking.join(", ")
        ),
    }
}
