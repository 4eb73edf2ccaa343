//! Real calls to a model: the way they go, a plain answer, and what it reports.

use super::authentication::Key;
use super::check::{Check, Report};
use super::connection::Reached;
use super::home::Known;
use super::model::{Names, examine_remote};
use super::sheet;
use super::{provider, streaming, tls, tools};
use crate::admin::providers;
use crate::canonical::Complaint;
use crate::cli::error::Outcome;
use crate::cli::shape::millis;
use crate::cli::ui::Ui;
use crate::gateway::{Address, Heard, Place, Probe, Way};
use crate::records::Feature;
use crate::types::Protocol;
use std::path::Path;
use std::time::Duration;

/// More of an answer is not shown.
const MOST_SHOWN: usize = 40;

/// What calls of a model need.
pub struct Setting<'a> {
    /// The home, where there is one.
    pub known: Option<&'a Known>,
    /// The gateway, where one answers.
    pub reached: &'a Reached,
    /// A key, where there is one.
    pub key: Option<&'a Key>,
    /// More trusted certificate authorities.
    pub ca_file: Option<&'a Path>,
    /// Where progress is said.
    pub ui: &'a Ui,
}

/// The ways on which a model can be asked.
pub struct Ways {
    /// Through the base URL, as clients do, and the name to use there.
    pub gateway: Option<(Probe, String)>,
    /// Through the address at which the gateway listens itself, where that is another.
    pub inside: Option<(Probe, String)>,
    /// Past the gateway, and the provider's own name of the model.
    pub direct: Option<(Probe, String)>,
}

impl Ways {
    /// The way that is tried first: the one that clients use.
    pub fn first(&self) -> Option<&(Probe, String)> {
        self.gateway.as_ref().or(self.direct.as_ref())
    }
}

/// Looks at a model: its name, and what it does when it is called.
///
/// # Errors
/// The database cannot be read; the system gives no runtime.
pub fn examine(name: &str, setting: &Setting<'_>, report: &mut Report) -> Outcome {
    let names = setting.known.map(|known| Names::of(known, setting.key)).transpose()?.flatten();
    let mut place = None;
    if let Some(names) = &names {
        let (check, found) = names.examine(name);
        report.add(check);
        if found.is_none() {
            report.add(Check::skip("calls", "none is made: the name leads nowhere"));
            return Ok(());
        }
        place = found;
    }
    let ways = ways(name, place.as_ref(), setting)?;
    if let (None, Some((gateway, _))) = (&names, &ways.gateway) {
        report.add(examine_remote(name, gateway));
    }
    if let (Some((direct, _)), Some(place)) = (&ways.direct, &place) {
        tls::examine(&place.provider, direct).into_iter().for_each(|check| report.add(check));
        let proxy = direct.proxy();
        report.add(provider::proxy(proxy.iter().map(|proxy| (place.provider.as_str(), proxy.as_str()))));
    }
    let Some(checks) = call(&ways, place.as_ref(), names.as_ref(), report) else { return Ok(()) };
    let features = sheet::examine(name, place.as_ref(), &ways, setting)?;
    checks.into_iter().for_each(|(feature, check)| report.add(features.attach(feature, check)));
    features.rest().into_iter().for_each(|check| report.add(check));
    Ok(())
}

fn ways(name: &str, place: Option<&Place>, setting: &Setting<'_>) -> Outcome<Ways> {
    let client = |url: Option<&String>| -> Outcome<Option<(Probe, String)>> {
        let (Some(url), Some(key)) = (url, setting.key) else { return Ok(None) };
        let address = Address { base_url: url.clone(), key: key.text.clone() };
        Ok(Some((Probe::client(&address, Protocol::Openai, setting.ca_file)?, name.to_owned())))
    };
    let Reached { base_url, own } = setting.reached;
    let inside = if base_url == own { None } else { client(own.as_ref())? };
    Ok(Ways { gateway: client(base_url.as_ref())?, inside, direct: direct(place, setting)? })
}

fn direct(place: Option<&Place>, setting: &Setting<'_>) -> Outcome<Option<(Probe, String)>> {
    let (Some(place), Some(known)) = (place, setting.known) else { return Ok(None) };
    let Some(sealer) = &known.sealer else { return Ok(None) };
    let row = providers::find(&known.store, known.org.id, &place.provider)?;
    Ok(Some((Probe::new(row, sealer, setting.ca_file)?, place.model.clone())))
}

/// The calls on which everything rests, with a look for the cause where they fail; none where there is no answer at all.
fn call(
    ways: &Ways,
    place: Option<&Place>,
    names: Option<&Names>,
    report: &mut Report,
) -> Option<Vec<(Feature, Check)>> {
    let Some((probe, model)) = ways.first() else {
        report.add(
            Check::skip("calls", "none is made: it takes a gateway that answers and a key")
                .remedy("name both: `optscale-ai doctor MODEL --base-url URL --key-env VAR`"),
        );
        return None;
    };
    if ways.gateway.is_none() {
        report.add(Check::warn(
            "calls",
            "they go to the provider itself: it takes a gateway and a key to go as clients do",
        ));
    }
    let whole = match probe.ask(model, Way::Whole) {
        Ok(heard) => heard,
        Err(complaint) => {
            report.add(unanswered(&complaint, ways, place, names));
            for check in ["stream", "tools", "usage"] {
                report.add(Check::skip(check, "there was no answer at all"));
            }
            return None;
        }
    };
    let (check, stream) = streaming::examine(ways);
    Some(vec![
        (Feature::Plain, Check::ok("answer", said(&whole))),
        (Feature::Stream, check),
        (Feature::Tools, tools::examine(probe, model, place, names)),
        (Feature::Usage, usage(&whole, stream.as_ref())),
    ])
}

/// Why a call failed, with names that come near where there is no such model.
fn unanswered(complaint: &Complaint, ways: &Ways, place: Option<&Place>, names: Option<&Names>) -> Check {
    let message = &complaint.message;
    let Some(place) = place else { return Check::fail("answer", message).remote() };
    if complaint.status == 404 {
        let check = Check::fail("answer", message).remote();
        let near = match (names, &ways.direct) {
            (Some(names), Some((direct, _))) => names.near(place, direct),
            _ => Vec::new(),
        };
        let list = format!("see what it has: `optscale-ai provider models {}`", place.provider);
        return near.into_iter().fold(check, Check::remedy).remedy(list);
    }
    let word = complaint.provider_code.as_deref().unwrap_or(complaint.code.as_str());
    let check = Check::fault("answer", message).remote();
    match (word, complaint.status) {
        ("provider_key_rejected" | "provider_unreachable" | "provider_timeout", _) => {
            check.remedy("look at the provider: `optscale-ai doctor`")
        }
        (_, 429) => check.remedy("wait, or see in the provider's console whether a limit or the credit is used up"),
        _ if ways.gateway.is_some() => check.remedy("see what was written down: `optscale-ai traces --limit 1`"),
        _ => check,
    }
}

fn said(heard: &Heard) -> String {
    let text: String = heard.text.trim().chars().take(MOST_SHOWN).collect();
    let finish = heard.finish.as_deref().unwrap_or("no stop reason");
    format!("\"{text}\" after {}, ended by: {finish}", time(heard.took))
}

/// A span in words.
pub fn time(span: Duration) -> String {
    millis(span.as_secs_f64() * 1000.0)
}

fn usage(whole: &Heard, stream: Option<&Heard>) -> Check {
    let tokens = |heard: &Heard| heard.usage.map(|usage| format!("{} tokens in, {} out", usage.input, usage.output));
    let none = "the gateway counts by itself and marks that as estimated";
    match (tokens(whole), stream.map(tokens)) {
        (Some(whole), Some(Some(stream))) => Check::ok("usage", format!("plain {whole}; stream {stream}")),
        (Some(whole), None) => Check::ok("usage", format!("plain {whole}")),
        (Some(whole), Some(None)) => Check::warn("usage", format!("plain {whole}; streams report none: {none}")),
        (None, _) => Check::warn("usage", format!("not reported: {none}")),
    }
}
