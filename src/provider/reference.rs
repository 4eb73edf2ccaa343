//! The reference page of the vendors, written from their data.

use super::{Kind, Setting, kinds};
use crate::records::{Auth, LimitField, Quirks};

const HEAD: &str = include_str!("reference.md");

/// The whole of `docs/providers.md`.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    page.push_str(
        "\n## Kinds\n\n| kind | vendor | base URL | signed by | key looked for in |\n|---|---|---|---|---|\n",
    );
    kinds().iter().for_each(|kind| page.push_str(&row(kind)));
    page.push_str("\n## Notes\n\n");
    kinds().iter().for_each(|kind| page.push_str(&notes(kind)));
    page.push_str("\n## Settings\n\nGiven with `--set NAME=VALUE`; `provider kinds KIND` shows the same.\n\n");
    page.push_str("| kind | setting | default | looked for in | what it is |\n|---|---|---|---|---|\n");
    kinds().iter().for_each(|kind| kind.settings.iter().for_each(|setting| page.push_str(&setting_row(kind, setting))));
    page
}

fn row(kind: &Kind) -> String {
    let base_url = match &kind.base_url {
        Some(_) if kind.is_sandbox() => "none, built in".to_owned(),
        Some(url) => code(&url.replace(['{', '}'], "*")),
        None => "given with `--base-url`".to_owned(),
    };
    let signed = match &kind.auth {
        Auth::Bearer => code("Authorization: Bearer"),
        Auth::Header(name) => code(name),
        Auth::Aws => "Signature Version 4, or `Authorization: Bearer`".to_owned(),
        Auth::Google => "a token of Google Cloud, or `x-goog-api-key`".to_owned(),
        Auth::Azure => "`api-key`, or a token of Microsoft Entra".to_owned(),
        Auth::None => "nothing".to_owned(),
    };
    let optional = if kind.needs_secret || kind.auth == Auth::None { "" } else { " (optional)" };
    let variables: Vec<String> = kind.api_key_env.iter().chain(&kind.key_file_env).map(|name| code(name)).collect();
    let (name, title) = (code(&kind.name), &kind.title);
    format!("| {name} | {title} | {base_url} | {signed}{optional} | {} |\n", variables.join(", "))
}

fn setting_row(kind: &Kind, setting: &Setting) -> String {
    let default = match (&setting.default, setting.required) {
        (Some(default), _) => code(default),
        (None, true) if setting.address_only => "must be given, or `--base-url`".to_owned(),
        (None, true) => "must be given".to_owned(),
        (None, false) => String::new(),
    };
    let variables: Vec<String> = setting.env.iter().map(|name| code(name)).collect();
    let (kind, name) = (code(&kind.name), code(&setting.written()));
    format!("| {kind} | {name} | {default} | {} | {} |\n", variables.join(", "), setting.help)
}

/// One line, with a link to where a key is made or the server is explained.
fn notes(kind: &Kind) -> String {
    let mut said: Vec<String> = kind.note.iter().cloned().collect();
    said.extend(departures(&kind.quirks));
    if kind.docs.starts_with("https://") {
        said.push(format!("<{}>", kind.docs));
    }
    format!("- `{}`: {}\n", kind.name, said.join(" "))
}

/// What a vendor does otherwise than the rest, one sentence each.
fn departures(quirks: &Quirks) -> Vec<String> {
    let mut said = Vec::new();
    if quirks.limit_field == LimitField::MaxCompletionTokens {
        said.push("Answers are limited by `max_completion_tokens`.".to_owned());
    }
    if quirks.developer_role {
        said.push("Instructions have the role `developer`.".to_owned());
    }
    if !quirks.stream_usage {
        said.push("Streams report usage unasked.".to_owned());
    }
    if !quirks.json_schema {
        said.push("Structured answers are JSON objects without a schema.".to_owned());
    }
    if !quirks.unsupported.is_empty() {
        let fields: Vec<String> = quirks.unsupported.iter().map(|field| code(field)).collect();
        said.push(format!("Not taken: {}.", fields.join(", ")));
    }
    said
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_row() {
        let page = reference();
        for kind in kinds() {
            assert!(page.contains(&format!("| `{}` | {} |", kind.name, kind.title)), "{}", kind.name);
        }
        assert!(page.ends_with('\n') && !page.contains("  \n") && !page.contains("\n\n\n"));
    }
}
