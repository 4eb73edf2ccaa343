//! One line of JSON a measurement; the names of the figures end in their units.

use compare::statistics::percentile;
use serde_json::{Map, Value, json};

use crate::watch::Cost;
use crate::work::Tally;

const MIB: f64 = 1_048_576.0;

/// Figures by name, and what they are of.
#[derive(Default)]
pub struct Report(Map<String, Value>);

impl Report {
    /// Adds a text.
    pub fn describe(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), json!(text));
    }

    /// Adds a figure; one that was not measured (NaN) becomes null.
    pub fn figure(mut self, name: &str, figure: f64) -> Self {
        self.0.insert(name.to_owned(), json!(figure));
        self
    }

    /// The line.
    pub fn line(self) -> String {
        Value::Object(self.0).to_string()
    }

    fn of(tally: &Tally, cost: &Cost) -> Self {
        let mut report = Self::default()
            .figure("seconds", cost.seconds)
            .figure("answered", tally.answered as f64)
            .figure("failed", tally.failed as f64)
            .figure("foreign_cores", cost.foreign_cores)
            .figure("rss_peak_mib", cost.rss_peak as f64 / MIB);
        if let Some(why) = &tally.first_failure {
            report.describe("first_failure", why);
        }
        report
    }
}

/// Of whole answers.
pub fn plain(mut tally: Tally, cost: &Cost) -> Report {
    Report::of(&tally, cost)
        .figure("per_second", tally.answered as f64 / cost.seconds)
        .figure("p50_us", percentile(&mut tally.latency_ns, 0.5) / 1e3)
        .figure("p99_us", percentile(&mut tally.latency_ns, 0.99) / 1e3)
        .figure("cpu_us", cost.cpu_ns as f64 / 1e3 / tally.answered as f64)
}

/// Of streams.
pub fn streams(mut tally: Tally, cost: &Cost) -> Report {
    Report::of(&tally, cost)
        .figure("chunks", tally.transit_ns.len() as f64)
        .figure("cpu_us", cost.cpu_ns as f64 / 1e3 / tally.transit_ns.len() as f64)
        .figure("transit_p50_us", percentile(&mut tally.transit_ns, 0.5) / 1e3)
        .figure("transit_p99_us", percentile(&mut tally.transit_ns, 0.99) / 1e3)
}

/// Of many streams that are open at once.
pub fn idle(tally: Tally, cost: &Cost) -> Report {
    let growth = cost.rss_widest.saturating_sub(cost.rss_before);
    streams(tally, cost)
        .figure("open", cost.open_widest as f64)
        .figure("rss_kib_per_stream", growth as f64 / 1024.0 / cost.open_widest as f64)
}
