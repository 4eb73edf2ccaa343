//! The options that say which traces are meant; `costs` has the same ones.

use crate::cli::complete;
use crate::cli::when::{duration, past};
use crate::records::{Org, Status};
use crate::store::TraceFilter;
use crate::types::{Money, Time};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use std::time::Duration;

/// Which calls are meant.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Which {
    /// Only calls since then: 1h, 30d, 2026-11-01, 2026-11-01T12:00:00Z (days in UTC)
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<Time>,
    /// Only calls before then
    #[arg(long, value_name = "TIME", value_parser = past)]
    until: Option<Time>,
    /// Only calls to this provider
    #[arg(long, value_name = "NAME", add = complete::providers())]
    provider: Option<String>,
    /// Only calls of this model: provider/model, the model alone, or what the caller asked for
    #[arg(long, value_name = "MODEL", add = complete::models())]
    model: Option<String>,
    /// Only calls of this user
    #[arg(long, value_name = "NAME", add = complete::users())]
    user: Option<String>,
    /// Only calls of users who were in this team then
    #[arg(long, value_name = "NAME", add = complete::teams())]
    team: Option<String>,
    /// Only calls with this key
    #[arg(long, value_name = "NAME", add = complete::keys())]
    key: Option<String>,
    /// Only calls through this routing rule
    #[arg(long, value_name = "NAME", add = complete::routes())]
    route: Option<String>,
    /// Only calls that ended so
    #[arg(long, value_name = "STATUS", value_parser = statuses())]
    status: Option<Status>,
    /// Only calls with this tag; may be repeated
    #[arg(long = "tag", value_name = "K=V", value_parser = crate::cli::words::pair)]
    tags: Vec<(String, String)>,
    /// Only calls of the session that has this name
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

/// Further limits, of single traces.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct AtLeast {
    /// Only calls that cost at least so many US dollars
    #[arg(long, value_name = "USD")]
    min_cost: Option<Money>,
    /// Only calls that took at least so long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    min_latency: Option<Duration>,
}

fn statuses() -> impl TypedValueParser<Value = Status> {
    let known = PossibleValuesParser::new(Status::ALL.map(Status::as_str));
    known.try_map(|word| Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or("no status"))
}

impl Which {
    /// As the store takes it.
    pub fn filter(self, org: &Org) -> TraceFilter {
        TraceFilter {
            org: Some(org.id),
            since: self.since,
            until: self.until,
            provider: self.provider,
            model: self.model,
            user: self.user,
            team: self.team,
            key: self.key,
            route: self.route,
            status: self.status,
            tags: self.tags.into_iter().collect(),
            session: self.session,
            ..TraceFilter::default()
        }
    }
}

impl AtLeast {
    /// Narrows a filter.
    pub fn narrow(self, filter: TraceFilter) -> TraceFilter {
        TraceFilter { min_cost: self.min_cost, min_latency: self.min_latency, ..filter }
    }
}
