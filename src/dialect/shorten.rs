//! Lowering the limit on an answer in a request, wherever its protocol has it; all other bytes stay.

use super::json::span_of;
use crate::body::Body;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Where a protocol has its limit on an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitPlace {
    /// The member that holds it, by any of its names; none where it is a member of the request itself.
    pub within: &'static [&'static str],
    /// Its names; the first is put in where none stands there.
    pub names: &'static [&'static str],
}

/// The request with this limit in the place of its own; none where it is no object.
pub fn limited(request: &str, place: LimitPlace, most: u64) -> Option<Bytes> {
    let mut body = Body::new(Bytes::copy_from_slice(request.as_bytes()));
    let top = members(request)?;
    let holder = place.within.iter().find_map(|name| top.get(*name)).filter(|raw| raw.get().starts_with('{'));
    match (place.within.first(), holder) {
        (None, _) => put(&mut body, (request, 0), place.names, most)?,
        (Some(_), Some(raw)) => put(&mut body, (raw.get(), span_of(request, raw).start), place.names, most)?,
        (Some(name), None) => {
            let inner = format!("{{\"{}\":{most}}}", place.names.first()?);
            match place.within.iter().find_map(|name| top.get(*name)) {
                Some(null) => body.replace(span_of(request, null), inner),
                None => insert(&mut body, (request, 0), &format!("\"{name}\":{inner}"))?,
            };
        }
    }
    Some(body.finish())
}

/// Sets the limit in the object that begins at `start`.
fn put(body: &mut Body, (object, start): (&str, usize), names: &[&str], most: u64) -> Option<()> {
    let own = members(object)?;
    let mut is_there = false;
    for raw in names.iter().filter_map(|name| own.get(*name)) {
        let span = span_of(object, raw);
        is_there |= body.replace(start + span.start..start + span.end, most.to_string());
    }
    if !is_there {
        insert(body, (object, start), &format!("\"{}\":{most}", names.first()?))?;
    }
    Some(())
}

/// Puts a member in front of those of the object that begins at `start`.
fn insert(body: &mut Body, (object, start): (&str, usize), member: &str) -> Option<bool> {
    let brace = object.find('{')? + 1;
    let comma = if object[brace..].trim_start().starts_with('}') { "" } else { "," };
    Some(body.insert(start + brace, format!("{member}{comma}")))
}

fn members(object: &str) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(object).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: LimitPlace = LimitPlace { within: &[], names: &["max_tokens", "max_completion_tokens"] };
    const WITHIN: LimitPlace = LimitPlace { within: &["options", "opts"], names: &["num_predict"] };

    fn said(request: &str, place: LimitPlace) -> String {
        String::from_utf8(limited(request, place, 7).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn a_limit_takes_the_place_of_the_callers() {
        for (request, expected) in [
            (r#"{ "a":1.50,"max_tokens" : 99}"#, r#"{ "a":1.50,"max_tokens" : 7}"#),
            (r#"{"max_tokens":null}"#, r#"{"max_tokens":7}"#),
            (r#"{"max_tokens":9,"max_completion_tokens":9}"#, r#"{"max_tokens":7,"max_completion_tokens":7}"#),
            (r#" {"a":1}"#, r#" {"max_tokens":7,"a":1}"#),
            ("{}", r#"{"max_tokens":7}"#),
        ] {
            assert_eq!(said(request, TOP), expected);
        }
        assert_eq!(limited("[]", TOP, 7), None);
    }

    #[test]
    fn a_limit_may_stand_deeper() {
        for (request, expected) in [
            (r#"{"a":1,"options":{"x":1.0,"num_predict":-1}}"#, r#"{"a":1,"options":{"x":1.0,"num_predict":7}}"#),
            (r#"{"a":1,"opts": {"x":2}}"#, r#"{"a":1,"opts": {"num_predict":7,"x":2}}"#),
            (r#"{"a":1,"options":null}"#, r#"{"a":1,"options":{"num_predict":7}}"#),
            (r#"{"a":1}"#, r#"{"options":{"num_predict":7},"a":1}"#),
        ] {
            assert_eq!(said(request, WITHIN), expected);
        }
    }
}
