//! Reads the parts of a message or of a call's result: texts, refusals, images, files, sounds.

use super::read_prompt::{no_such_word, optional};
use super::wire::{Obj, Val, missing};
use crate::canonical::{Complaint, Media, MediaKind, Part, Source};
use crate::types::Protocol;

/// Reads a content: a text or a list of parts. Empty texts are nothing.
pub(super) fn list(content: &Val<'_>) -> Result<Vec<Part>, Complaint> {
    if content.is_string() {
        let text = content.string()?;
        return Ok(if text.is_empty() { Vec::new() } else { vec![Part::text(text)] });
    }
    if !content.raw.get().starts_with('[') {
        return Err(content.wrong("a string or an array of parts"));
    }
    let mut parts = Vec::new();
    for given in content.items()? {
        part(&given, &mut parts)?;
    }
    Ok(parts)
}

fn part(given: &Val<'_>, parts: &mut Vec<Part>) -> Result<(), Complaint> {
    let mut object = given.object()?;
    let kind = object.need("type")?.text()?;
    let part = match &*kind {
        "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
            let text = object.need("text")?.string()?;
            if text.is_empty() {
                return Ok(());
            }
            Part::text(text)
        }
        "refusal" => Part::Refusal { text: object.need("refusal")?.string()? },
        "input_image" => Part::Media(image(&mut object)?),
        "input_file" => Part::Media(file(&mut object)?),
        "input_audio" => Part::Media(audio(&object.need("input_audio")?)?),
        _ => Part::Opaque { from: Protocol::Responses, raw: given.json() },
    };
    parts.push(part);
    Ok(())
}

fn media(kind: MediaKind, (mime, source): (Option<String>, Source)) -> Media {
    Media { kind, mime, source, name: None, detail: None, cache: None }
}

fn image(object: &mut Obj<'_>) -> Result<Media, Complaint> {
    let from = match (optional(object, "image_url", address)?, optional(object, "file_id", Val::string)?) {
        (Some(url), _) => source_of(url),
        (None, Some(id)) => (None, Source::File(id)),
        (None, None) => return Err(missing(&object.path_of("image_url"))),
    };
    Ok(Media { detail: optional(object, "detail", Val::string)?, ..media(MediaKind::Image, from) })
}

/// An address; some clients write chat's object around it.
fn address(given: &Val<'_>) -> Result<String, Complaint> {
    if given.is_object() { given.object()?.need("url")?.string() } else { given.string() }
}

fn file(object: &mut Obj<'_>) -> Result<Media, Complaint> {
    let data = optional(object, "file_data", Val::string)?;
    let url = optional(object, "file_url", Val::string)?;
    let id = optional(object, "file_id", Val::string)?;
    let from = match (data, url, id) {
        (Some(data), ..) => file_data(data),
        (None, Some(url), _) => source_of(url),
        (None, None, Some(id)) => (None, Source::File(id)),
        (None, None, None) => return Err(missing(&object.path_of("file_data"))),
    };
    let kind = match from.0.as_deref() {
        Some(mime) if mime.starts_with("image/") => MediaKind::Image,
        Some(mime) if mime.starts_with("audio/") => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    Ok(Media { name: optional(object, "filename", Val::string)?, ..media(kind, from) })
}

/// A data URL, or bare base 64, which can only be a PDF: the protocol takes no other bare file.
fn file_data(data: String) -> (Option<String>, Source) {
    if data.starts_with("data:") { source_of(data) } else { (Some("application/pdf".to_owned()), Source::Base64(data)) }
}

fn audio(given: &Val<'_>) -> Result<Media, Complaint> {
    let mut object = given.object()?;
    let data = object.need("data")?.string()?;
    let format = object.need("format")?;
    let mime = match &*format.text()? {
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "flac" => "audio/flac",
        "ogg" => "audio/ogg",
        "aac" => "audio/aac",
        "m4a" => "audio/mp4",
        other => return Err(no_such_word(&format, "wav, mp3, flac, ogg, aac, m4a", other)),
    };
    Ok(media(MediaKind::Audio, (Some(mime.to_owned()), Source::Base64(data))))
}

/// Media type and bytes of a data URL; any other address as it is.
fn source_of(url: String) -> (Option<String>, Source) {
    let parts = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    let Some((head, data)) = parts else { return (None, Source::Url(url)) };
    let Some(mime) = head.strip_suffix(";base64") else { return (None, Source::Url(url)) };
    let mime = mime.split(';').next().filter(|mime| !mime.is_empty()).map(str::to_owned);
    (mime, Source::Base64(data.to_owned()))
}
