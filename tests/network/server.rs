//! A provider behind TLS, in HTTP/2 or HTTP/1.1, that counts connections and streams.
//!
//! The model's name says what it does: `whole`, `stream`, `endless` (a stream that goes on until it is
//! cancelled), `flood` (the same in large pieces), `hang`, `gate-N` (an answer once N such calls are there at the same time), `refuse` (the first
//! call of that name is refused), `leave` (the connection takes no more calls after this one).

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

const SOON: Duration = Duration::from_secs(10);

/// A running server; it ends when it is dropped.
pub struct Server {
    port: u16,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Seen>,
    changed: Condvar,
    gate: Notify,
}

/// What happened so far.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    pub accepted: usize,
    pub closed: usize,
    pub versions: Vec<Version>,
    /// Answers that the other side gave up.
    pub cancelled: usize,
    /// Pieces of floods.
    pub flooded: usize,
    waiting: usize,
    refused: usize,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

impl Server {
    /// Serves; `streams` is how many at a time a connection of HTTP/2 may have.
    pub fn start(tls: Arc<ServerConfig>, streams: u32) -> Server {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let state = Arc::new(State::default());
        let serving = state.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! { () = accept(listener, tls, streams, serving) => (), _ = stopped => () }
            });
        });
        Server { port, state, stop: Some(stop), thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// As OpenAI's SDK takes it.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/v1", self.port)
    }

    pub fn seen(&self) -> Seen {
        self.state.lock().clone()
    }

    /// Waits until `done`.
    pub fn wait(&self, done: impl Fn(&Seen) -> bool) {
        let seen = self.state.lock();
        let (seen, late) = self.state.changed.wait_timeout_while(seen, SOON, |seen| !done(seen)).unwrap();
        assert!(!late.timed_out(), "{seen:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, tls: Arc<ServerConfig>, streams: u32, state: Arc<State>) {
    let acceptor = TlsAcceptor::from(tls);
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        state.change(|seen| seen.accepted += 1);
        let (acceptor, state) = (acceptor.clone(), state.clone());
        tokio::spawn(async move {
            connection(stream, acceptor, streams, &state).await;
            state.change(|seen| seen.closed += 1);
        });
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, streams: u32, state: &Arc<State>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let leave = Arc::new(Notify::new());
    let (state, leaving) = (state.clone(), leave.clone());
    let service = service_fn(move |request| answer(request, state.clone(), leaving.clone()));
    let stream = TokioIo::new(stream);
    if is_http2 {
        let mut server = http2::Builder::new(TokioExecutor::new());
        let mut connection = std::pin::pin!(server.max_concurrent_streams(streams).serve_connection(stream, service));
        tokio::select! {
            _ = connection.as_mut() => {}
            () = leave.notified() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    } else {
        let mut connection = std::pin::pin!(http1::Builder::new().serve_connection(stream, service));
        // Told to leave, it closes the connection without a word in the answer's head.
        tokio::select! { _ = connection.as_mut() => (), () = leave.notified() => () }
    }
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(request: Request<Incoming>, state: Arc<State>, leave: Arc<Notify>) -> Result<Answer, h2::Error> {
    let version = request.version();
    state.change(|seen| seen.versions.push(version));
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    // Dropped with this future where the caller gives up before the head.
    let watch = Watch { state: state.clone(), is_over: false };
    match body["model"].as_str().unwrap_or_default() {
        "stream" => Ok(events(watch, Some(5), 1)),
        "endless" => Ok(events(watch, None, 1)),
        "flood" => Ok(events(watch, None, 10_000)),
        "hang" => std::future::pending().await,
        "refuse" if state.lock().refused == 0 => {
            state.change(|seen| seen.refused += 1);
            watch.over(Err(h2::Reason::REFUSED_STREAM.into()))
        }
        "leave" => {
            // The answer goes out first: this task yields to the one that writes it.
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                leave.notify_one();
            });
            Ok(watch.over(whole()))
        }
        model => {
            if let Some(count) = model.strip_prefix("gate-") {
                gate(&state, count.parse().unwrap()).await;
            }
            Ok(watch.over(whole()))
        }
    }
}

/// Waits until that many wait.
async fn gate(state: &State, count: usize) {
    let mut opened = std::pin::pin!(state.gate.notified());
    opened.as_mut().enable();
    let waiting = {
        let mut seen = state.lock();
        seen.waiting += 1;
        seen.waiting
    };
    if waiting < count {
        return opened.await;
    }
    state.lock().waiting = 0;
    state.gate.notify_waiters();
}

fn whole() -> Answer {
    let reply = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}});
    let body = Full::new(Bytes::from(reply.to_string())).boxed();
    Response::builder().header("content-type", "application/json").body(body).unwrap()
}

/// A stream of that many words of that length, or without an end.
fn events(watch: Watch, count: Option<usize>, length: usize) -> Answer {
    let pieces = futures_util::stream::unfold((watch, 0), move |(mut watch, at)| async move {
        let done = count.is_some_and(|count| at >= count);
        watch.is_over = done;
        if length > 1 {
            watch.state.change(|seen| seen.flooded += 1);
        }
        // So that a stream without an end leaves room for the rest of this thread.
        tokio::task::yield_now().await;
        (count.is_none_or(|count| at <= count)).then(|| (piece(at, length, done), (watch, at + 1)))
    });
    let body = BodyExt::boxed(StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))));
    Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
}

fn piece(at: usize, length: usize, done: bool) -> Bytes {
    let delta = if done { json!({}) } else { json!({"content": format!("{}{at} ", "w".repeat(length))}) };
    let finish = if done { json!("stop") } else { Value::Null };
    let chunk = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let end = if done { "data: [DONE]\n\n" } else { "" };
    Bytes::from(format!("data: {chunk}\n\n{end}"))
}

/// Counts an answer as cancelled that is dropped before it is over.
struct Watch {
    state: Arc<State>,
    is_over: bool,
}

impl Watch {
    fn over<T>(mut self, value: T) -> T {
        self.is_over = true;
        value
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_over {
            self.state.change(|seen| seen.cancelled += 1);
        }
    }
}
