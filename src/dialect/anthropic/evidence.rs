//! Citations and searches of the web: Anthropic's blocks and the canonical form.
//!
//! A search is two blocks, what was asked and what came back, and becomes one part. Of citations those of pages have a
//! canonical form; what else a text cites stays in its addendum. Source: platform.claude.com, "Web search tool".

use super::read_blocks::addendum_of;
use super::wire::{At, Members, Object, array, encode, list, string};
use super::write_blocks::addendum_members;
use crate::canonical::{Citation, Json, Own, Page, Part, Said, Search, own};
use crate::types::Protocol;
use serde_json::value::RawValue;

/// Makes canonical parts of what only this dialect says, while an answer is read.
#[derive(Default)]
pub(super) struct Lift {
    said: Said,
    /// Searches whose results have not come.
    asked: Vec<Json>,
}

impl Lift {
    /// A text begins.
    pub(super) fn text(&mut self) {
        self.said.open();
    }

    /// The text grows.
    pub(super) fn words(&mut self, words: &str) {
        self.said.grow(words);
    }

    /// What a part that only this dialect can say comes to.
    pub(super) fn raw(&mut self, raw: Json) -> Vec<Part> {
        if let Some(members) = addendum_members(&raw) {
            return self.addendum(members);
        }
        match member(&raw, "type").as_deref() {
            Some("server_tool_use") if member(&raw, "name").as_deref() == Some("web_search") => {
                self.asked.push(raw);
                Vec::new()
            }
            Some("web_search_tool_result") => {
                let id = member(&raw, "tool_use_id");
                let place = self.asked.iter().position(|asked| member(asked, "id") == id);
                vec![Part::Search(search(place.map(|place| self.asked.remove(place)), raw))]
            }
            _ => {
                let mut parts = self.rest();
                parts.push(opaque(raw));
                parts
            }
        }
    }

    /// Searches that had no results before something else came.
    pub(super) fn rest(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.asked).into_iter().map(opaque).collect()
    }

    /// The parts of a whole answer.
    pub(super) fn all(mut self, parts: Vec<Part>) -> Vec<Part> {
        let mut lifted = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Opaque { from: Protocol::Anthropic, raw } => lifted.extend(self.raw(raw)),
                part => {
                    lifted.extend(self.rest());
                    if let Part::Text { text, .. } = &part {
                        self.text();
                        self.words(text);
                    }
                    lifted.push(part);
                }
            }
        }
        lifted.extend(self.rest());
        lifted
    }

    fn addendum(&self, members: Vec<(String, Box<RawValue>)>) -> Vec<Part> {
        let (mut parts, mut rest) = (Vec::new(), Object::default());
        for (name, raw) in members {
            if name != "citations" {
                rest = rest.raw(name, raw.get());
                continue;
            }
            let mut others = Vec::new();
            for one in list(&raw, &At::Top).unwrap_or_default() {
                match self.citation(one) {
                    Some(citation) => parts.push(Part::Citation(citation)),
                    None => others.push(one.get().to_owned()),
                }
            }
            if !others.is_empty() {
                rest = rest.raw("citations", array(&others));
            }
        }
        parts.extend(addendum_of(rest).map(opaque));
        parts
    }

    fn citation(&self, raw: &RawValue) -> Option<Citation> {
        let mut members = Members::lenient(raw.get(), &At::Top).ok()?;
        let mut text = |name: &str| members.take_as(name, &At::Top, string).ok().flatten();
        (text("type")? == "web_search_result_location").then_some(())?;
        Some(Citation {
            url: text("url")?,
            title: text("title"),
            quoted: text("cited_text"),
            range: Some((self.said.begin, self.said.end)),
            own: Some(Own { from: Protocol::Anthropic, raw: Json(raw.to_owned()) }),
        })
    }
}

fn opaque(raw: Json) -> Part {
    Part::Opaque { from: Protocol::Anthropic, raw }
}

/// A text at the top of a block.
fn member(raw: &Json, name: &str) -> Option<String> {
    Members::lenient(raw.get(), &At::Top).ok()?.take_as(name, &At::Top, string).ok()?
}

fn search(asked: Option<Json>, result: Json) -> Search {
    let mut search = Search::default();
    if let Some(mut members) = asked.as_ref().and_then(|raw| Members::lenient(raw.get(), &At::Top).ok()) {
        search.id = members.take_as("id", &At::Top, string).ok().flatten().unwrap_or_default();
        let input = members.take("input").and_then(|raw| Members::lenient(raw.get(), &At::Top).ok());
        let query = input.and_then(|mut input| input.take_as("query", &At::Top, string).ok().flatten());
        search.queries.extend(query);
    }
    let found = Members::lenient(result.get(), &At::Top).ok().and_then(|mut members| members.take("content"));
    let found = found.and_then(|raw| list(raw, &At::Top).ok()).unwrap_or_default();
    search.pages = found.into_iter().filter_map(page).collect();
    let both: Vec<String> = asked.iter().chain([&result]).map(|raw| raw.get().to_owned()).collect();
    let raw = Json::parse(array(&both)).ok();
    search.own = raw.map(|raw| Own { from: Protocol::Anthropic, raw });
    search
}

fn page(raw: &RawValue) -> Option<Page> {
    let mut members = Members::lenient(raw.get(), &At::Top).ok()?;
    let url = members.take_as("url", &At::Top, string).ok()??;
    Some(Page { url, title: members.take_as("title", &At::Top, string).ok().flatten() })
}

/// A citation for callers. Clients read the texts that others do not have.
pub(super) fn citation(citation: &Citation) -> String {
    if let Some(raw) = own(citation.own.as_ref(), Protocol::Anthropic) {
        return raw.get().to_owned();
    }
    Object::of("web_search_result_location")
        .put("cited_text", citation.quoted.as_deref().unwrap_or_default())
        .put("url", &citation.url)
        .raw("title", encode(&citation.title))
        .put("encrypted_index", "")
        .finish()
}

/// A search for callers: its blocks.
pub(super) fn blocks(search: &Search, place: u32) -> Vec<Json> {
    if let Some(raw) = own(search.own.as_ref(), Protocol::Anthropic) {
        return serde_json::from_str(raw.get()).unwrap_or_default();
    }
    let id = if search.id.is_empty() { place.to_string() } else { search.id.clone() };
    let id = if id.starts_with("srvtoolu_") { id } else { format!("srvtoolu_{id}") };
    let input = Object::default().put("query", &search.queries.join("\n")).finish();
    let asked = Object::of("server_tool_use").put("id", &id).put("name", "web_search").raw("input", input);
    let page = |page: &Page| {
        let title = page.title.as_deref().unwrap_or_default();
        let found = Object::of("web_search_result").put("url", &page.url).put("title", title);
        found.put("encrypted_content", "").put("page_age", &None::<String>).finish()
    };
    let pages: Vec<String> = search.pages.iter().map(page).collect();
    let result = Object::of("web_search_tool_result").put("tool_use_id", &id).raw("content", array(&pages));
    [asked, result].iter().filter_map(|block| Json::parse(block.finish()).ok()).collect()
}
