//! Images, which the protocol carries as base 64 without their media type.

use crate::canonical::{Code, Complaint, Media, MediaKind, Part, Source};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::borrow::Cow;

/// How base 64 of the formats begins that models take.
const BEGINNINGS: [(&str, &str); 4] =
    [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];

/// An image of a request.
pub(super) fn image(data: String) -> Part {
    let bare = data.split_once(";base64,").filter(|_| data.starts_with("data:")).map(|(_, bare)| bare.to_owned());
    let data = bare.unwrap_or(data);
    let mime = BEGINNINGS.iter().find(|(begin, _)| data.starts_with(begin)).map(|(_, mime)| (*mime).to_owned());
    Part::Media(Media {
        kind: MediaKind::Image,
        mime,
        source: Source::Base64(data),
        name: None,
        detail: None,
        cache: None,
    })
}

/// A medium as the protocol has it: an image, or the words of a text document.
pub(super) enum Said<'a> {
    Image(&'a str),
    Words(Cow<'a, str>),
}

/// Writes a medium of the caller's request.
///
/// # Errors
/// The protocol has no place for it, and without it the question would be another one.
pub(super) fn said<'a>(path: &str, media: &'a Media) -> Result<Said<'a>, Complaint> {
    let what = match (media.kind, &media.source) {
        (MediaKind::Image, Source::Base64(data)) => return Ok(Said::Image(data)),
        (MediaKind::Document, Source::Text(text)) => return Ok(Said::Words(Cow::Borrowed(text))),
        (MediaKind::Document, Source::Base64(data)) if is_text(media) => match decoded(data) {
            Some(text) => return Ok(Said::Words(Cow::Owned(text))),
            None => "this document, which is not UTF-8",
        },
        (MediaKind::Image, _) => "images by address or file id; send the image itself",
        (MediaKind::Document, _) => "documents but plain text; send its text",
        (MediaKind::Audio, _) => "sounds",
    };
    let message = format!("`{path}`: the provider speaks the Ollama protocol, which does not take {what}");
    Err(Complaint { param: Some(path.to_owned()), ..Complaint::new(Code::UnsupportedFeature, message) })
}

fn is_text(media: &Media) -> bool {
    media.mime.as_deref().is_some_and(|mime| mime.starts_with("text/"))
}

fn decoded(data: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()
}
