//! Edits a request of this dialect for its target and leaves all other bytes alone.

use super::wire::{Obj, Val, span_of};
use crate::body::Body;
use crate::dialect::{Peek, Target};
use crate::types::Task;
use std::ops::Range;

/// Names the target's model, and asks for usage in streams where the caller did not.
pub(super) fn splice(task: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
    if peek.model.value != target.model {
        body.replace(peek.model.span.clone(), super::wire::to_vec(&target.model));
    }
    let streams = peek.stream && matches!(task, Task::Chat | Task::Completion);
    if streams && !peek.include_usage && target.quirks.stream_usage {
        ask_for_usage(body, peek);
    }
}

const OPTIONS: &str = r#"{"include_usage":true}"#;

fn ask_for_usage(body: &mut Body, peek: &Peek) {
    let Some(span) = peek.stream_options.clone() else {
        // The body has at least `model`, so a comma always follows.
        body.insert(peek.first_member, format!(r#""stream_options":{OPTIONS},"#));
        return;
    };
    let bytes = body.original().clone();
    let options = bytes.get(span.clone()).and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or_default();
    match flag(options) {
        Some(flag) => body.replace(span.start + flag.start..span.start + flag.end, "true"),
        None if options.starts_with('{') => {
            let comma = if options[1..].trim_start().starts_with('}') { "" } else { "," };
            body.insert(span.start + 1, format!(r#""include_usage":true{comma}"#))
        }
        None => body.replace(span, OPTIONS),
    };
}

/// Where the value of `include_usage` stands in the options, if it does.
fn flag(options: &str) -> Option<Range<usize>> {
    let object = Obj::of_body(options).ok()?;
    let Val { raw, .. } = object.find("include_usage")?;
    Some(span_of(options, raw))
}

#[cfg(test)]
mod tests {
    use super::super::peek::peek;
    use super::*;
    use crate::records::Quirks;
    use proptest::prelude::*;

    fn spliced(body: &str, model: &str, quirks: &Quirks) -> String {
        let peek = peek(Task::Chat, body).unwrap();
        let mut edited = Body::new(bytes::Bytes::copy_from_slice(body.as_bytes()));
        splice(Task::Chat, &mut edited, &peek, &Target { model, max_output_tokens: None, quirks });
        String::from_utf8(edited.finish().to_vec()).unwrap()
    }

    #[test]
    fn asks_for_usage_and_keeps_what_stands_there() {
        for (body, expected) in [
            (
                r#"{ "model": "p/m", "stream": true}"#,
                r#"{"stream_options":{"include_usage":true}, "model": "m", "stream": true}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{"include_obfuscation":false}}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{ "x":1, "include\u005fusage" : false }}"#,
                r#"{"model":"m","stream":true,"stream_options":{ "x":1, "include\u005fusage" : true }}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{ }}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true }}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":null}}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"m","stream":true,"stream_options":null}"#,
                r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
            ),
        ] {
            assert_eq!(spliced(body, "m", &Quirks::default()), expected);
        }
    }

    #[test]
    fn vendors_without_stream_options_get_none() {
        let body = r#"{"model":"m","stream":true}"#;
        assert_eq!(spliced(body, "m", &Quirks { stream_usage: false, ..Quirks::default() }), body);
    }

    #[test]
    fn model_names_are_escaped() {
        assert_eq!(spliced(r#"{"model":"x"}"#, "a\"b", &Quirks::default()), r#"{"model":"a\"b"}"#);
    }

    proptest! {
        #[test]
        fn nothing_to_change_changes_nothing(
            space in "[ \n\t]{0,3}", text in "\\PC{0,20}", number in "-?[1-9][0-9]{0,20}(\\.[0-9]{1,20})?(e5)?",
        ) {
            let text = serde_json::to_string(&text).unwrap();
            let body = format!(
                "{space}{{{space}\"zz\":{number},{space}\"model\"{space}:\"m\",\"messages\":[{{\"content\":{text}}}]}}{space}"
            );
            prop_assert_eq!(spliced(&body, "m", &Quirks::default()), body);
        }
    }
}
