//! Finds the field `model` of a form while its bytes come, wherever it stands, and watches that there is no second one:
//! gateway and provider must not read two different models.
//!
//! It looks at the heads of parts and at that one value; what files hold is passed over (RFC 7578, RFC 2046).

use super::call::Outcome;
use crate::canonical::{Code, Complaint};
use memchr::memmem::find;
use std::ops::Range;

/// The head of a part has a name and a type.
const MOST_HEAD: usize = 16 * 1024;
/// No model has a longer name.
const MOST_VALUE: usize = 1024;

/// The model that a form names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    pub name: String,
    /// Where it stands in the body.
    pub span: Range<usize>,
}

/// A form under way.
pub(crate) struct Form {
    /// What stands before every part: a line end, two dashes and the boundary.
    delimiter: Vec<u8>,
    /// Bytes that have not been understood, and where they begin in the body. A line end is thought before the first.
    rest: Vec<u8>,
    place: usize,
    within: Within,
    model: Option<Model>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A part that is passed over.
    Part,
    /// The value of the model.
    Value,
    Head,
    /// Behind the last part.
    End,
}

impl Form {
    /// The form that a content type announces.
    ///
    /// # Errors
    /// It is no form, or says no boundary.
    pub fn of(content_type: &str) -> Outcome<Form> {
        let mut words = content_type.split(';').map(str::trim);
        let is_form = words.next().is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data"));
        let boundary = words.find_map(|word| {
            let (name, value) = word.split_once('=')?;
            name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
        });
        match boundary.filter(|boundary| is_form && (1..=70).contains(&boundary.len())) {
            Some(boundary) => Ok(Form {
                delimiter: format!("\r\n--{boundary}").into_bytes(),
                rest: b"\r\n".to_vec(),
                place: 0,
                within: Within::Part,
                model: None,
            }),
            None => Err(invalid("the body must be multipart/form-data with a boundary")),
        }
    }

    /// The model, once it has come.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// Takes the next bytes in.
    ///
    /// # Errors
    /// A second `model`, or what is no form.
    pub fn push(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.rest.extend_from_slice(bytes);
        while self.step()? {}
        Ok(())
    }

    /// Takes a step; says whether there may be another one.
    fn step(&mut self) -> Outcome<bool> {
        match self.within {
            Within::End => {
                self.skip(self.rest.len());
                Ok(false)
            }
            Within::Head => self.head(),
            Within::Part | Within::Value => self.part(),
        }
    }

    fn skip(&mut self, count: usize) {
        self.rest.drain(..count);
        self.place += count;
    }

    fn part(&mut self) -> Outcome<bool> {
        let Some(end) = find(&self.rest, &self.delimiter) else {
            match self.within {
                Within::Value if self.rest.len() > MOST_VALUE + self.delimiter.len() => return Err(too_long()),
                Within::Value => {}
                _ => self.skip(self.rest.len().saturating_sub(self.delimiter.len())),
            }
            return Ok(false);
        };
        if self.within == Within::Value {
            self.value(end)?;
        }
        self.skip(end + self.delimiter.len());
        self.within = Within::Head;
        Ok(true)
    }

    fn value(&mut self, end: usize) -> Outcome<()> {
        let value = std::str::from_utf8(&self.rest[..end]).map_err(|_| invalid("`model` is not UTF-8"))?;
        if value.len() > MOST_VALUE {
            return Err(too_long());
        }
        if self.model.is_some() {
            return Err(invalid("`model` stands twice in the form; which one is meant cannot be told, send it once"));
        }
        // The line end that was thought before the body counts in `place`.
        let start = self.place.saturating_sub(2);
        self.model = Some(Model { name: value.to_owned(), span: start..start + end });
        Ok(())
    }

    fn head(&mut self) -> Outcome<bool> {
        if self.rest.starts_with(b"--") {
            self.within = Within::End;
            return Ok(true);
        }
        let Some(end) = find(&self.rest, b"\r\n\r\n") else {
            let too_long = self.rest.len() > MOST_HEAD;
            return if too_long {
                Err(invalid("a part of the form has a head of more than 16 KiB"))
            } else {
                Ok(false)
            };
        };
        let is_model = names_model(&String::from_utf8_lossy(&self.rest[..end]));
        self.skip(end + 4);
        self.within = if is_model { Within::Value } else { Within::Part };
        // A part without a byte is followed by the delimiter, whose line end is the one that ends the head.
        Ok(true)
    }
}

/// Whether the head of a part says that it is the field `model`, in any spelling that a reader may take for it.
fn names_model(head: &str) -> bool {
    let line = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
    let Some(disposition) = head.split("\r\n").find(line) else { return false };
    disposition.split(';').any(|word| {
        let Some((name, value)) = word.split_once('=') else { return false };
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().trim_matches('"');
        name == "name" && value == "model" || name == "name*" && value.ends_with("''model")
    })
}

fn too_long() -> Complaint {
    invalid("`model` is longer than 1024 bytes; no model has such a name")
}

fn invalid(message: &'static str) -> Complaint {
    Complaint { param: Some("model".to_owned()), ..Complaint::new(Code::InvalidRequest, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(head: &str, value: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
    }

    fn read(body: &str, cuts: &[usize]) -> Outcome<Option<Model>> {
        let mut form = Form::of("multipart/form-data; boundary=\"XX\"").unwrap();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(body.len())).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        cuts.windows(2).try_for_each(|pair| form.push(&body.as_bytes()[pair[0]..pair[1]]))?;
        Ok(form.model().cloned())
    }

    #[test]
    fn the_model_is_found_before_and_behind_a_file() {
        let file =
            part("name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg", "\r\n--X\0\r\n--Xname=\"model\"");
        let model = part("name=\"model\"", "oa/whisper-1");
        for body in [format!("{model}{file}--XX--\r\n"), format!("{file}{model}--XX--")] {
            let found = read(&body, &[]).unwrap().unwrap();
            assert_eq!((found.name.as_str(), &body[found.span.clone()]), ("oa/whisper-1", "oa/whisper-1"));
        }
        assert_eq!(read(&format!("{file}--XX--"), &[]).unwrap(), None);
    }

    #[test]
    fn a_second_one_and_nonsense_are_refused() {
        let model = part("name=\"model\"", "a");
        let other = part("NAME = model", "b");
        assert!(read(&format!("{model}{other}--XX--"), &[]).unwrap_err().message.contains("twice"));
        let long = part("name=\"model\"", &"x".repeat(3000));
        assert!(read(&long, &[]).unwrap_err().message.contains("longer"));
        let head = format!("--XX\r\n{}", "x".repeat(20_000));
        assert!(read(&head, &[]).is_err());
        for kind in ["application/json", "multipart/form-data", "multipart/mixed; boundary=x"] {
            assert!(Form::of(kind).is_err(), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn any_chunking_finds_the_same(
            before in "[\\PC\r\n-]{0,40}", name in "[a-z/-]{0,12}", cuts in prop::collection::vec(0usize..400, 0..10),
        ) {
            prop_assume!(!before.contains("--XX"));
            let file = part("name=\"file\"; filename=\"f\"", &before);
            let body = format!("{file}{}--XX--\r\n", part("name=\"model\"", &name));
            let found = read(&body, &cuts).unwrap().unwrap();
            prop_assert_eq!(&body[found.span.clone()], &name);
            prop_assert_eq!(Some(found), read(&body, &[]).unwrap());
        }
    }
}
