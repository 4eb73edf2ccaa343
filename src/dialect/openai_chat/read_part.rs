//! Reads the parts of a message: texts, images, sounds, files.

use super::read_prompt::{no_such_word, optional};
use super::wire::{Obj, Val};
use crate::canonical::{CacheMark, Complaint, Media, MediaKind, Part, Source};
use crate::types::Protocol;

/// Reads `content`: a text or a list of parts.
pub(super) fn list(content: &Val<'_>) -> Result<Vec<Part>, Complaint> {
    if content.is_string() {
        let text = content.string()?;
        return Ok(if text.is_empty() { Vec::new() } else { vec![Part::text(text)] });
    }
    if !content.raw.get().starts_with('[') {
        return Err(content.wrong("a string or an array of parts"));
    }
    let parts = content.items()?.iter().map(part).collect::<Result<Vec<Part>, _>>()?;
    Ok(parts.into_iter().filter(|part| !matches!(part, Part::Text { text, .. } if text.is_empty())).collect())
}

fn part(given: &Val<'_>) -> Result<Part, Complaint> {
    let mut object = given.object()?;
    let kind = object.need("type")?.text()?;
    let cache = cache_mark(&mut object)?;
    Ok(match &*kind {
        "text" => Part::Text { text: object.need("text")?.string()?, cache },
        "refusal" => Part::Refusal { text: object.need("refusal")?.string()? },
        "image_url" => Part::Media(Media { cache, ..image(&object.need("image_url")?)? }),
        "input_audio" => Part::Media(Media { cache, ..audio(&object.need("input_audio")?)? }),
        "file" => Part::Media(Media { cache, ..file(&object.need("file")?)? }),
        _ => Part::Opaque { from: Protocol::Openai, raw: given.json() },
    })
}

/// Takes a cache mark, which is Anthropic's and which gateways and OpenRouter take in this protocol too.
pub(super) fn cache_mark(object: &mut Obj<'_>) -> Result<Option<CacheMark>, Complaint> {
    let Some(mark) = object.take("cache_control") else { return Ok(None) };
    Ok(Some(CacheMark { ttl: optional(&mut mark.object()?, "ttl", Val::string)? }))
}

/// The object form, and the bare address that some clients send.
fn image(given: &Val<'_>) -> Result<Media, Complaint> {
    let (url, detail) = if given.is_string() {
        (given.string()?, None)
    } else {
        let mut object = given.object()?;
        (object.need("url")?.string()?, optional(&mut object, "detail", Val::string)?)
    };
    let (mime, source) = source_of(url);
    Ok(Media { kind: MediaKind::Image, mime, source, name: None, detail, cache: None })
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
    Ok(Media {
        kind: MediaKind::Audio,
        mime: Some(mime.to_owned()),
        source: Source::Base64(data),
        name: None,
        detail: None,
        cache: None,
    })
}

fn file(given: &Val<'_>) -> Result<Media, Complaint> {
    let mut object = given.object()?;
    let name = optional(&mut object, "filename", Val::string)?;
    let (mime, source) = match (optional(&mut object, "file_id", Val::string)?, object.take("file_data")) {
        (Some(id), _) => (None, Source::File(id)),
        (None, Some(data)) => file_data(data.string()?),
        (None, None) => return Err(super::wire::missing(&object.path_of("file_data"))),
    };
    Ok(Media { kind: MediaKind::Document, mime, source, name, detail: None, cache: None })
}

/// A data URL, an address, or bare base 64, which can only be a PDF: the protocol takes no other file.
fn file_data(data: String) -> (Option<String>, Source) {
    if data.starts_with("data:") || data.starts_with("http://") || data.starts_with("https://") {
        source_of(data)
    } else {
        (Some("application/pdf".to_owned()), Source::Base64(data))
    }
}

/// Media type and bytes of a data URL; any other address as it is.
fn source_of(url: String) -> (Option<String>, Source) {
    let parts = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    let Some((head, data)) = parts else { return (None, Source::Url(url)) };
    let Some(mime) = head.strip_suffix(";base64") else { return (None, Source::Url(url)) };
    let mime = mime.split(';').next().filter(|mime| !mime.is_empty()).map(str::to_owned);
    (mime, Source::Base64(data.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(json: &str) -> Result<Vec<Part>, Complaint> {
        list(&Val { raw: serde_json::from_str(json).unwrap(), path: "content".into() })
    }

    fn media(json: &str) -> Media {
        match parts(json).unwrap().remove(0) {
            Part::Media(media) => media,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn images_by_data_and_by_address() {
        let inline = media(r#"[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk=","detail":"low"}}]"#);
        assert_eq!((inline.mime.as_deref(), inline.source), (Some("image/png"), Source::Base64("aGk=".into())));
        assert_eq!(inline.detail.as_deref(), Some("low"));
        let remote = media(r#"[{"type":"image_url","image_url":"https://example.com/a.png"}]"#);
        assert_eq!((remote.mime, remote.source), (None, Source::Url("https://example.com/a.png".into())));
        let odd = media(r#"[{"type":"image_url","image_url":{"url":"data:text/plain,hi"}}]"#);
        assert_eq!(odd.source, Source::Url("data:text/plain,hi".into()));
    }

    #[test]
    fn files_and_sounds() {
        let pdf =
            media(r#"[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]"#);
        assert_eq!((pdf.kind, pdf.source), (MediaKind::Document, Source::Base64("JVBE".into())));
        assert_eq!(pdf.name.as_deref(), Some("a.pdf"));
        assert_eq!(media(r#"[{"type":"file","file":{"file_id":"file-1"}}]"#).source, Source::File("file-1".into()));
        let sound = media(r#"[{"type":"input_audio","input_audio":{"data":"UklG","format":"mp3"}}]"#);
        assert_eq!((sound.kind, sound.mime.as_deref()), (MediaKind::Audio, Some("audio/mpeg")));
    }

    #[test]
    fn unknown_parts_are_carried_and_marks_are_read() {
        let read = parts(
            r#"[{"type":"video","video":1},{"type":"text","text":""},
            {"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]"#,
        )
        .unwrap();
        assert!(matches!(&read[0], Part::Opaque { raw, .. } if raw.get() == r#"{"type":"video","video":1}"#));
        let mark = Some(CacheMark { ttl: Some("1h".into()) });
        assert_eq!(read[1..], [Part::Text { text: "x".into(), cache: mark }]);
    }

    #[test]
    fn complaints_name_the_place() {
        for (json, path) in [
            (r#"[{"text":"x"}]"#, "content[0].type"),
            (r#"[{"type":"image_url","image_url":{}}]"#, "content[0].image_url.url"),
            (r#"[{"type":"input_audio","input_audio":{"data":"","format":"tape"}}]"#, "content[0].input_audio.format"),
            (r#"[{"type":"file","file":{}}]"#, "content[0].file.file_data"),
            ("true", "content"),
        ] {
            assert_eq!(parts(json).unwrap_err().param.as_deref(), Some(path));
        }
    }
}
