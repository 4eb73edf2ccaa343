//! The page: one table a caller.

use super::{Caller, Fate, PROVIDERS, answered, asked, sealed};
use optscale_ai::types::Protocol;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const HEAD: &str = "\
# What goes from which caller to which provider

Any caller protocol reaches any provider. A table for each caller says what becomes of what it asks for, and of what
the provider answers. Each cell is what came out when the feature was run through the translation: answers whole and as
a stream, where `whole/stream` stands in a cell if they differ. Between the same protocol on both sides bytes go on as
they came.

| word | meaning |
|---|---|
| yes | carried, in the other protocol's own way |
| other | carried in another way that comes to the same |
| named | left out, and named in `x-optscale-dropped` (before a stream) and in the trace |
| refused | the call is refused with `unsupported_feature`, because leaving it out would change what is asked |
| (empty) | one of both sides has no such thing |

This page is written by `tests/matrix.rs`, which fails where something would be lost without a word. What single vendors
lack of a protocol stands in [providers](providers.md).
";

/// The page as it should be.
pub fn written() -> String {
    let mut page = HEAD.to_owned();
    for caller in Caller::ALL {
        write!(page, "\n## Callers of {}\n", title(caller)).unwrap();
        table(&mut page, "asks for", asks(caller));
        table(&mut page, "gets", answers(caller));
    }
    page
}

/// Compares the page with the one that is kept, or writes that anew.
pub fn compare(fresh: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/matrix.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&file, fresh).unwrap();
    }
    let stored = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == fresh,
        "docs/matrix.md is not what comes out; rewrite it: UPDATE_GENERATED=1 cargo test --test matrix"
    );
}

fn title(caller: Caller) -> &'static str {
    match caller {
        Caller::Chat => "OpenAI `chat/completions`",
        Caller::Completions => "OpenAI `completions`",
        Caller::Responses => "OpenAI `responses`",
        Caller::Anthropic => "Anthropic `messages`",
        Caller::Gemini => "Gemini `generateContent`",
        Caller::Ollama => "Ollama `api/chat`",
    }
}

fn heading(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Openai => "OpenAI",
        Protocol::Responses => "Responses",
        Protocol::Anthropic => "Anthropic",
        Protocol::Gemini => "Gemini",
        Protocol::Ollama => "Ollama",
        Protocol::Cohere => "Cohere",
    }
}

/// A feature's name, and the words of its cells.
type Row = (&'static str, Vec<String>);

fn table(page: &mut String, what: &str, rows: Vec<Row>) {
    write!(page, "\n| {what} |").unwrap();
    PROVIDERS.iter().for_each(|protocol| write!(page, " {} |", heading(*protocol)).unwrap());
    write!(page, "\n|---|{}\n", "---|".repeat(PROVIDERS.len())).unwrap();
    for (name, cells) in rows.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())) {
        writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
}

fn asks(caller: Caller) -> Vec<Row> {
    let row = |ask: asked::Ask| {
        let cell = |protocol: &Protocol| word(super::asked(&ask, caller, *protocol).0).to_owned();
        (ask.name, PROVIDERS.iter().map(cell).collect())
    };
    let mut rows: Vec<Row> = asked::all().into_iter().map(row).collect();
    let cell = |protocol: &Protocol| word(sealed::round(caller, *protocol).0).to_owned();
    rows.push(("thoughts sent back with their seals", PROVIDERS.iter().map(cell).collect()));
    rows
}

fn answers(caller: Caller) -> Vec<Row> {
    let row = |answer: answered::Answer| {
        let cell = |protocol: &Protocol| match super::answered(&answer, caller, *protocol).map(|(fate, _)| word(fate)) {
            [whole, streamed] if whole == streamed => whole.to_owned(),
            [whole, streamed] => format!("{whole}/{streamed}"),
        };
        (answer.name, PROVIDERS.iter().map(cell).collect())
    };
    answered::all().into_iter().map(row).collect()
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Carried => "yes",
        Fate::Otherwise => "other",
        Fate::Named => "named",
        Fate::Refused => "refused",
        Fate::Absent => "",
        Fate::Lost => "LOST",
    }
}
