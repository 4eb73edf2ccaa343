//! Streaming: whether pieces arrive as they are made, and if not, whether model, provider, a proxy that buffers, or the
//! client is the likely cause.

use super::calls::{Ways, time};
use super::check::Check;
use crate::canonical::Complaint;
use crate::gateway::{Heard, Probe, Way};

/// A text of this many bytes is never one piece where a model streams.
const LONG: usize = 40;

type Stream = Result<Heard, Complaint>;

/// What is wrong with a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// There is none.
    Failed,
    /// The whole text is one piece.
    OnePiece,
    /// Several pieces came at once.
    Together,
}

/// Streams an answer, and looks for the cause where that does not work.
pub fn examine(ways: &Ways) -> (Check, Option<Heard>) {
    let Some((probe, model)) = ways.first() else { return (Check::skip("stream", "there is nobody to ask"), None) };
    let stream = probe.ask(model, Way::Stream);
    let check = match fault(&stream) {
        None => well(&stream),
        Some(fault) => explain(fault, &stream, ways),
    };
    (check, stream.ok())
}

fn well(stream: &Stream) -> Check {
    let pace = stream.as_ref().map(|heard| heard.pace).unwrap_or_default();
    if pace.pieces == 0 {
        return Check::warn("stream", "it ended in order, without any text");
    }
    let (pieces, first, last) = (pace.pieces, time(pace.first), time(pace.last));
    Check::ok(
        "stream",
        format!(
            "{pieces} pieces, the first after {first}, the last after {last}; a client that shows them late is itself the cause"
        ),
    )
}

fn fault(stream: &Stream) -> Option<Fault> {
    match stream {
        Err(_) => Some(Fault::Failed),
        Ok(heard) if heard.pace.came_together() => Some(Fault::Together),
        Ok(heard) if heard.pace.pieces == 1 && heard.text.len() > LONG => Some(Fault::OnePiece),
        Ok(_) => None,
    }
}

/// Asks on the other ways, to see where it begins to fail.
fn explain(fault: Fault, stream: &Stream, ways: &Ways) -> Check {
    let what = describe(fault, stream);
    let works = |way: &Option<(Probe, String)>| {
        way.as_ref().map(|(probe, model)| self::fault(&probe.ask(model, Way::Stream)).is_none())
    };
    if works(&ways.inside) == Some(true) {
        return Check::fail("stream", format!("{what}; at the gateway's own address it works: a proxy before it buffers"))
            .remedy("let it pass streams on, nginx: `proxy_buffering off; proxy_http_version 1.1;`, and compress no text/event-stream")
            .remote();
    }
    let through_gateway = ways.gateway.is_some();
    match works(&ways.direct) {
        Some(true) if through_gateway => {
            Check::fail("stream", format!("{what}; past the gateway it works: the gateway is the cause"))
                .remedy("see what it wrote down: `optscale-ai traces --limit 1`")
        }
        Some(_) => at_provider(fault, &what, ways),
        None => {
            Check::fail("stream", what).remedy("look on the gateway's own machine: `optscale-ai doctor MODEL`").remote()
        }
    }
}

/// It fails without the gateway as well.
fn at_provider(fault: Fault, what: &str, ways: &Ways) -> Check {
    let proxy = ways.direct.as_ref().and_then(|(probe, _)| probe.proxy());
    let check = match (fault, proxy) {
        (Fault::OnePiece, _) => Check::fail("stream", format!("{what}: the model or its provider does not stream"))
            .remedy("use another model for streams; nothing between here and there can cut a whole answer up"),
        (Fault::Together, Some(proxy)) => {
            Check::fail("stream", format!("{what}: the proxy {proxy} or the provider buffers"))
                .remedy("go past the proxy: add the provider's host to NO_PROXY where the gateway is started")
        }
        (Fault::Together, None) => {
            Check::fail("stream", format!("{what}: the provider, or something before it, buffers")).remedy(
                "if that server is yours, let what stands before it pass streams on, nginx: `proxy_buffering off;`",
            )
        }
        (Fault::Failed, _) => Check::fail("stream", format!("{what}: the model or its provider is the cause"))
            .remedy("see whether it streams with another model of the provider"),
    };
    check.remote()
}

fn describe(fault: Fault, stream: &Stream) -> String {
    match (fault, stream) {
        (_, Err(complaint)) => complaint.message.to_string(),
        (Fault::OnePiece, Ok(heard)) => format!("the whole text came in one piece after {}", time(heard.took)),
        (_, Ok(heard)) => {
            format!("{} pieces came at once, after {}", heard.pace.pieces, time(heard.pace.first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Code;
    use crate::gateway::Pace;
    use std::time::Duration;

    fn heard(pieces: usize, first: u64, last: u64, text: &str) -> Stream {
        let pace = Pace { pieces, first: Duration::from_millis(first), last: Duration::from_millis(last) };
        Ok(Heard { pace, text: text.to_owned(), ..Heard::default() })
    }

    #[test]
    fn a_stream_is_judged_by_how_it_came() {
        let long = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18";
        assert_eq!(fault(&heard(20, 300, 900, long)), None);
        assert_eq!(fault(&heard(20, 900, 901, long)), Some(Fault::Together));
        assert_eq!(fault(&heard(1, 900, 900, long)), Some(Fault::OnePiece));
        assert_eq!(fault(&heard(1, 900, 900, "Hello")), None);
        assert_eq!(fault(&Err(Complaint::new(Code::ProviderMalformed, "no"))), Some(Fault::Failed));
    }
}
