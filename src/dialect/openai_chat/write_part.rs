//! Writes the parts of a user message: texts, images, sounds, files.

use super::write_message::Scribe;
use super::write_prompt::is_tagged;
use crate::canonical::{Code, Complaint, Json, Media, MediaKind, Part, Source};
use crate::types::Protocol;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use std::borrow::Cow;

/// A part as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Piece<'a> {
    Text { r#type: &'static str, text: Cow<'a, str> },
    Image { r#type: &'static str, image_url: ImageUrl<'a> },
    Audio { r#type: &'static str, input_audio: InputAudio<'a> },
    File { r#type: &'static str, file: File<'a> },
    Raw(&'a Json),
}

#[derive(Serialize)]
pub(super) struct ImageUrl<'a> {
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct InputAudio<'a> {
    data: &'a str,
    format: &'static str,
}

#[derive(Serialize)]
pub(super) struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<&'a str>,
}

/// Writes one part; none where it is left out, and named.
pub(super) fn piece<'a>(
    path: &str,
    part: &'a Part,
    scribe: &mut Scribe<'_, '_>,
) -> Result<Option<Piece<'a>>, Complaint> {
    match part {
        Part::Text { text, cache } => {
            scribe.mark(path, cache.as_ref());
            Ok(Some(text_piece(Cow::Borrowed(text))))
        }
        Part::Media(media) => {
            scribe.mark(path, media.cache.as_ref());
            self::media(path, media, scribe).map(Some)
        }
        Part::Opaque { from: Protocol::Openai, raw } if is_tagged(raw) => Ok(Some(Piece::Raw(raw))),
        _ => {
            scribe.drop(path);
            Ok(None)
        }
    }
}

fn text_piece(text: Cow<'_, str>) -> Piece<'_> {
    Piece::Text { r#type: "text", text }
}

fn media<'a>(path: &str, media: &'a Media, scribe: &mut Scribe<'_, '_>) -> Result<Piece<'a>, Complaint> {
    match media.kind {
        MediaKind::Image => image(path, media),
        MediaKind::Audio => audio(path, media),
        MediaKind::Document => document(path, media, scribe),
    }
}

fn image<'a>(path: &str, media: &'a Media) -> Result<Piece<'a>, Complaint> {
    let url = match &media.source {
        Source::Url(url) => Cow::Borrowed(url.as_str()),
        Source::Base64(data) => Cow::Owned(data_url(media.mime.as_deref().unwrap_or("image/png"), data)),
        Source::File(_) => return Err(unsupported(path, "images by file id; send the image itself or its address")),
        Source::Text(_) => return Err(unsupported(path, "images as text")),
    };
    Ok(Piece::Image { r#type: "image_url", image_url: ImageUrl { url, detail: media.detail.as_deref() } })
}

fn audio<'a>(path: &str, media: &'a Media) -> Result<Piece<'a>, Complaint> {
    let Source::Base64(data) = &media.source else {
        return Err(unsupported(path, "sounds by address or file id; send the sound itself"));
    };
    let format = match media.mime.as_deref() {
        Some("audio/wav" | "audio/x-wav" | "audio/wave") => "wav",
        Some("audio/mpeg" | "audio/mp3") => "mp3",
        Some("audio/flac") => "flac",
        Some("audio/ogg") => "ogg",
        Some("audio/aac") => "aac",
        Some("audio/mp4") => "m4a",
        _ => return Err(unsupported(path, "this kind of sound; send wav or mp3")),
    };
    Ok(Piece::Audio { r#type: "input_audio", input_audio: InputAudio { data, format } })
}

/// PDFs are files; documents of plain text are texts, because the protocol takes no other file.
fn document<'a>(path: &str, media: &'a Media, scribe: &mut Scribe<'_, '_>) -> Result<Piece<'a>, Complaint> {
    let filename = media.name.as_deref();
    let file = match &media.source {
        Source::Text(text) => return Ok(as_text(path, Cow::Borrowed(text), media, scribe)),
        Source::Url(_) => {
            return Err(unsupported(path, "documents by address; send the document itself"));
        }
        Source::File(id) => File { filename, file_data: None, file_id: Some(id) },
        Source::Base64(data) => {
            if let Some(text) = plain_text(media, data) {
                return Ok(as_text(path, Cow::Owned(text), media, scribe));
            }
            let url = data_url(media.mime.as_deref().unwrap_or("application/pdf"), data);
            File { filename: filename.or(Some("document.pdf")), file_data: Some(url), file_id: None }
        }
    };
    Ok(Piece::File { r#type: "file", file })
}

fn plain_text(media: &Media, data: &str) -> Option<String> {
    media.mime.as_deref().filter(|mime| mime.starts_with("text/"))?;
    String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()
}

fn as_text<'a>(path: &str, text: Cow<'a, str>, media: &Media, scribe: &mut Scribe<'_, '_>) -> Piece<'a> {
    if media.name.is_some() {
        scribe.drop(format!("{path}.title"));
    }
    text_piece(text)
}

fn data_url(mime: &str, data: &str) -> String {
    format!("data:{mime};base64,{data}")
}

fn unsupported(path: &str, what: &str) -> Complaint {
    let message = format!("`{path}`: the provider speaks the OpenAI protocol, which does not take {what}");
    Complaint { param: Some(path.to_owned()), ..Complaint::new(Code::UnsupportedFeature, message) }
}
