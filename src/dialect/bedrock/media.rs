//! Images and documents as Converse takes them.
//!
//! Source: docs.aws.amazon.com, "ImageBlock", "DocumentBlock".

use super::unsupported;
use crate::canonical::{Complaint, Media, MediaKind, Source};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Media types of documents, and the protocol's words for them.
const DOCUMENTS: [(&str, &str); 9] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/markdown", "md"),
    ("text/plain", "txt"),
];

/// A block. `number` tells documents without a name apart.
pub(super) fn block(path: &str, media: &Media, number: usize, dropped: &mut Vec<String>) -> Result<Value, Complaint> {
    if media.detail.is_some() {
        dropped.push(format!("{path}.detail"));
    }
    match media.kind {
        MediaKind::Image => {
            let format = image_format(path, media)?;
            Ok(json!({"image": {"format": format, "source": source(path, &media.source)?}}))
        }
        MediaKind::Document => {
            let format = document_format(path, media)?;
            let name = media.name.as_deref().map(neutral).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| format!("document {number}"));
            Ok(json!({"document": {"format": format, "name": name, "source": source(path, &media.source)?}}))
        }
        MediaKind::Audio => Err(unsupported(path, "sounds")),
    }
}

fn source(path: &str, source: &Source) -> Result<Value, Complaint> {
    match source {
        Source::Base64(data) => Ok(json!({"bytes": data})),
        Source::Text(text) => Ok(json!({"bytes": BASE64_STANDARD.encode(text)})),
        Source::Url(url) if url.starts_with("s3://") => Ok(json!({"s3Location": {"uri": url}})),
        Source::Url(_) => Err(unsupported(path, "addresses but those of S3; send the bytes as base 64")),
        Source::File(_) => Err(unsupported(path, "files by id; send the bytes as base 64")),
    }
}

fn image_format(path: &str, media: &Media) -> Result<&'static str, Complaint> {
    let known = [
        ("image/png", "png"),
        ("image/jpeg", "jpeg"),
        ("image/jpg", "jpeg"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
    ];
    let by_mime = media.mime.as_deref().and_then(|mime| known.iter().find(|(other, _)| *other == mime));
    let by_name = || known.iter().find(|(_, word)| ending(&media.source) == Some(*word));
    let found = by_mime.or_else(by_name).map(|(_, word)| *word);
    found.ok_or_else(|| unsupported(path, "images of this type; send PNG, JPEG, GIF or WebP"))
}

fn document_format(path: &str, media: &Media) -> Result<&'static str, Complaint> {
    let by_mime = media.mime.as_deref().and_then(|mime| DOCUMENTS.iter().find(|(other, _)| *other == mime));
    let by_name = || DOCUMENTS.iter().find(|(_, word)| ending(&media.source) == Some(*word));
    match (by_mime.or_else(by_name), &media.source) {
        (Some((_, word)), _) => Ok(word),
        (None, Source::Text(_)) => Ok("txt"),
        _ => Err(unsupported(path, "documents of this type; send PDF, text, HTML, Markdown, CSV, Word or Excel")),
    }
}

/// The ending of an address.
fn ending(source: &Source) -> Option<&str> {
    let Source::Url(url) = source else { return None };
    url.rsplit_once('.').map(|(_, ending)| ending)
}

/// A name of letters, digits, single spaces, hyphens and brackets, as the protocol wants them.
fn neutral(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-()[]".contains(letter);
    let spaced: String = name.chars().map(|letter| if fits(letter) { letter } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}
