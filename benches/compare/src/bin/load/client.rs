//! One client: a kept connection, and requests over it.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use compare::clock::{Mark, now_ns};
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::target::Target;
use crate::work::Tally;

/// The longest a request may take; paced streams take some seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a refusal is shown.
const SHOWN: usize = 200;

/// A client with at most one connection.
pub struct Client {
    target: Rc<Target>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client that has not connected yet.
    pub fn new(target: &Rc<Target>) -> Self {
        Self { target: Rc::clone(target), connection: None }
    }

    /// Asks once for a whole answer and checks that it is one.
    pub async fn ask(&mut self) -> Result<Duration, String> {
        let start = Instant::now();
        let asked = timeout(PATIENCE, self.whole()).await.unwrap_or_else(|_| Err("no answer in time".into()));
        self.forget_after_failure(&asked);
        asked.map(|()| start.elapsed())
    }

    /// Reads one stream to its end, into `tally`; `open` counts it meanwhile.
    pub async fn stream(&mut self, tally: &mut Tally, open: &AtomicUsize) -> Result<(), String> {
        let streamed = timeout(PATIENCE, self.chunks(tally, open)).await;
        let streamed = streamed.unwrap_or_else(|_| Err("no end of the stream in time".into()));
        self.forget_after_failure(&streamed);
        streamed
    }

    async fn whole(&mut self) -> Result<(), String> {
        let body = self.send().await?.into_body().collect().await.map_err(|e| format!("body: {e}"))?.to_bytes();
        let has_usage = memchr::memmem::find(&body, b"\"usage\"").is_some();
        if has_usage { Ok(()) } else { Err(format!("an answer without usage: {}", beginning(&body))) }
    }

    async fn chunks(&mut self, tally: &mut Tally, open: &AtomicUsize) -> Result<(), String> {
        let mut body = self.send().await?.into_body();
        let _open = Open::new(open);
        let mut reader = Reader::default();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame.map_err(|e| format!("stream: {e}"))?.into_data() {
                reader.read(&data, &mut tally.transit_ns);
            }
        }
        reader.check(self.target.chunks)
    }

    async fn send(&mut self) -> Result<Response<Incoming>, String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.target).await.map_err(|e| format!("connect: {e}"))?,
        };
        connection.ready().await.map_err(|e| format!("ready: {e}"))?;
        let answer = connection.send_request(self.target.request()).await.map_err(|e| format!("send: {e}"))?;
        self.connection = Some(connection);
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Err(format!("{status}: {}", beginning(&body)))
    }

    fn forget_after_failure<T>(&mut self, outcome: &Result<T, String>) {
        if outcome.is_err() {
            self.connection = None;
        }
    }
}

async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    let (sender, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(driver);
    Ok(sender)
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(SHOWN)]).into_owned()
}

/// Counts a stream as open while it lives.
struct Open<'a>(&'a AtomicUsize);

impl<'a> Open<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Finds the marks of a stream's chunks, whatever pieces it arrives in.
#[derive(Default)]
struct Reader {
    rest: Vec<u8>,
    next: u32,
    disordered: bool,
    ended: bool,
}

impl Reader {
    fn read(&mut self, data: &[u8], transit_ns: &mut Vec<u64>) {
        let now = now_ns();
        self.rest.extend_from_slice(data);
        let complete = memchr::memrchr(b'\n', &self.rest).map_or(0, |end| end + 1);
        for line in self.rest[..complete].split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"data:")) {
            if let Some(mark) = Mark::find(line) {
                self.disordered |= mark.number != self.next;
                self.next += 1;
                transit_ns.push(now.saturating_sub(mark.sent_ns));
            } else if line.ends_with(b"[DONE]") || memchr::memmem::find(line, b"message_stop").is_some() {
                self.ended = true;
            }
        }
        self.rest.drain(..complete);
    }

    fn check(&self, chunks: u32) -> Result<(), String> {
        match self {
            Self { disordered: true, .. } => Err("chunks out of order".into()),
            Self { next, .. } if *next != chunks => Err(format!("{next} chunks of {chunks}")),
            Self { ended: false, .. } => Err("a stream without its last event".into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_in_any_pieces_is_the_same_stream() {
        let stream = b"data: {\"content\":\"~0:5~\"}\r\n\r\ndata: {\"content\":\"~1:6~\"}\n\ndata: [DONE]\n\n";
        for size in 1..stream.len() {
            let (mut reader, mut transit) = (Reader::default(), Vec::new());
            stream.chunks(size).for_each(|piece| reader.read(piece, &mut transit));
            assert_eq!((reader.check(2), transit.len()), (Ok(()), 2));
        }
    }

    #[test]
    fn loss_disorder_and_a_missing_end_are_seen() {
        let read = |stream: &[u8]| {
            let mut reader = Reader::default();
            reader.read(stream, &mut Vec::new());
            reader.check(2).unwrap_err()
        };
        assert_eq!(read(b"data: ~0:1~\ndata: [DONE]\n"), "1 chunks of 2");
        assert_eq!(read(b"data: ~1:1~\ndata: ~0:1~\ndata: [DONE]\n"), "chunks out of order");
        assert_eq!(read(b"data: ~0:1~\ndata: ~1:1~\n"), "a stream without its last event");
    }
}
