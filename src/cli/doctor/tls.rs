//! TLS: which certificate, its issuer, dates, names, and whether the system trusts it.

use super::check::Check;
use crate::gateway::Probe;
use crate::http::{Certificate, Distrust, HttpError, Presented};
use crate::types::Time;
use std::net::IpAddr;
use std::time::Duration;

/// A certificate that ends sooner than this is worth a word.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// More names than this are not shown.
const MOST_NAMES: usize = 4;

/// Looks at the TLS of a provider; nothing where it has no address.
pub fn examine(name: &str, probe: &Probe) -> Option<Check> {
    let endpoint = probe.endpoint()?;
    if endpoint.is_secure() {
        return Some(judge(name, endpoint.host(), probe.certificate()));
    }
    let (check, origin) = (format!("tls:{name}"), endpoint.origin());
    Some(match is_near(endpoint.host()) {
        true => Check::skip(check, format!("{origin} is plain http: there is no TLS")),
        false => Check::warn(check, format!("{origin} is plain http: key and prompts go unencrypted"))
            .remedy(format!("if it has TLS: `optscale-ai provider edit {name} --base-url https://...`")),
    })
}

/// What a server showed, in words.
pub fn judge(name: &str, host: &str, shown: Result<Option<Presented>, HttpError>) -> Check {
    let check = format!("tls:{name}");
    let presented = match shown {
        Err(_) => return Check::skip(check, "no certificate was seen: there is no TLS connection"),
        Ok(None) => return Check::skip(check, "no certificate was shown"),
        Ok(Some(presented)) => presented,
    };
    let certificate = presented.certificate.as_ref();
    let about = certificate.map_or_else(|| "a certificate that cannot be read".to_owned(), describe);
    let Some(distrust) = &presented.distrust else {
        return match certificate.filter(|certificate| certificate.not_after <= Time::now().after(SOON)) {
            Some(_) => Check::warn(check, format!("{about}; trusted, and it ends soon"))
                .remedy("whoever runs that server must renew it"),
            None => Check::ok(check, format!("{about}; trusted")),
        };
    };
    let (why, remedy) = explain(distrust, host);
    Check::fail(check, format!("{about}; not trusted: {why}")).remedy(remedy).remote()
}

fn describe(certificate: &Certificate) -> String {
    let Certificate { subject, issuer, names, not_before, not_after, self_signed } = certificate;
    let issuer = if *self_signed { "itself" } else { issuer };
    let more = names.len().saturating_sub(MOST_NAMES);
    let mut names = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        names = format!("{names} and {more} more");
    }
    let names = if names.is_empty() { "no name".to_owned() } else { names };
    format!("{subject}, issued by {issuer} for {names}, valid {} to {}", not_before.day(), not_after.day())
}

fn explain(distrust: &Distrust, host: &str) -> (String, String) {
    let ca = "trust its authority: `optscale-ai serve --ca-file CA.pem`, or add that to the system's certificates";
    match distrust {
        Distrust::UnknownIssuer => ("no authority that this system trusts issued it".to_owned(), ca.to_owned()),
        Distrust::Expired => (
            "it has expired".to_owned(),
            "whoever runs that server must renew it; see that this machine's clock is right: `date -u`".to_owned(),
        ),
        Distrust::NotYetValid => {
            ("it is not valid yet".to_owned(), "see that this machine's clock is right: `date -u`".to_owned())
        }
        Distrust::OtherName => (
            format!("it is not for {host}"),
            "use one of its names in the base URL, or have it issued for this one".to_owned(),
        ),
        Distrust::Other(words) => (words.clone(), ca.to_owned()),
    }
}

/// Whether a host is this machine or in a private network.
fn is_near(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => host == "localhost" || !host.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    fn certificate(not_after: &str) -> Certificate {
        Certificate {
            subject: "CN=a.test".into(),
            issuer: "CN=Authority".into(),
            names: (0..6).map(|i| format!("{i}.test")).collect(),
            not_before: Time::parse("2020-01-01").unwrap(),
            not_after: Time::parse(not_after).unwrap(),
            self_signed: false,
        }
    }

    fn judged(not_after: &str, distrust: Option<Distrust>) -> Check {
        judge("p", "a.test", Ok(Some(Presented { certificate: Some(certificate(not_after)), distrust })))
    }

    #[test]
    fn a_certificate_is_judged() {
        assert_eq!(judged("2999-01-01", None).status, Status::Ok);
        assert_eq!(judged("2020-01-02", None).status, Status::Warn);
        for distrust in [Distrust::UnknownIssuer, Distrust::Expired, Distrust::NotYetValid, Distrust::OtherName] {
            assert_eq!(judged("2999-01-01", Some(distrust)).status, Status::Fail);
        }
    }

    #[test]
    fn a_certificate_is_described_in_a_line() {
        let text = describe(&certificate("2999-01-01"));
        assert!(text.contains("issued by CN=Authority for 0.test, 1.test, 2.test, 3.test and 2 more"), "{text}");
        assert!(text.ends_with("valid 2020-01-01 to 2999-01-01"), "{text}");
    }
}
