//! Tool calls fail: whether the model supports tools, and which allowed ones do.

use super::check::Check;
use super::model::Names;
use crate::canonical::Complaint;
use crate::gateway::{Heard, Place, Probe};
use serde_json::Value;

/// What a model that was asked for a call did.
enum Did {
    Called(String),
    Spoke,
    CalledBadly(String),
    Refused(String),
}

/// Asks for a call of a tool.
pub fn examine(probe: &Probe, model: &str, place: Option<&Place>, names: Option<&Names>) -> Check {
    let did = did(probe.ask_for_call(model));
    let said = place.and_then(|place| place.card).and_then(|card| card.capabilities.tools);
    let what = match did {
        Did::Called(call) => return Check::ok("tools", format!("it called {call}")),
        Did::Spoke => "it answered in words in place of a call".to_owned(),
        Did::CalledBadly(call) => format!("it called with arguments that are no JSON object: {call}"),
        Did::Refused(message) => format!("it refused: {message}"),
    };
    let check = match said {
        Some(false) => Check::warn("tools", format!("{what}; the catalogue says that this model calls no tools")),
        Some(true) => {
            Check::fail("tools", format!("{what}, although the catalogue says that this model calls tools")).remote()
        }
        None => {
            Check::fail("tools", format!("{what}; the catalogue does not say whether this model calls tools")).remote()
        }
    };
    match names.map(|names| names.with_tools(place)).unwrap_or_default() {
        able if able.is_empty() => check.remedy("see which models call tools: `optscale-ai model list`"),
        able => check.remedy(format!("models that call tools and may be called: {}", able.join(", "))),
    }
}

fn did(answer: Result<Heard, Complaint>) -> Did {
    match answer.map(|heard| heard.call) {
        Err(complaint) => Did::Refused(complaint.message.to_string()),
        Ok(None) => Did::Spoke,
        Ok(Some((name, input))) => {
            let call = format!("{name}({input})");
            let is_object = serde_json::from_str::<Value>(&input).is_ok_and(|input| input.is_object());
            if is_object { Did::Called(call) } else { Did::CalledBadly(call) }
        }
    }
}
