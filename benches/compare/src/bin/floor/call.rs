//! One call: check the key, read the head of the body, send it on with the provider's key.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::ledger::Row;
use crate::tap::Tap;

const X_API_KEY: &str = "x-api-key";
/// Keys beside the one in use, so that the look-up is that of a real set.
const OTHER_KEYS: i64 = 10_000;

type Connection = SendRequest<Full<Bytes>>;
type Answer = Response<Either<Tap, Full<Bytes>>>;

/// What is the same for all cores.
pub struct Setup {
    provider: SocketAddr,
    host: HeaderValue,
    bearer: HeaderValue,
    keys: HashMap<Vec<u8>, i64>,
}

impl Setup {
    /// A gateway to `provider` that accepts `key` and shows `provider_key` there.
    pub fn new(provider: SocketAddr, key: &str, provider_key: &str) -> Self {
        let others = (1..=OTHER_KEYS).map(|n| (format!("sk-other-{n}").into_bytes(), n));
        let host = HeaderValue::from_str(&provider.to_string()).expect("an address is a header");
        let bearer = HeaderValue::from_str(&format!("Bearer {provider_key}")).expect("a key is a header");
        Self { provider, host, bearer, keys: others.chain([(key.as_bytes().to_vec(), 0)]).collect() }
    }
}

/// One core: its open connections to the provider, never shared with another core.
pub struct Core {
    setup: Arc<Setup>,
    idle: Mutex<Vec<Connection>>,
    ledger: SyncSender<Row>,
}

impl Core {
    /// A core without connections.
    pub fn new(setup: Arc<Setup>, ledger: SyncSender<Row>) -> Self {
        Self { setup, idle: Mutex::default(), ledger }
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().expect("no thread panicked").pop()
    }
}

/// A connection in use, and where it belongs.
pub struct Slot {
    connection: Connection,
    core: Arc<Core>,
}

impl Slot {
    /// Lets another call use the connection.
    pub fn give_back(self) {
        self.core.idle.lock().expect("no thread panicked").push(self.connection);
    }

    /// Where the row of the call goes.
    pub fn ledger(&self) -> SyncSender<Row> {
        self.core.ledger.clone()
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(default)]
    stream: bool,
}

/// Answers one request.
pub async fn handle(core: Arc<Core>, request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let start = Instant::now();
    let (mut head, body) = request.into_parts();
    let Some(key) = presented(&head.headers).and_then(|key| core.setup.keys.get(key).copied()) else {
        return Ok(refuse(StatusCode::UNAUTHORIZED));
    };
    let bytes = body.collect().await?.to_bytes();
    let Ok(Head { model, stream }) = serde_json::from_slice(&bytes) else {
        return Ok(refuse(StatusCode::BAD_REQUEST));
    };
    let mut row = Row { at_ms: unix_ms(), key, model: model.into(), stream, ..Row::default() };
    rewrite(&mut head.headers, &core.setup);
    let Some(mut connection) = connect(&core).await else { return Ok(refuse(StatusCode::BAD_GATEWAY)) };
    let Ok(answer) = connection.send_request(Request::from_parts(head, Full::new(bytes))).await else {
        return Ok(refuse(StatusCode::BAD_GATEWAY));
    };
    row.status = answer.status().as_u16();
    let mut answer = answer.map(|body| Either::Left(Tap::new(body, Slot { connection, core }, row, start)));
    answer.headers_mut().remove(CONNECTION);
    answer.headers_mut().remove(TRANSFER_ENCODING);
    Ok(answer)
}

/// The caller's key, as either protocol sends it.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    bearer.or_else(|| headers.get(X_API_KEY).map(HeaderValue::as_bytes))
}

fn rewrite(headers: &mut HeaderMap, setup: &Setup) {
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers.remove(X_API_KEY);
    headers.insert(AUTHORIZATION, setup.bearer.clone());
    headers.insert(HOST, setup.host.clone());
}

/// A connection that is ready: an idle one, else a new one.
async fn connect(core: &Core) -> Option<Connection> {
    while let Some(mut connection) = core.take_idle() {
        if connection.ready().await.is_ok() {
            return Some(connection);
        }
    }
    let stream = TcpStream::connect(core.setup.provider).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (sender, driver) = handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(driver);
    Some(sender)
}

fn refuse(status: StatusCode) -> Answer {
    let text = r#"{"error":{"message":"refused","type":"gateway_error","code":null}}"#;
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from_static(text.as_bytes()))));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_millis() as i64)
}
