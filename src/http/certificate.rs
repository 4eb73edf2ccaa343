//! What a certificate says to people: subject, issuer, names, dates. For showing only: whether it is trusted is the
//! TLS library's to say.
//!
//! Reads as much of DER (X.690) and X.509 (RFC 5280) as that takes; what it cannot read it leaves out.

use crate::types::Time;
use std::net::{Ipv4Addr, Ipv6Addr};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// Attributes of a name that are shown: 2.5.4.3, .10, .11, .6.
const ATTRIBUTES: &[(&[u8], &str)] =
    &[(&[0x55, 4, 3], "CN"), (&[0x55, 4, 10], "O"), (&[0x55, 4, 11], "OU"), (&[0x55, 4, 6], "C")];

/// A certificate, as far as people want to know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Whose it is: `CN=example.com, O=Example`.
    pub subject: String,
    /// Who signed it, written the same way.
    pub issuer: String,
    /// Host names and addresses that it is for.
    pub names: Vec<String>,
    /// From when it is valid.
    pub not_before: Time,
    /// Until when.
    pub not_after: Time,
    /// Whether it names itself as its issuer.
    pub self_signed: bool,
}

impl Certificate {
    /// Reads a certificate in DER; none where that fails.
    pub fn read(der: &[u8]) -> Option<Certificate> {
        let mut body = Der(Der(Der(der).value(SEQUENCE)?).value(SEQUENCE)?);
        body.skip(VERSION);
        body.value(INTEGER)?;
        body.value(SEQUENCE)?;
        let issuer = body.value(SEQUENCE)?;
        let mut validity = Der(body.value(SEQUENCE)?);
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let subject = body.value(SEQUENCE)?;
        Some(Certificate {
            subject: name(subject)?,
            issuer: name(issuer)?,
            names: alternative_names(body).unwrap_or_default(),
            not_before,
            not_after,
            self_signed: issuer == subject,
        })
    }
}

/// What is left of a run of DER values.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value and its tag.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            short if short < 0x80 => (usize::from(short), rest),
            long => {
                let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let is_length = (1..=4).contains(&digits.len());
                let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
                (is_length.then_some(length)?, rest)
            }
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    /// The next value, which must have this tag.
    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, value)| value)
    }

    /// Passes over the next value if it has this tag.
    fn skip(&mut self, tag: u8) {
        let mut ahead = *self;
        if ahead.value(tag).is_some() {
            *self = ahead;
        }
    }

    /// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
    fn time(&mut self) -> Option<Time> {
        let (tag, value) = self.next()?;
        let digits = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
        let digits = match tag {
            // Years from 50 on are of the last century (RFC 5280, 4.1.2.5.1).
            UTC_TIME if digits < "50" => format!("20{digits}"),
            UTC_TIME => format!("19{digits}"),
            _ => digits.to_owned(),
        };
        let part = |from: usize| digits.get(from..from + 2);
        let (year, month, day) = (digits.get(..4)?, part(4)?, part(6)?);
        Time::parse(&format!("{year}-{month}-{day}T{}:{}:{}Z", part(8)?, part(10)?, part(12)?))
    }
}

/// The attributes of a name that people know.
fn name(der: &[u8]) -> Option<String> {
    let mut sets = Der(der);
    let mut parts = Vec::new();
    while let Some((tag, set)) = sets.next() {
        let mut pair = Der(Der((tag == SET).then_some(set)?).value(SEQUENCE)?);
        let oid = pair.value(OID)?;
        let (_, text) = pair.next()?;
        if let Some((_, label)) = ATTRIBUTES.iter().find(|(known, _)| *known == oid) {
            parts.push(format!("{label}={}", String::from_utf8_lossy(text)));
        }
    }
    Some(parts.join(", "))
}

/// Names in the extension for them; `rest` stands behind the subject.
fn alternative_names(mut rest: Der<'_>) -> Option<Vec<String>> {
    while let Some((tag, value)) = rest.next() {
        if tag != EXTENSIONS {
            continue;
        }
        let mut extensions = Der(Der(value).value(SEQUENCE)?);
        while let Some(extension) = extensions.value(SEQUENCE) {
            let mut parts = Der(extension);
            if parts.value(OID)? != SUBJECT_ALT_NAME {
                continue;
            }
            // A flag that says whether it is critical may stand between.
            while let Some((tag, value)) = parts.next() {
                if tag == OCTETS {
                    return Some(general_names(Der(Der(value).value(SEQUENCE)?)));
                }
            }
        }
    }
    None
}

fn general_names(mut names: Der<'_>) -> Vec<String> {
    let mut found = Vec::new();
    while let Some((tag, value)) = names.next() {
        match tag {
            DNS_NAME => found.push(String::from_utf8_lossy(value).into_owned()),
            IP_ADDRESS => found.extend(address(value)),
            _ => {}
        }
    }
    found
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
    v4.ok().or_else(|| <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fixture() -> Vec<u8> {
        let names = ["provider.test", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "provider.test");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Provider Test");
        params.not_before = rcgen::date_time_ymd(2020, 1, 31);
        params.not_after = rcgen::date_time_ymd(2120, 1, 31);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_says_whose_it_is() {
        let certificate = Certificate::read(&fixture()).unwrap();
        assert_eq!(certificate.subject, "CN=provider.test, O=Provider Test");
        assert_eq!(certificate.issuer, certificate.subject);
        assert!(certificate.self_signed);
        assert_eq!(certificate.names, ["provider.test", "127.0.0.1", "::1"]);
        assert_eq!(
            (certificate.not_before.day(), certificate.not_after.day()),
            ("2020-01-31".into(), "2120-01-31".into())
        );
    }

    #[test]
    fn both_ways_to_write_a_time_are_read() {
        let time = |tag: u8, text: &str| {
            let der = [&[tag, text.len() as u8], text.as_bytes()].concat();
            Der(&der).time().map(|time| time.to_string())
        };
        assert_eq!(time(UTC_TIME, "260131100000Z").as_deref(), Some("2026-01-31T10:00:00.000Z"));
        assert_eq!(time(UTC_TIME, "990131100000Z").as_deref(), Some("1999-01-31T10:00:00.000Z"));
        assert_eq!(time(0x18, "21260131100000Z").as_deref(), Some("2126-01-31T10:00:00.000Z"));
        assert_eq!(time(UTC_TIME, "260131"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Certificate::read(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(place in 0usize..400, byte: u8) {
            let mut der = fixture();
            let place = place.min(der.len() - 1);
            der[place] = byte;
            let _ = Certificate::read(&der);
        }
    }
}
