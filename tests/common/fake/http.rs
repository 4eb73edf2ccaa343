//! Just enough of HTTP/1.1 to serve a client, and to break the rules on demand.
//!
//! Knows no protocol of models.

use super::Value;
use serde_json::Map;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What arrived, byte for byte.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST` and so on.
    pub method: String,
    /// With the query, as it stood in the request line.
    pub path: String,
    /// In order of arrival, names as they were written.
    pub headers: Vec<(String, String)>,
    /// Without the framing.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Headers by name in lower case.
    pub fn header_map(&self) -> Map<String, Value> {
        self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.as_str().into())).collect()
    }

    /// Whether the other side wants the connection closed after the answer.
    fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// A piece of an answer's body, or what happens instead of one.
#[derive(Clone, Debug)]
pub enum Step {
    /// These bytes, in one chunk.
    Send(Vec<u8>),
    /// Nothing for a while.
    Wait(Duration),
    /// The connection is reset.
    Reset,
    /// The connection is closed without the end of the body.
    Close,
    /// Nothing more, ever.
    Hang,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By `content-length`, of these many bytes whatever is sent.
    Length(usize),
    /// By `transfer-encoding: chunked`.
    Chunked,
}

/// What is played to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Waited before the first byte; none means that none ever comes.
    pub delay: Option<Duration>,
    /// The status.
    pub status: u16,
    /// Headers without those of the framing.
    pub headers: Vec<(String, String)>,
    /// How the end is told.
    pub framing: Framing,
    /// The body.
    pub steps: Vec<Step>,
}

impl Answer {
    /// A status, headers and a body.
    pub fn whole(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into();
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let framing = Framing::Length(body.len());
        Answer { delay: Some(Duration::ZERO), status, headers, framing, steps: vec![Step::Send(body)] }
    }

    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::whole(status, &[("content-type", "application/json")], body.to_string())
    }

    /// A stream of server-sent events with status 200.
    pub fn stream(steps: Vec<Step>) -> Answer {
        let headers = vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())];
        Answer { delay: Some(Duration::ZERO), status: 200, headers, framing: Framing::Chunked, steps }
    }

    /// Never a byte.
    pub fn hang() -> Answer {
        Answer { delay: None, ..Answer::stream(Vec::new()) }
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Fake\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &match self.framing {
            Framing::Length(length) => format!("content-length: {length}\r\n\r\n"),
            Framing::Chunked => "transfer-encoding: chunked\r\n\r\n".to_owned(),
        };
        head
    }
}

/// How playing an answer ended.
pub enum End {
    /// Whole, and the connection can be used again.
    Played,
    /// As the script wants it, with the connection gone.
    Closed,
    /// The other side closed the connection first.
    Cancelled,
}

/// The next request of a connection; none when it is over. `read` holds what came behind the last.
pub async fn read_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, read).await?;
    };
    let head: Vec<u8> = read.drain(..end).collect();
    let mut request = parse_head(std::str::from_utf8(&head).ok()?)?;
    if request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    request.body = match request.header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => take(stream, read, length).await?,
        None if request.header("transfer-encoding").is_some() => chunks(stream, read).await?,
        None => Vec::new(),
    };
    Some(request)
}

fn parse_head(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Some(Request { method, path, headers, body: Vec::new() })
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(read).await {
        Ok(1..) => Some(()),
        _ => None,
    }
}

async fn take(stream: &mut TcpStream, read: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while read.len() < length {
        more(stream, read).await?;
    }
    Some(read.drain(..length).collect())
}

async fn chunks(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(end) = read.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            more(stream, read).await?;
        };
        let size: Vec<u8> = read.drain(..line + 2).take(line).collect();
        let size = usize::from_str_radix(std::str::from_utf8(&size).ok()?.trim(), 16).ok()?;
        let chunk = take(stream, read, size + 2).await?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Plays an answer, and notices when nobody listens any more.
pub async fn play(stream: &mut TcpStream, answer: Answer) -> End {
    let Some(delay) = answer.delay else { return wait_closed(stream).await };
    if !pause(stream, delay).await || stream.write_all(answer.head().as_bytes()).await.is_err() {
        return End::Cancelled;
    }
    for step in answer.steps {
        let heard = match step {
            Step::Send(bytes) => send(stream, answer.framing, &bytes).await,
            Step::Wait(time) => pause(stream, time).await,
            Step::Hang => return wait_closed(stream).await,
            Step::Close => return End::Closed,
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                return End::Closed;
            }
        };
        if !heard {
            return End::Cancelled;
        }
    }
    let ended = answer.framing != Framing::Chunked || stream.write_all(b"0\r\n\r\n").await.is_ok();
    if ended { End::Played } else { End::Cancelled }
}

/// Sends the bytes in one write, so that they arrive in one piece where the network allows.
async fn send(stream: &mut TcpStream, framing: Framing, bytes: &[u8]) -> bool {
    if framing == Framing::Chunked {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        return stream.write_all(&chunk).await.is_ok();
    }
    stream.write_all(bytes).await.is_ok()
}

/// Waits; false where the other side closed the connection meanwhile.
async fn pause(stream: &TcpStream, time: Duration) -> bool {
    if time.is_zero() {
        return true;
    }
    tokio::select! {
        () = tokio::time::sleep(time) => true,
        _ = wait_closed(stream) => false,
    }
}

async fn wait_closed(stream: &TcpStream) -> End {
    match stream.peek(&mut [0]).await {
        Ok(1..) => std::future::pending().await,
        _ => End::Cancelled,
    }
}
