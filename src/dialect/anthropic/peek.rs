//! The fields that decisions rest on, and the edit that names the target's model.
//!
//! One pass over the top of the body; what stands below is passed over unread. Names are compared
//! unescaped, so that `"\u006dodel"` is `model` here as it is at the provider.

use super::brief;
use super::wire::{At, Members, boolean, count, encode, list, span, string};
use crate::body::Body;
use crate::canonical::Complaint;
use crate::dialect::{Field, Peek, Target};
use crate::types::Task;
use serde_json::value::RawValue;

/// The fields that may stand there once.
const DECISIVE: [&str; 4] = ["model", "stream", "max_tokens", "tools"];

/// Reads the fields that decisions rest on.
pub(super) fn peek(task: Task, body: &str) -> Result<Peek, Complaint> {
    match brief::peek(task, body) {
        Some(peek) => Ok(peek),
        None => in_full(task, body),
    }
}

fn in_full(task: Task, body: &str) -> Result<Peek, Complaint> {
    let top = At::Top;
    let mut members = Members::lenient(body, &top)?;
    let mut take = |name| take_once(&mut members, name);
    let [model, stream, limit, tools] = DECISIVE.map(&mut take);
    let (model, stream, limit, tools) = (model?, stream?, limit?, tools?);
    let model = model.ok_or_else(|| top.member("model").invalid("is missing"))?;
    let name = string(model, &top.member("model"))?;
    if name.is_empty() {
        return Err(top.member("model").invalid("is empty"));
    }
    if limit.is_none() && task == Task::Chat {
        return Err(top.member("max_tokens").invalid("is missing: messages need a limit on the answer"));
    }
    let limit = limit.map(|raw| field(body, raw, count(raw, &top.member("max_tokens")))).transpose()?;
    Ok(Peek {
        model: field(body, model, Ok(name))?,
        stream: stream.map(|raw| boolean(raw, &top.member("stream"))).transpose()?.unwrap_or(false),
        include_usage: true,
        stream_options: None,
        max_output_tokens: limit,
        n: 1,
        tools: tools.map(|raw| list(raw, &top.member("tools"))).transpose()?.is_some_and(|tools| !tools.is_empty()),
        first_member: body.find('{').map_or(0, |brace| brace + 1),
    })
}

fn take_once<'a>(members: &mut Members<'a>, name: &str) -> Result<Option<&'a RawValue>, Complaint> {
    if members.0.iter().filter(|(other, _)| other == name).count() > 1 {
        return Err(At::Top.member(name).invalid("stands there twice"));
    }
    Ok(members.take(name))
}

fn field<T>(body: &str, raw: &RawValue, value: Result<T, Complaint>) -> Result<Field<T>, Complaint> {
    Ok(Field { value: value?, span: span(body, raw.get()) })
}

/// Names the target's model, and changes nothing else. At a cloud the body names it only where tokens are counted.
pub(super) fn splice(task: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
    let is_named = target.quirks.hosted.is_none() || task == Task::CountTokens;
    if is_named && peek.model.value != target.model {
        body.replace(peek.model.span.clone(), encode(target.model));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Code;
    use crate::records::Quirks;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn fault(body: &str) -> String {
        let complaint = peek(Task::Chat, body).unwrap_err();
        assert_eq!(complaint.code, Code::InvalidRequest);
        complaint.param.unwrap()
    }

    fn spliced(body: &str, model: &str) -> Bytes {
        let peek = peek(Task::Chat, body).unwrap();
        let mut edited = Body::new(Bytes::copy_from_slice(body.as_bytes()));
        let quirks = Quirks::default();
        splice(Task::Chat, &mut edited, &peek, &Target { model, max_output_tokens: None, quirks: &quirks });
        edited.finish()
    }

    #[test]
    fn reads_every_decisive_field() {
        let body = r#" {"max_tokens": 16, "tools":[{}], "messages":[{"model":"no"}], "model" : "a/b","stream":true}"#;
        let peek = peek(Task::Chat, body).unwrap();
        assert_eq!((peek.model.value.as_str(), &body[peek.model.span.clone()]), ("a/b", "\"a/b\""));
        let limit = peek.max_output_tokens.unwrap();
        assert_eq!((limit.value, &body[limit.span]), (16, "16"));
        assert!(peek.stream && peek.tools && peek.include_usage);
        assert_eq!(&body[..peek.first_member], " {");
    }

    #[test]
    fn faults_are_named_by_place() {
        assert_eq!(fault(r#"{"max_tokens":1}"#), "model");
        assert_eq!(fault(r#"{"model":"","max_tokens":1}"#), "model");
        assert_eq!(fault(r#"{"model":7,"max_tokens":1}"#), "model");
        assert_eq!(fault(r#"{"model":"m"}"#), "max_tokens");
        assert_eq!(fault(r#"{"model":"m","max_tokens":-1}"#), "max_tokens");
        assert_eq!(fault(r#"{"model":"m","max_tokens":"1"}"#), "max_tokens");
        assert_eq!(fault(r#"{"model":"m","max_tokens":1,"stream":"yes"}"#), "stream");
        assert_eq!(fault(r#"{"model":"m","max_tokens":1,"tools":{}}"#), "tools");
        assert_eq!(fault(r#"{"model":"m","max_tokens":1,"\u006dodel":"n"}"#), "model");
        assert_eq!(fault(r#"{"model":"m","max_tokens":1,"stream":null,"stream":true}"#), "stream");
        for broken in ["", "[]", "null", "{", r#"{"model":"m","max_tokens":1} x"#, "\u{feff}{}"] {
            assert_eq!(fault(broken), "", "{broken}");
        }
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        assert_eq!(peek(Task::Chat, r#"{"\u006dodel":"m","max_tokens":1}"#).unwrap().model.value, "m");
    }

    #[test]
    fn counting_needs_no_limit() {
        assert_eq!(peek(Task::CountTokens, r#"{"model":"m"}"#).unwrap().max_output_tokens, None);
    }

    #[test]
    fn only_the_model_is_replaced() {
        let body = r#"{"x":1.0,"model":"p/m\u0021", "max_tokens":1}"#;
        assert_eq!(spliced(body, "m\"2"), r#"{"x":1.0,"model":"m\"2", "max_tokens":1}"#);
        assert_eq!(spliced(body, "p/m!"), body);
    }

    proptest! {
        #[test]
        fn nothing_to_change_changes_nothing(space in "[ \n\t]{0,3}", key in "[a-z\\\\u00e9]{0,8}", number in any::<f64>()) {
            prop_assume!(number.is_finite() && !["model", "stream", "tools"].contains(&key.as_str()));
            let key = encode(&key);
            let body = format!("{space}{{{space}{key}:{number:e},\"model\"{space}:\"m\",\"max_tokens\":1{space}}}{space}");
            prop_assert_eq!(spliced(&body, "m"), body);
        }

        #[test]
        fn no_body_panics(body in any::<String>(), cut in 0usize..60) {
            let _ = peek(Task::Chat, &body);
            let whole = r#"{"model":"m","max_tokens":1,"stream":true,"tools":[{"a":1}]}"#;
            let _ = peek(Task::Chat, whole.get(..cut.min(whole.len())).unwrap());
        }
    }
}
