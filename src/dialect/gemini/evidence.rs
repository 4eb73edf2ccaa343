//! What an answer rests on: Gemini's grounding and the canonical form.
//!
//! Gemini says it once for all words, with places in bytes; the canonical form counts characters. What else stands in the
//! grounding (the suggestions that Google wants to be shown) stays as it is. Source: ai.google.dev, "Grounding with Google
//! Search".

use super::wire::{At, Members, Object, array, encode};
use crate::canonical::{Citation, Json, Page, Part, Search};
use crate::types::Protocol;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Grounding {
    web_search_queries: Vec<String>,
    grounding_chunks: Vec<Chunk>,
    grounding_supports: Vec<Support>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Chunk {
    web: Option<Web>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Web {
    uri: String,
    title: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Support {
    segment: Segment,
    grounding_chunk_indices: Vec<usize>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default, rename_all = "camelCase")]
struct Segment {
    start_index: usize,
    end_index: usize,
}

/// The members that have a canonical form.
const READ: [&str; 3] = ["webSearchQueries", "groundingChunks", "groundingSupports"];

/// The parts that say what a candidate noted of itself. `said` is all that it said before.
pub(super) fn read(notes: &Object, said: &str, id: &str) -> Vec<Part> {
    let Ok(notes) = Json::parse(notes.finish()) else { return Vec::new() };
    let (mut parts, mut rest) = (Vec::new(), Object::default());
    for (name, raw) in Members::lenient(notes.get(), &At::Top).map(|members| members.0).unwrap_or_default() {
        match serde_json::from_str::<Grounding>(raw.get()).ok().filter(|_| name == "groundingMetadata") {
            Some(grounding) => {
                parts.extend(of_grounding(grounding, said, id));
                let others = without(raw);
                if !others.is_empty() {
                    rest = rest.raw("groundingMetadata", others.finish());
                }
            }
            None => rest = rest.raw(name.into_owned(), raw.get()),
        }
    }
    if !rest.is_empty() {
        parts.extend(Json::parse(rest.finish()).ok().map(|raw| Part::Opaque { from: Protocol::Gemini, raw }));
    }
    parts
}

fn without(grounding: &RawValue) -> Object {
    let members = Members::lenient(grounding.get(), &At::Top).map(|members| members.0).unwrap_or_default();
    let others = members.into_iter().filter(|(name, _)| !READ.contains(&name.as_ref()));
    others.fold(Object::default(), |all, (name, raw)| all.raw(name.into_owned(), raw.get()))
}

fn of_grounding(grounding: Grounding, said: &str, id: &str) -> Vec<Part> {
    let Grounding { web_search_queries: queries, grounding_chunks: chunks, grounding_supports: supports } = grounding;
    let mut parts = Vec::new();
    for support in supports {
        let characters = |byte: usize| said.get(..byte).map(|before| before.chars().count() as u64);
        let range = characters(support.segment.start_index).zip(characters(support.segment.end_index));
        for web in support.grounding_chunk_indices.iter().filter_map(|index| chunks.get(*index)?.web.as_ref()) {
            let (url, title) = (web.uri.clone(), web.title.clone());
            parts.push(Part::Citation(Citation { url, title, range, ..Citation::default() }));
        }
    }
    let pages: Vec<Page> =
        chunks.into_iter().filter_map(|chunk| chunk.web).map(|web| Page { url: web.uri, title: web.title }).collect();
    if !queries.is_empty() || !pages.is_empty() {
        parts.push(Part::Search(Search { id: format!("ws_{id}"), queries, pages, own: None }));
    }
    parts
}

/// Words of an answer, from and to, in characters; none for all of them.
type Range = Option<(u64, u64)>;

/// The grounding of a candidate under construction.
#[derive(Default)]
pub(super) struct Ground {
    queries: Vec<String>,
    pages: Vec<Page>,
    /// Where, in characters, and which page.
    cited: Vec<(Range, usize)>,
}

impl Ground {
    pub(super) fn cite(&mut self, citation: Citation) {
        let page = self.page(Page { url: citation.url, title: citation.title });
        self.cited.push((citation.range, page));
    }

    pub(super) fn search(&mut self, search: Search) {
        for query in search.queries {
            if !self.queries.contains(&query) {
                self.queries.push(query);
            }
        }
        for page in search.pages {
            let _ = self.page(page);
        }
    }

    fn page(&mut self, page: Page) -> usize {
        let known = self.pages.iter().position(|known| known.url == page.url);
        known.unwrap_or_else(|| {
            self.pages.push(page);
            self.pages.len() - 1
        })
    }

    /// The members of `groundingMetadata`, for an answer with these words.
    pub(super) fn members(&self, said: &str) -> Object {
        let mut grounding = Object::default();
        if !self.queries.is_empty() {
            grounding = grounding.put("webSearchQueries", &self.queries);
        }
        let chunk = |page: &Page| {
            let web = Object::default().put("uri", &page.url).put_some("title", page.title.as_ref());
            Object::default().raw("web", web.finish()).finish()
        };
        if !self.pages.is_empty() {
            grounding = grounding.raw("groundingChunks", array(&self.pages.iter().map(chunk).collect::<Vec<_>>()));
        }
        if !self.cited.is_empty() {
            grounding = grounding.raw("groundingSupports", array(&self.supports(said)));
        }
        grounding
    }

    /// One support for each range, with all the pages that it rests on.
    fn supports(&self, said: &str) -> Vec<String> {
        let mut ranges: Vec<(Range, Vec<usize>)> = Vec::new();
        for (range, page) in &self.cited {
            match ranges.iter_mut().find(|(other, _)| other == range) {
                Some((_, pages)) => pages.push(*page),
                None => ranges.push((*range, vec![*page])),
            }
        }
        let byte = |character: u64| said.char_indices().nth(character as usize).map_or(said.len(), |(byte, _)| byte);
        let support = |(range, pages): (Range, Vec<usize>)| {
            let (from, to) = range.map_or((0, said.len()), |(from, to)| (byte(from), byte(to)));
            let segment = Object::default().put("startIndex", &from).put("endIndex", &to);
            let segment = segment.raw("text", encode(said.get(from..to).unwrap_or_default()));
            Object::default().raw("segment", segment.finish()).put("groundingChunkIndices", &pages).finish()
        };
        ranges.into_iter().map(support).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_characters_and_bytes_again() {
        let notes = r#"{"groundingMetadata":{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"https://a","title":"A"}}],"groundingSupports":[{"segment":{"startIndex":4,"endIndex":7,"text":"see"},"groundingChunkIndices":[0]}],"searchEntryPoint":{"renderedContent":"x"}}}"#;
        let notes = Object::default().members(&Json::parse(notes.into()).unwrap());
        let said = "dé see";
        let parts = read(&notes, said, "r1");
        let [Part::Citation(citation), Part::Search(search), Part::Opaque { raw, .. }] = &parts[..] else {
            panic!("{parts:?}")
        };
        assert_eq!((citation.url.as_str(), citation.range), ("https://a", Some((3, 6))));
        assert_eq!(raw.get(), r#"{"groundingMetadata":{"searchEntryPoint":{"renderedContent":"x"}}}"#);
        let mut ground = Ground::default();
        ground.search(search.clone());
        ground.cite(citation.clone());
        let written = ground.members(said).finish();
        assert_eq!(
            written,
            r#"{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"https://a","title":"A"}}],"groundingSupports":[{"segment":{"startIndex":4,"endIndex":7,"text":"see"},"groundingChunkIndices":[0]}]}"#
        );
    }
}
