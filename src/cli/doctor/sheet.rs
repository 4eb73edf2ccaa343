//! What a model can do: every feature asked for in every protocol, kept as its sheet.

use super::calls::{Setting, Ways};
use super::check::{Check, Stand};
use crate::admin::sheets;
use crate::catalogue::Capabilities;
use crate::cli::error::Outcome;
use crate::dialect;
use crate::gateway::{Address, Look, Place, Probe};
use crate::records::{Feature, Finding, Sheet, Status, Verdict};
use crate::store::{Found, Store};
use crate::types::{Protocol, Time};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A call that was hung up on is written down within this time.
const SETTLED: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// What was found out.
pub struct Features {
    sheet: Sheet,
    known: Option<Capabilities>,
}

/// Asks for every feature, and keeps what came of it.
///
/// # Errors
/// The home cannot be written; a certificate file cannot be used.
pub fn examine(name: &str, place: Option<&Place>, ways: &Ways, setting: &Setting<'_>) -> Outcome<Features> {
    let known = place.and_then(|place| place.card).map(|card| card.capabilities);
    let home = setting.known.zip(place);
    let store = home.map(|(known, _)| Store::open_existing(known.store.path())).transpose()?;
    let kept = store.as_ref().zip(home);
    if let Some((store, (known, place))) = kept {
        // The gateway would refuse by it what is to be found out anew.
        sheets::forget(store, known.org.id, (&place.provider, &place.model))?;
    }
    let ended = |id: &str| store.as_ref().and_then(|store| ended(store, id));
    let clients = clients(setting)?;
    let direct = ways.direct.as_ref().map(|(probe, model)| (probe, model.as_str()));
    let asked: Vec<(&Probe, &str)> = match clients.is_empty() {
        false => clients.iter().map(|probe| (probe, name)).collect(),
        true => direct.into_iter().collect(),
    };
    let mut findings = Vec::new();
    for feature in Feature::ASKED {
        for (probe, model) in &asked {
            setting.ui.progress(&format!("{} ({}) ...", feature.as_str(), probe.protocol()));
            let look = Look { model, known: known.as_ref(), ended: &ended, past: direct };
            findings.push(probe.find(feature, &look));
        }
    }
    setting.ui.progress("");
    let sheet = Sheet { made: Time::now(), findings };
    if let Some((store, (known, place))) = kept {
        sheets::keep(store, known.org.id, (&place.provider, &place.model), &sheet)?;
    }
    Ok(Features { sheet, known })
}

/// The gateway, as clients of every protocol reach it; nothing where none answers.
fn clients(setting: &Setting<'_>) -> Outcome<Vec<Probe>> {
    let (Some(url), Some(key)) = (&setting.reached.base_url, setting.key) else { return Ok(Vec::new()) };
    let address = Address { base_url: url.clone(), key: key.text.clone() };
    let mut probes = Vec::new();
    for protocol in Protocol::ALL.into_iter().filter(|protocol| dialect::caller(*protocol).is_some()) {
        probes.push(Probe::client(&address, protocol, setting.ca_file)?);
    }
    Ok(probes)
}

/// How a call ended, once it has.
fn ended(store: &Store, id: &str) -> Option<Status> {
    let until = Instant::now() + SETTLED;
    loop {
        let status = match store.find_trace(id).ok()? {
            Found::One(detail) => Some(detail.row.status),
            _ => None,
        };
        if status.is_some_and(|status| status != Status::Running) || Instant::now() >= until {
            return status;
        }
        std::thread::sleep(PAUSE);
    }
}

impl Features {
    /// A check of what a feature rests on, with how it stands with it in each protocol.
    pub fn attach(&self, feature: Feature, check: Check) -> Check {
        let stands = self.stands(feature);
        let odd: Vec<String> = stands
            .iter()
            .filter(|(_, stand)| stand.verdict == Verdict::DoesNot)
            .map(|(protocol, stand)| format!("in {protocol}: {}", words(stand)))
            .collect();
        let check = if odd.is_empty() || odd.len() == stands.len() { check } else { check.also(&odd.join("; ")) };
        check.in_protocols(stands)
    }

    /// The checks of all features that have no check of their own.
    pub fn rest(&self) -> Vec<Check> {
        let own = [Feature::Plain, Feature::Stream, Feature::Tools, Feature::Usage];
        Feature::ASKED.into_iter().filter(|feature| !own.contains(feature)).map(|feature| self.check(feature)).collect()
    }

    fn check(&self, feature: Feature) -> Check {
        let stands = self.stands(feature);
        let name = feature.as_str();
        let detail = in_words(&stands);
        let check = match self.sheet.has(feature) {
            Some(true) if stands.values().all(|stand| stand.verdict == Verdict::Works) => Check::ok(name, detail),
            Some(true) => Check::warn(name, detail),
            Some(false) if self.promised(feature) => {
                Check::fail(name, format!("{detail}; the catalogue says that this model has it")).remote()
            }
            Some(false) => Check::warn(name, detail),
            None => Check::skip(name, detail),
        };
        check.in_protocols(stands)
    }

    fn promised(&self, feature: Feature) -> bool {
        let Some(known) = &self.known else { return false };
        let said = match feature {
            Feature::ParallelTools => known.parallel_tools,
            Feature::Images => known.vision,
            Feature::StructuredOutput => known.structured_output,
            Feature::Thinking => known.reasoning,
            _ => None,
        };
        said == Some(true)
    }

    fn stands(&self, feature: Feature) -> BTreeMap<&'static str, Stand> {
        let findings = self.sheet.findings.iter().filter(|finding| finding.feature == feature);
        let stand = |finding: &Finding| Stand { verdict: finding.verdict, reason: finding.reason.clone() };
        findings.map(|finding| (finding.protocol.as_str(), stand(finding))).collect()
    }
}

/// Said once where all protocols say the same.
fn in_words(stands: &BTreeMap<&'static str, Stand>) -> String {
    let mut all = stands.values().map(words);
    match all.next() {
        Some(first) if all.all(|other| other == first) => first,
        Some(_) => {
            let each: Vec<String> =
                stands.iter().map(|(protocol, stand)| format!("in {protocol}: {}", words(stand))).collect();
            each.join("; ")
        }
        None => "nobody could be asked".to_owned(),
    }
}

fn words(stand: &Stand) -> String {
    match &stand.reason {
        Some(reason) => format!("{}: {reason}", stand.verdict.as_str()),
        None => stand.verdict.as_str().to_owned(),
    }
}
