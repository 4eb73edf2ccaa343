//! A member of a JSON body, set wherever it stands; everything else stays byte for byte.

use super::json::{Obj, span_of};
use crate::canonical::Complaint;

/// Whether the body has a member of that name at its top.
pub fn has_member(body: &str, name: &str) -> bool {
    Obj::of_body(body).is_ok_and(|mut top| top.take(name).is_some())
}

/// The body with a member set, which a path of names leads to; objects on the way are made where they are missing.
///
/// # Errors
/// [`crate::canonical::Code::InvalidRequest`] where the body is no JSON object.
pub fn with_member(body: &str, path: &[&str], value: &str) -> Result<String, Complaint> {
    let Some((name, rest)) = path.split_first() else { return Ok(value.to_owned()) };
    let mut top = Obj::of_body(body)?;
    if let Some(found) = top.take(name) {
        let span = span_of(body, found.raw);
        let inner = if rest.is_empty() || !found.is_object() {
            nested(rest, value)
        } else {
            with_member(&body[span.clone()], rest, value)?
        };
        return Ok(format!("{}{inner}{}", &body[..span.start], &body[span.end..]));
    }
    let open = body.find('{').map_or(0, |at| at + 1);
    let comma = if body[open..].trim_start().starts_with('}') { "" } else { "," };
    let quoted = serde_json::to_string(name).unwrap_or_default();
    Ok(format!("{}{quoted}:{}{comma}{}", &body[..open], nested(rest, value), &body[open..]))
}

/// A value within objects of these names.
fn nested(path: &[&str], value: &str) -> String {
    path.iter().rev().fold(value.to_owned(), |inner, name| {
        format!("{{{}:{inner}}}", serde_json::to_string(name).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_set_in_place_or_put_in() {
        let set = |body: &str, path: &[&str], value: &str| with_member(body, path, value).unwrap_or_default();
        assert_eq!(set(r#"{ "a": 1.50, "b":2}"#, &["a"], "3"), r#"{ "a": 3, "b":2}"#);
        assert_eq!(set(r#"{"b":2}"#, &["a"], "\"x\""), r#"{"a":"x","b":2}"#);
        assert_eq!(set("{ }", &["o", "n"], "1"), r#"{"o":{"n":1} }"#);
        assert_eq!(set(r#"{"o":{"m":0}}"#, &["o", "n"], "1"), r#"{"o":{"n":1,"m":0}}"#);
        assert!(with_member("[]", &["a"], "1").is_err());
        assert!(has_member(r#"{"a":1}"#, "a") && !has_member(r#"{"b":{"a":1}}"#, "a"));
    }
}
