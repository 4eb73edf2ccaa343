//! The rows of the table.

/// A row: which figure of which measurement.
pub struct Measure {
    /// The words before the row.
    pub title: &'static str,
    /// The kind of load.
    pub mode: &'static str,
    /// The name of the figure.
    pub key: &'static str,
    /// How the figure is taken.
    pub of: Of,
    /// Digits after the point.
    pub digits: usize,
}

/// Whose figure, and relative to what.
pub enum Of {
    /// As measured.
    All,
    /// As measured, not of the mock: what it costs is of no interest.
    Gateways,
    /// Less what the same load took without a gateway in the same round.
    Added,
}

impl Measure {
    const fn new(title: &'static str, figure: (&'static str, &'static str), of: Of, digits: usize) -> Self {
        Self { title, mode: figure.0, key: figure.1, of, digits }
    }

    /// The figure as text.
    pub fn show(&self, figure: f64) -> String {
        format!("{figure:.*}", self.digits)
    }
}

/// All rows, in order.
pub const MEASURES: &[Measure] = &[
    Measure::new("1 connection: p50, us", ("lat", "p50_us"), Of::All, 1),
    Measure::new("1 connection: added p50, us", ("lat", "p50_us"), Of::Added, 1),
    Measure::new("1 connection: added p99, us", ("lat", "p99_us"), Of::Added, 1),
    Measure::new("64 connections: requests a second", ("rps", "per_second"), Of::All, 0),
    Measure::new("64 connections: CPU per request, us", ("rps", "cpu_us"), Of::Gateways, 1),
    Measure::new("64 connections: peak RSS, MiB", ("rps", "rss_peak_mib"), Of::Gateways, 1),
    Measure::new("64 KiB prompts: requests a second", ("big", "per_second"), Of::All, 0),
    Measure::new("64 KiB prompts: CPU per request, us", ("big", "cpu_us"), Of::Gateways, 1),
    Measure::new("200 streams: CPU per chunk, us", ("stream", "cpu_us"), Of::Gateways, 1),
    Measure::new("200 streams: added transit p50, us", ("stream", "transit_p50_us"), Of::Added, 1),
    Measure::new("200 streams: added transit p99, us", ("stream", "transit_p99_us"), Of::Added, 1),
    Measure::new("200 streams, Anthropic: CPU per chunk, us", ("messages", "cpu_us"), Of::Gateways, 1),
    Measure::new("200 streams, Anthropic: added transit p50, us", ("messages", "transit_p50_us"), Of::Added, 1),
    Measure::new("slow streams: open at once", ("idle", "open"), Of::Gateways, 0),
    Measure::new("slow streams: RSS per open stream, KiB", ("idle", "rss_kib_per_stream"), Of::Gateways, 1),
    Measure::new("start to first answered request, ms", ("start", "start_ms"), Of::Gateways, 1),
    Measure::new("binary, MiB", ("size", "size_mib"), Of::Gateways, 1),
];
