//! What a request needs of a model, and whether a target has it.
//!
//! Only where a target is known to lack something is the request looked at for it: a call to a model that sees costs
//! nothing here.

use super::authorise;
use super::call::{Call, Caller, Outcome, Target};
use super::cards::Cards;
use super::models;
use crate::canonical::{Code, Complaint, MediaKind, Part, Prompt};
use crate::records::Feature;
use crate::types::Task;
use memchr::memmem;

/// What can be needed, with a word that stands in every request that has media of that kind.
const NEEDS: [(Feature, &str); 3] = [(Feature::Tools, ""), (Feature::Images, "image"), (Feature::Audio, "audio")];
/// More names than this do not help.
const MOST: usize = 3;

impl Target {
    /// Whether the model has a feature: what it was seen to do counts more than what the catalogue says. None where
    /// nobody knows.
    pub(crate) fn has(&self, feature: Feature) -> Option<bool> {
        let seen = self.provider.sheets.get(&self.model).and_then(|sheet| sheet.has(feature));
        let said = || {
            let known = self.card?.capabilities;
            match feature {
                Feature::Tools => known.tools,
                Feature::ParallelTools => known.parallel_tools,
                Feature::Images => known.vision,
                Feature::Audio => known.audio_in,
                Feature::StructuredOutput => known.structured_output,
                Feature::Thinking => known.reasoning,
                _ => None,
            }
        };
        seen.or_else(said)
    }
}

/// What of a call the target is known not to have.
pub(crate) fn lacking(target: &Target, call: &Call) -> Option<Feature> {
    if call.task != Task::Chat {
        return None;
    }
    let mut prompt = None;
    NEEDS.into_iter().filter(|(feature, _)| target.has(*feature) == Some(false)).find_map(|(feature, word)| {
        let needed = match feature {
            Feature::Tools => call.peek.tools,
            // A text that speaks of pictures has none: only then is the request read.
            _ if memmem::find(&call.body, word.as_bytes()).is_none() => false,
            _ => prompt.get_or_insert_with(|| read(call)).as_ref().is_some_and(|prompt| has_media(prompt, feature)),
        };
        needed.then_some(feature)
    })
}

/// # Errors
/// [`Code::UnsupportedFeature`] where the target is known to lack what the call needs; it names models that have it.
pub(crate) fn check(cards: &Cards, caller: &Caller, target: &Target, call: &Call) -> Outcome<()> {
    match lacking(target, call) {
        Some(feature) => Err(unsupported(cards, caller, target, feature)),
        None => Ok(()),
    }
}

/// A request that cannot be read is the target's to complain of.
fn read(call: &Call) -> Option<Prompt> {
    call.dialect.read_prompt(call.task, call.text(), &call.url).ok()
}

fn has_media(prompt: &Prompt, feature: Feature) -> bool {
    let kind = if feature == Feature::Audio { MediaKind::Audio } else { MediaKind::Image };
    prompt.system.iter().chain(prompt.turns.iter().flat_map(|turn| &turn.parts)).any(|part| is_media(part, kind))
}

fn is_media(part: &Part, kind: MediaKind) -> bool {
    match part {
        Part::Media(media) => media.kind == kind,
        Part::ToolResult { parts, .. } => parts.iter().any(|part| is_media(part, kind)),
        _ => false,
    }
}

fn unsupported(cards: &Cards, caller: &Caller, target: &Target, feature: Feature) -> Complaint {
    let what = match feature {
        Feature::Images => "images (vision)",
        Feature::Audio => "audio input",
        _ => "tools",
    };
    let name = target.name();
    let able = able(cards, caller, target, feature);
    let hint = match able.as_slice() {
        [] => "no model that this key may call is known to have it".to_owned(),
        able => format!("models that have it and may be called: {}", able.join(", ")),
    };
    let message = format!(
        "{name} does not support {what}, which this request needs; {hint}. If that is wrong, `optscale-ai doctor {name}` \
         asks the model itself and keeps the answer"
    );
    Complaint { param: Some("model".into()), ..Complaint::new(Code::UnsupportedFeature, message) }
}

/// Models that have a feature, the nearest by name first.
fn able(cards: &Cards, caller: &Caller, target: &Target, feature: Feature) -> Vec<String> {
    let name = target.name();
    let has = |other: &str| authorise::find(cards, caller, other).is_ok_and(|(it, _)| it.has(feature) == Some(true));
    let mut names: Vec<(f64, String)> = models::callable(cards, caller)
        .into_iter()
        .filter(|card| has(&card.id))
        .map(|card| (strsim::jaro_winkler(&name, &card.id), card.id))
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0));
    names.into_iter().take(MOST).map(|(_, name)| name).collect()
}
