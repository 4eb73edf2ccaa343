//! What an answer rests on and what it shows: annotations, pages that were found, pictures and speech, and their
//! canonical forms.
//!
//! Source: platform.openai.com, "Chat completions" (`annotations`, `audio`); openrouter.ai, "Image generation" (`images`);
//! docs.perplexity.ai and docs.x.ai (`citations`, `search_results`).

use super::wire::Count;
use super::words::Words;
use crate::canonical::{Citation, Json, Media, MediaKind, Page, Part, Search, Source};
use crate::types::{Protocol, Time};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Note<'a> {
    #[serde(borrow, default)]
    url_citation: Option<Cited<'a>>,
}

#[derive(Deserialize)]
struct Cited<'a> {
    #[serde(borrow, default)]
    url: Words<'a>,
    #[serde(borrow, default)]
    title: Words<'a>,
    /// The page's words, which only some vendors give.
    #[serde(borrow, default)]
    content: Words<'a>,
    #[serde(default)]
    start_index: Count,
    #[serde(default)]
    end_index: Count,
}

#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    image_url: Address<'a>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    url: Words<'a>,
}

/// A sound, or a piece of one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Spoken<'a> {
    #[serde(borrow)]
    data: Words<'a>,
    /// What is said in it.
    #[serde(borrow)]
    pub(super) transcript: Words<'a>,
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    url: Words<'a>,
    #[serde(borrow, default)]
    title: Words<'a>,
}

fn some(words: &Words<'_>) -> Option<String> {
    (!words.is_empty()).then(|| words.joined().into_owned())
}

/// What an entry of a list beside the words comes to.
pub(super) fn read(name: &'static str, raw: &RawValue) -> Option<Part> {
    let known = match name {
        "annotations" => serde_json::from_str::<Note<'_>>(raw.get()).ok().and_then(citation).map(Part::Citation),
        "images" => serde_json::from_str::<Shown<'_>>(raw.get()).ok().map(|shown| Part::Media(picture(&shown))),
        _ => None,
    };
    known.or_else(|| opaque(name, raw))
}

fn opaque(name: &str, raw: &RawValue) -> Option<Part> {
    let raw = Json::parse(format!("{{\"{name}\":[{}]}}", raw.get())).ok()?;
    Some(Part::Opaque { from: Protocol::Openai, raw })
}

fn citation(note: Note<'_>) -> Option<Citation> {
    let cited = note.url_citation?;
    Some(Citation {
        url: some(&cited.url)?,
        title: some(&cited.title),
        quoted: some(&cited.content),
        range: cited.start_index.0.zip(cited.end_index.0),
        own: None,
    })
}

fn picture(shown: &Shown<'_>) -> Media {
    let url = shown.image_url.url.joined().into_owned();
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let (mime, source) = match inline {
        Some((mime, data)) => (Some(mime.to_owned()), Source::Base64(data.to_owned())),
        None => (None, Source::Url(url)),
    };
    Media { kind: MediaKind::Image, mime, source, name: None, detail: None, cache: None }
}

impl Spoken<'_> {
    /// Reads `audio`; none where it is of a shape that nobody knows.
    pub(super) fn read(raw: &RawValue) -> Option<Spoken<'_>> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The sound of it.
    pub(super) fn sound(&self) -> Option<Part> {
        let data = some(&self.data)?;
        let mime = Some(heard(&data).to_owned());
        let source = Source::Base64(data);
        Some(Part::Media(Media { kind: MediaKind::Audio, mime, source, name: None, detail: None, cache: None }))
    }
}

/// The media type that the first bytes tell: an answer does not say in which format it was asked for. Streams have bare
/// samples.
fn heard(data: &str) -> &'static str {
    let known = [
        ("UklGR", "audio/wav"),
        ("SUQz", "audio/mpeg"),
        ("//", "audio/mpeg"),
        ("T2dn", "audio/ogg"),
        ("ZkxhQ", "audio/flac"),
    ];
    known.into_iter().find(|(start, _)| data.starts_with(start)).map_or("audio/pcm;rate=24000", |(_, mime)| mime)
}

/// The pages that a vendor says it found: of both lists, the one with titles.
pub(super) fn searched<'a>(lists: impl Iterator<Item = &'a str>) -> Option<Search> {
    let mut pages: Vec<Page> = Vec::new();
    for list in lists {
        let entries: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
        let found: Vec<Page> = entries.into_iter().filter_map(page).collect();
        if found.len() > pages.len() || found.iter().any(|page| page.title.is_some()) {
            pages = found;
        }
    }
    (!pages.is_empty()).then(|| Search { pages, ..Search::default() })
}

fn page(raw: &RawValue) -> Option<Page> {
    if raw.get().starts_with('"') {
        return Some(Page { url: serde_json::from_str(raw.get()).ok()?, title: None });
    }
    let found: Found<'_> = serde_json::from_str(raw.get()).ok()?;
    Some(Page { url: some(&found.url)?, title: some(&found.title) })
}

/// An annotation as it is written.
#[derive(Serialize)]
pub(super) struct Annotation<'a> {
    r#type: &'static str,
    url_citation: Written<'a>,
}

#[derive(Serialize)]
struct Written<'a> {
    end_index: u64,
    start_index: u64,
    title: &'a str,
    url: &'a str,
}

impl<'a> Annotation<'a> {
    /// What words of an answer of `said` characters rest on.
    pub(super) fn new(citation: &'a Citation, said: u64) -> Annotation<'a> {
        let (start_index, end_index) = citation.range.unwrap_or((0, said));
        let title = citation.title.as_deref().unwrap_or_default();
        let url_citation = Written { end_index, start_index, title, url: &citation.url };
        Annotation { r#type: "url_citation", url_citation }
    }
}

/// A picture as it is written.
#[derive(Serialize)]
pub(super) struct Picture {
    index: usize,
    r#type: &'static str,
    image_url: PictureUrl,
}

#[derive(Serialize)]
struct PictureUrl {
    url: String,
}

/// A sound as it is written. It cannot be referred to later.
#[derive(Serialize)]
pub(super) struct Sound<'a> {
    id: String,
    data: &'a str,
    expires_at: i64,
    transcript: &'static str,
}

/// A picture or a sound on its way to a caller.
pub(super) enum Seen<'a> {
    Picture(Picture),
    Sound(Sound<'a>),
}

impl<'a> Seen<'a> {
    /// The part with that place among its like; none where the protocol has no place for it.
    pub(super) fn of(media: &'a Media, index: usize) -> Option<Seen<'a>> {
        Some(match (media.kind, &media.source) {
            (MediaKind::Image, Source::Base64(data)) => {
                let url = format!("data:{};base64,{data}", media.mime.as_deref().unwrap_or("image/png"));
                Seen::Picture(Picture { index, r#type: "image_url", image_url: PictureUrl { url } })
            }
            (MediaKind::Image, Source::Url(url)) => {
                Seen::Picture(Picture { index, r#type: "image_url", image_url: PictureUrl { url: url.clone() } })
            }
            (MediaKind::Audio, Source::Base64(data)) => {
                let expires_at = Time::now().millis() / 1000;
                Seen::Sound(Sound { id: "audio_0".to_owned(), data, expires_at, transcript: "" })
            }
            _ => return None,
        })
    }
}
