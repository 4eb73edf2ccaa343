//! A virtual key as it is shown.

use crate::admin::keys::KeyWithText;
use crate::cli::error::Outcome;
use crate::cli::limit;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Budget, Limit, Org, Scope, User};
use crate::store::{KeyRow, Store};
use crate::types::{KeyId, Time};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// What is shown of a key; never its text.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    user: Option<String>,
    pub(super) status: &'static str,
    last_four: String,
    providers: Vec<String>,
    models: Vec<String>,
    tags: BTreeMap<String, String>,
    budgets: Vec<String>,
    limits: Vec<String>,
    local: bool,
    created: Time,
    last_used: Option<Time>,
    expires: Option<Time>,
    previous_ends: Option<Time>,
    revoked: Option<Time>,
    revoked_by: Option<String>,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("user", "USER").wide(),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("last_four", "ENDS IN"),
    Column::new("providers", "PROVIDERS"),
    Column::new("models", "MODELS"),
    Column::hidden("tags"),
    Column::new("budgets", "BUDGET").wide(),
    Column::hidden("limits"),
    Column::new("local", "LOCAL").shape(Shape::Flag).wide(),
    Column::hidden("created"),
    Column::new("last_used", "LAST USED").shape(Shape::Time).wide(),
    Column::new("expires", "EXPIRES").shape(Shape::Time),
    Column::hidden("previous_ends"),
    Column::hidden("revoked"),
    Column::hidden("revoked_by"),
];

/// The same, all of them with a title, for the page of one.
pub const PAGE: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("name", "NAME"),
    Column::new("user", "USER"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("last_four", "ENDS IN"),
    Column::new("providers", "PROVIDERS"),
    Column::new("models", "MODELS"),
    Column::new("tags", "TAGS"),
    Column::new("budgets", "BUDGET"),
    Column::new("limits", "LIMITS"),
    Column::new("local", "LOCAL").shape(Shape::Flag),
    Column::new("created", "CREATED").shape(Shape::Time),
    Column::new("last_used", "LAST USED").shape(Shape::Time),
    Column::new("expires", "EXPIRES").shape(Shape::Time),
    Column::new("previous_ends", "OLD TEXT VALID UNTIL").shape(Shape::Time),
    Column::new("revoked", "REVOKED").shape(Shape::Time),
    Column::new("revoked_by", "REVOKED BY"),
];

/// What a key is shown with: whose keys there are, and when they were used.
pub struct Around {
    users: Vec<User>,
    uses: HashMap<KeyId, Time>,
    budgets: Vec<Budget>,
    limits: Vec<Limit>,
    now: Time,
}

impl Around {
    /// Of an organisation, now.
    pub fn of(store: &Store, org: &Org) -> Outcome<Around> {
        Ok(Around {
            users: store.users(org.id)?,
            uses: store.key_uses()?,
            budgets: store.budgets(org.id)?,
            limits: store.limits(org.id)?,
            now: Time::now(),
        })
    }
}

impl Record {
    /// The record of a key.
    pub fn new(row: KeyRow, around: &Around) -> Record {
        let Around { users, uses, budgets, limits, now } = around;
        let own = |limit: &&Limit| limit.scope == Scope::Key(row.key.id);
        let limits = limits.iter().find(own).map(|limit| limit::short(&limit.caps)).unwrap_or_default();
        let now = *now;
        let KeyRow { key, previous, revoked_by, .. } = row;
        let status = match (key.revoked, key.expires) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "active",
        };
        Record {
            user: users.iter().find(|user| user.id == key.user).map(|user| user.name.clone()),
            status,
            id: key.id.0,
            name: key.name,
            last_four: key.last_four,
            providers: key.providers,
            models: key.models,
            tags: key.tags,
            budgets: budgets.iter().filter(|budget| budget.scope == Scope::Key(key.id)).map(short).collect(),
            limits,
            local: key.local,
            created: key.created,
            last_used: uses.get(&key.id).copied(),
            expires: key.expires,
            previous_ends: previous.map(|(_, until)| until).filter(|until| *until > now && status == "active"),
            revoked: key.revoked,
            revoked_by,
        }
    }
}

/// `10/month`, as it is typed.
fn short(budget: &Budget) -> String {
    let soft = if budget.is_soft { " (soft)" } else { "" };
    format!("{}/{}{soft}", budget.limit, budget.period.as_str())
}

/// What a program gets of a new key: the only time that its text is seen.
#[derive(Serialize)]
struct NewKey<'a> {
    id: i64,
    name: &'a str,
    key: &'a str,
}

const NEW_KEY: &[Column] = &[Column::new("id", "ID"), Column::new("name", "NAME"), Column::new("key", "KEY")];

/// Hands a new text out: to a reader alone on stdout, so that `$(...)` takes it, with a word beside it on stderr.
pub fn hand_out(session: &Session, made: &KeyWithText, what: &str) -> Outcome {
    let text = made.text.secret().reveal();
    if !session.ui.is_table() {
        return session.ui.record(NEW_KEY, &NewKey { id: made.key.id.0, name: &made.key.name, key: text });
    }
    session.ui.say(format_args!("{what} `{}`; this is its text, and it is not shown again:", made.key.name));
    session.ui.data(&format!("{text}\n"))
}
