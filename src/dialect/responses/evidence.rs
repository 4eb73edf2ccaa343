//! What an answer rests on and what it shows: annotations, searches and pictures of this protocol, and their canonical
//! forms.
//!
//! Source: platform.openai.com, "Responses" (`url_citation`, `web_search_call`, `image_generation_call`).

use super::object::json;
use super::wire::{Count, Str};
use crate::canonical::{Citation, Json, Media, MediaKind, Own, Page, Part, Said, Search, Source, own};
use crate::types::Protocol;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Note<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Str<'a>>,
    #[serde(borrow, default)]
    url: Option<Str<'a>>,
    #[serde(borrow, default)]
    title: Option<Str<'a>>,
    #[serde(default)]
    start_index: Count,
    #[serde(default)]
    end_index: Count,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    id: Option<Str<'a>>,
    #[serde(borrow, default)]
    action: Option<Action<'a>>,
    #[serde(borrow, default)]
    result: Option<Str<'a>>,
    #[serde(borrow, default)]
    output_format: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Action<'a> {
    #[serde(borrow)]
    query: Option<Str<'a>>,
    #[serde(borrow)]
    queries: Option<Vec<Str<'a>>>,
    /// The page that was opened.
    #[serde(borrow)]
    url: Option<Str<'a>>,
    #[serde(borrow)]
    sources: Option<Vec<Found<'a>>>,
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow, default)]
    url: Option<Str<'a>>,
}

fn owned(text: Option<Str<'_>>) -> Option<String> {
    text.map(|Str(text)| text.into_owned()).filter(|text| !text.is_empty())
}

/// What a text's annotations come to: citations of pages, and the others as they are.
pub(super) fn annotations(list: &RawValue, said: Said) -> Vec<Part> {
    let (mut parts, mut others) = (Vec::new(), Vec::new());
    for raw in serde_json::from_str::<Vec<&RawValue>>(list.get()).unwrap_or_default() {
        match citation(raw, said) {
            Some(citation) => parts.push(Part::Citation(citation)),
            None => others.push(raw.get()),
        }
    }
    if !others.is_empty() {
        let rest = Json::parse(format!(r#"{{"type":"annotations","annotations":[{}]}}"#, others.join(",")));
        parts.extend(rest.ok().map(|raw| Part::Opaque { from: Protocol::Responses, raw }));
    }
    parts
}

fn citation(raw: &RawValue, said: Said) -> Option<Citation> {
    let note: Note<'_> = serde_json::from_str(raw.get()).ok()?;
    (note.kind?.0 == "url_citation").then_some(())?;
    let range = note.start_index.0.zip(note.end_index.0).map(|(from, to)| said.range(from, to));
    Some(Citation { url: owned(note.url)?, title: owned(note.title), quoted: None, range, own: None })
}

/// What an item comes to that is neither words nor a call of the caller's.
pub(super) fn item(kind: &str, raw: &RawValue) -> Part {
    let known = serde_json::from_str::<Call<'_>>(raw.get()).ok().and_then(|call| match kind {
        "web_search_call" => Some(Part::Search(search(call, raw))),
        "image_generation_call" => picture(call),
        _ => None,
    });
    known.unwrap_or_else(|| Part::Opaque { from: Protocol::Responses, raw: Json(raw.to_owned()) })
}

fn search(call: Call<'_>, raw: &RawValue) -> Search {
    let action = call.action.unwrap_or_default();
    let mut queries: Vec<String> = action.queries.into_iter().flatten().map(|Str(query)| query.into_owned()).collect();
    if let Some(query) = owned(action.query).filter(|query| !queries.contains(query)) {
        queries.insert(0, query);
    }
    let sources = action.sources.into_iter().flatten().filter_map(|found| owned(found.url));
    let pages = owned(action.url).into_iter().chain(sources).map(|url| Page { url, title: None }).collect();
    let own = Some(Own { from: Protocol::Responses, raw: Json(raw.to_owned()) });
    Search { id: owned(call.id).unwrap_or_default(), queries, pages, own }
}

fn picture(call: Call<'_>) -> Option<Part> {
    let format = owned(call.output_format).unwrap_or_else(|| "png".to_owned());
    let source = Source::Base64(owned(call.result)?);
    let mime = Some(format!("image/{format}"));
    Some(Part::Media(Media { kind: MediaKind::Image, mime, source, name: None, detail: None, cache: None }))
}

/// An annotation of a text that begins at `begin` of all words and has `length` characters.
pub(super) fn annotation(citation: &Citation, begin: u64, length: u64) -> String {
    let within = |place: u64| place.saturating_sub(begin).min(length);
    let (from, to) = citation.range.map_or((0, length), |(from, to)| (within(from), within(to)));
    let title = citation.title.as_deref().unwrap_or_default();
    format!(
        r#"{{"type":"url_citation","url":{},"title":{},"start_index":{from},"end_index":{to}}}"#,
        json(&citation.url),
        json(title)
    )
}

/// The item of a search.
pub(super) fn search_item(search: &Search, id: &str) -> String {
    if let Some(raw) = own(search.own.as_ref(), Protocol::Responses) {
        return raw.get().to_owned();
    }
    let source = |page: &Page| format!(r#"{{"type":"url","url":{}}}"#, json(&page.url));
    let sources: Vec<String> = search.pages.iter().map(source).collect();
    format!(
        r#"{{"id":{},"type":"web_search_call","status":"completed","action":{{"type":"search","query":{},"queries":{},"sources":[{}]}}}}"#,
        json(id),
        json(search.queries.first().map_or("", String::as_str)),
        json(&search.queries),
        sources.join(",")
    )
}

/// The item of a picture; none where its bytes are not at hand, and for sounds.
pub(super) fn picture_item(media: &Media, id: &str) -> Option<String> {
    let (MediaKind::Image, Source::Base64(data)) = (media.kind, &media.source) else { return None };
    let format = media.mime.as_deref().and_then(|mime| mime.strip_prefix("image/")).unwrap_or("png");
    Some(format!(
        r#"{{"id":{},"type":"image_generation_call","status":"completed","output_format":{},"result":{}}}"#,
        json(id),
        json(format),
        json(data)
    ))
}
