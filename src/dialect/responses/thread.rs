//! How a request goes on from an earlier answer, and whether its own may be gone on from.

use super::output::Response;
use super::wire::{Obj, Str, Val, span_of, to_vec};
use crate::canonical::Complaint;
use crate::dialect::{Span, Thread};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

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

/// Whether a body looks like a request of this protocol and of no other: it has an `input` and no `messages`.
pub fn is_request(body: &str) -> bool {
    Obj::of_body(body).is_ok_and(|top| top.find("input").is_some() && top.find("messages").is_none())
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

/// The id of an answer.
pub fn id_of(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Known<'a> {
        #[serde(borrow)]
        id: Str<'a>,
    }
    let Known { id: Str(id) } = serde_json::from_slice(answer).ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

/// The items of an answer's output.
pub fn output_of(answer: &[u8]) -> Vec<String> {
    let response: Option<Response<'_>> = serde_json::from_slice(answer).ok();
    let output = response.and_then(|response| response.output).unwrap_or_default();
    output.into_iter().map(|item| item.get().to_owned()).collect()
}

/// The request that says all of what it goes on from: earlier items stand before its own, and it names no
/// earlier answer and no wish to keep its own, which only a provider that keeps answers understands.
///
/// # Errors
/// As [`items_of`].
pub fn gone_on(body: &str, thread: &Thread, earlier: &[String]) -> Result<Vec<u8>, Complaint> {
    let mut edits: Vec<(Span, Vec<u8>)> = Vec::new();
    edits.extend(thread.previous_member.clone().map(|span| (span, Vec::new())));
    edits.extend(thread.store_member.clone().map(|span| (span, Vec::new())));
    if !earlier.is_empty() {
        let own = thread.input.clone().and_then(|span| body.get(span)).map_or(Ok(Vec::new()), items_of)?;
        let all: Vec<&String> = earlier.iter().chain(&own).collect();
        match thread.input.clone() {
            Some(span) => edits.push((span, join_items(&all))),
            None => {
                let first = body.find('{').map_or(0, |brace| brace + 1);
                edits.push((first..first, [b"\"input\":".as_slice(), &join_items(&all), b","].concat()));
            }
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut written = Vec::with_capacity(body.len());
    let mut from = 0;
    for (span, text) in edits {
        written.extend_from_slice(body.as_bytes().get(from..span.start).unwrap_or_default());
        written.extend_from_slice(&text);
        from = span.end;
    }
    written.extend_from_slice(body.as_bytes().get(from..).unwrap_or_default());
    Ok(written)
}

/// How a list of items is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// At most so many; 20 unless said, at most 100.
    pub limit: Option<usize>,
    /// Behind the item with this id.
    pub after: Option<String>,
    /// The oldest first.
    pub ascending: bool,
}

/// A page of the items that a request brought, as `input_items` lists them. Items have ids there.
pub fn page_of(answer_id: &str, input: &[u8], paging: &Paging) -> Bytes {
    let items: Vec<Value> = serde_json::from_slice(input).unwrap_or_default();
    let stem = answer_id.strip_prefix("resp_").unwrap_or(answer_id);
    let named = |(place, mut item): (usize, Value)| {
        let own = item.get("id").and_then(Value::as_str).is_some();
        if let Some(members) = item.as_object_mut().filter(|_| !own) {
            members.insert("id".to_owned(), format!("item_{stem}_{place}").into());
            members.entry("type").or_insert_with(|| "message".into());
        }
        item
    };
    let mut items: Vec<Value> = items.into_iter().enumerate().map(named).collect();
    if !paging.ascending {
        items.reverse();
    }
    let start = paging.after.as_deref().and_then(|after| items.iter().position(|item| item["id"] == after));
    let items = items.split_off(start.map_or(0, |place| place + 1));
    let limit = paging.limit.unwrap_or(20).clamp(1, 100);
    let has_more = items.len() > limit;
    let page: Vec<&Value> = items.iter().take(limit).collect();
    let id = |item: Option<&&Value>| item.map(|item| item["id"].clone()).unwrap_or_default();
    let (first, last) = (id(page.first()), id(page.last()));
    let list = json!({"object": "list", "data": page, "first_id": first, "last_id": last, "has_more": has_more});
    to_vec(&list).into()
}

/// What a caller hears whose answer was removed.
pub fn removed(id: &str) -> Bytes {
    to_vec(&json!({"id": id, "object": "response", "deleted": true})).into()
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

    #[test]
    fn a_request_says_all_that_it_goes_on_from() {
        let earlier = [r#"{"a": 1}"#.to_owned(), "2".to_owned()];
        let body = r#"{"previous_response_id":"r","model":"m", "input":[3] ,"store":true}"#;
        let thread = read(body).unwrap();
        let written = gone_on(body, &thread, &earlier).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), r#"{"model":"m", "input":[{"a": 1},2,3] }"#);
        let bare = r#"{"model":"m","previous_response_id":"r"}"#;
        let written = gone_on(bare, &read(bare).unwrap(), &earlier).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), r#"{"input":[{"a": 1},2],"model":"m"}"#);
    }

    #[test]
    fn items_are_listed_in_pages() {
        let input =
            br#"[{"role":"user","content":"a"},{"type":"function_call","id":"fc_1"},{"role":"user","content":"b"}]"#;
        let page = |paging: Paging| serde_json::from_slice::<Value>(&page_of("resp_x", input, &paging)).unwrap();
        let first = page(Paging { limit: Some(2), ..Paging::default() });
        assert_eq!((&first["first_id"], &first["last_id"]), (&json!("item_x_2"), &json!("fc_1")));
        assert_eq!((&first["has_more"], &first["data"][0]["type"]), (&json!(true), &json!("message")));
        let second = page(Paging { after: Some("fc_1".to_owned()), ..Paging::default() });
        assert_eq!((&second["data"][0]["content"], &second["has_more"]), (&json!("a"), &json!(false)));
        assert_eq!(page(Paging { ascending: true, ..Paging::default() })["first_id"], "item_x_0");
    }

    #[test]
    fn an_answer_tells_its_id_and_its_items() {
        let answer = br#"{"id":"resp_1","output":[{"type":"message"}]}"#;
        assert_eq!(
            (id_of(answer).as_deref(), output_of(answer)),
            (Some("resp_1"), vec![r#"{"type":"message"}"#.to_owned()])
        );
        assert_eq!((id_of(b"{}"), output_of(b"[]")), (None, Vec::new()));
    }
}
