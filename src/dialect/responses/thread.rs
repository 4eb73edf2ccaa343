//! How a request goes on from an earlier answer, and whether its own may be gone on from.

use super::wire::{Obj, Val, span_of, to_vec};
use crate::canonical::Complaint;
use crate::dialect::{Span, Thread};
use serde_json::value::RawValue;

/// Reads the fields that say so.
pub(super) fn read(body: &str) -> Result<Thread, Complaint> {
    let top = Obj::of_body(body)?;
    let field = |name: &str| top.find(name);
    let present = |name: &str| field(name).filter(|value| value.raw.get() != "null");
    Ok(Thread {
        previous: present("previous_response_id").map(|id| id.string()).transpose()?,
        previous_member: member(body, field("previous_response_id")),
        store: present("store").map(|store| store.boolean()).transpose()?,
        store_member: member(body, field("store")),
        input: field("input").map(|input| span_of(body, input.raw)),
        background: present("background").map_or(Ok(false), |wanted| wanted.boolean())?,
        conversation: present("conversation").is_some(),
    })
}

/// Where a member stands, name and one of its commas included, so that it can be cut out.
fn member(body: &str, value: Option<Val<'_>>) -> Option<Span> {
    let value = span_of(body, value?.raw);
    let before = body.get(..value.start)?.trim_end().strip_suffix(':')?.trim_end();
    let name_end = before.strip_suffix('"')?;
    let name = name_end.rfind('"')?;
    let ahead = body.get(..name)?.trim_end();
    if let Some(rest) = ahead.strip_suffix(',') {
        return Some(rest.len()..value.end);
    }
    let behind = body.get(value.end..)?;
    let gap = behind.len() - behind.trim_start().len();
    let comma = usize::from(behind.trim_start().starts_with(','));
    Some(name..value.end + if comma == 1 { gap + 1 } else { 0 })
}

/// The items of an `input`, which may be a text alone.
///
/// # Errors
/// [`crate::canonical::Code::InvalidRequest`] where it is neither a text nor a list.
pub fn items_of(input: &str) -> Result<Vec<String>, Complaint> {
    let raw: &RawValue = serde_json::from_str(input).map_err(|_| Complaint::invalid("input", "`input` is not JSON"))?;
    let value = Val { raw, path: "input".to_owned() };
    if value.is_string() {
        let text = value.raw.get();
        return Ok(vec![format!(
            r#"{{"type":"message","role":"user","content":[{{"type":"input_text","text":{text}}}]}}"#
        )]);
    }
    if !value.raw.get().starts_with('[') {
        return Err(value.wrong("a string or an array of items"));
    }
    Ok(value.items()?.into_iter().map(|item| item.raw.get().to_owned()).collect())
}

/// A list of items as one JSON text.
pub fn join_items<S: AsRef<str>>(items: &[S]) -> Vec<u8> {
    let items: Vec<&RawValue> = items.iter().filter_map(|item| serde_json::from_str(item.as_ref()).ok()).collect();
    to_vec(&items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(body: &str, pick: fn(&Thread) -> Option<Span>) -> String {
        let mut text = body.to_owned();
        if let Some(span) = pick(&read(body).unwrap()) {
            text.replace_range(span, "");
        }
        text
    }

    #[test]
    fn members_are_cut_out_with_their_comma() {
        let previous = |thread: &Thread| thread.previous_member.clone();
        for (body, expected) in [
            (r#"{"a":1, "previous_response_id" : "r" ,"b":2}"#, r#"{"a":1 ,"b":2}"#),
            (r#"{ "previous_response_id":"r", "b":2}"#, r#"{  "b":2}"#),
            (r#"{"previous_response_id":"r"}"#, "{}"),
            (r#"{"a":1,"previous_response_id":null}"#, r#"{"a":1}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(cut(body, previous), expected);
        }
        assert_eq!(cut(r#"{"store":true,"x":"store"}"#, |thread| thread.store_member.clone()), r#"{"x":"store"}"#);
    }

    #[test]
    fn reads_what_a_request_goes_on_from() {
        let body = r#"{"model":"m","previous_response_id":"resp_1","store":false,"input":[1]}"#;
        let thread = read(body).unwrap();
        assert_eq!((thread.previous.as_deref(), thread.store), (Some("resp_1"), Some(false)));
        assert_eq!(&body[thread.input.unwrap()], "[1]");
        assert_eq!(read(r#"{"previous_response_id":7}"#).unwrap_err().param.as_deref(), Some("previous_response_id"));
        assert_eq!(read(r#"{"store":1}"#).unwrap_err().param.as_deref(), Some("store"));
        assert_eq!(read("{}").unwrap(), Thread::default());
    }

    #[test]
    fn an_input_is_a_list_of_items() {
        let text = r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"h\u0069"}]}"#;
        assert_eq!(items_of(r#""h\u0069""#).unwrap(), [text]);
        assert_eq!(items_of(r#"[{"a": 1.0}, 2]"#).unwrap(), [r#"{"a": 1.0}"#, "2"]);
        assert!(items_of("7").is_err());
        assert_eq!(join_items(&[r#"{"a": 1.0}"#, "2"]), br#"[{"a": 1.0},2]"#);
    }
}
