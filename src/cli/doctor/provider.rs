//! Providers: reachable or not and why, key accepted or not, and by which proxy they are reached.

use super::check::{Check, Report};
use super::home::Known;
use super::tls;
use crate::canonical::{Code, Complaint};
use crate::cli::error::{CliError, Outcome};
use crate::cli::words::count;
use crate::gateway::Probe;
use crate::provider::sandbox;
use crate::secrets::Sealer;
use crate::store::ProviderRow;
use std::path::Path;

/// What one provider showed.
struct Seen {
    checks: Vec<Check>,
    proxy: Option<String>,
}

/// Looks at every provider, at all of them at once.
///
/// # Errors
/// The database cannot be read.
pub fn examine(known: &Known, ca_file: Option<&Path>, report: &mut Report) -> Outcome {
    let rows = known.store.providers(known.org.id)?;
    if rows.is_empty() {
        report.add(
            Check::warn("providers", "no provider is registered, so there is no model to call")
                .remedy("add one: `optscale-ai provider add KIND`")
                .remedy("or the built-in one, which answers by itself: `optscale-ai provider add sandbox`"),
        );
        return Ok(());
    }
    let Some(sealer) = &known.sealer else {
        report.add(Check::skip("providers", "their keys cannot be opened without the master key"));
        return Ok(());
    };
    let seen = std::thread::scope(|scope| {
        let started: Vec<_> = rows.iter().map(|row| scope.spawn(move || look(row, sealer, ca_file))).collect();
        let joined = started.into_iter().map(|thread| thread.join());
        joined
            .map(|seen| seen.unwrap_or_else(|_| Err(CliError::failed("a check broke off"))))
            .collect::<Outcome<Vec<Seen>>>()
    })?;
    let proxies = seen.iter().zip(&rows).filter_map(|(seen, row)| Some((row.name.as_str(), seen.proxy.as_deref()?)));
    let proxy = proxy(proxies);
    seen.into_iter().flat_map(|seen| seen.checks).for_each(|check| report.add(check));
    report.add(proxy);
    Ok(())
}

/// The environment's proxies that apply to these providers.
pub fn proxy<'a>(proxies: impl Iterator<Item = (&'a str, &'a str)>) -> Check {
    let through: Vec<String> = proxies.map(|(name, proxy)| format!("{name} through {proxy}")).collect();
    match through.as_slice() {
        [] => Check::ok("proxy", "none of this environment applies"),
        some => Check::ok("proxy", format!("in this environment: {}", some.join(", "))),
    }
}

fn look(row: &ProviderRow, sealer: &Sealer, ca_file: Option<&Path>) -> Outcome<Seen> {
    let (name, check) = (&row.name, format!("provider:{}", row.name));
    if !row.enabled {
        let skipped = Check::skip(check, "it is inactive")
            .remedy(format!("let calls go to it: `optscale-ai provider enable {name}`"));
        return Ok(Seen { checks: vec![skipped], proxy: None });
    }
    if row.kind == sandbox::KIND {
        return Ok(Seen { checks: vec![Check::ok(check, "built in, answers by itself")], proxy: None });
    }
    let probe = Probe::new(row.clone(), sealer, ca_file)?;
    let listed = match probe.models() {
        Ok(models) => accepted(check, name, &probe, models.len()),
        Err(complaint) => refused(check, name, &complaint),
    };
    let checks = std::iter::once(listed).chain(tls::examine(name, &probe)).collect();
    Ok(Seen { checks, proxy: probe.proxy() })
}

fn accepted(check: String, name: &str, probe: &Probe, models: usize) -> Check {
    let lists = format!("answers and lists {}", count(models as u64, "model", "models"));
    if !probe.has_key() {
        return Check::ok(check, format!("{lists}; it has no key"));
    }
    match probe.lists_without_key() {
        true => Check::ok(
            check,
            format!("{lists}, to anybody: whether its key is accepted, `optscale-ai provider test {name}` tells"),
        ),
        false => Check::ok(check, format!("{lists}; its key is accepted")),
    }
}

/// What a provider complains of, and what to do.
pub fn refused(check: String, name: &str, complaint: &Complaint) -> Check {
    let edit = format!("change its address: `optscale-ai provider edit {name} --base-url URL`");
    let message = &complaint.message;
    match complaint.code {
        Code::ProviderKeyRejected => Check::fail(check, format!("its key is refused: {message}"))
            .remedy(format!("replace it: `optscale-ai provider edit {name} --api-key-env VAR`")),
        Code::ProviderUnreachable | Code::ProviderTimeout => Check::fault(check, message).or_remedy(edit),
        _ if complaint.status == 404 => Check::warn(check, format!("answers, but has no list of models: {message}"))
            .remedy(format!("see whether calls work: `optscale-ai provider test {name} --model MODEL`"))
            .remedy(edit),
        _ => Check::fail(check, message).remedy(edit),
    }
    .remote()
}
