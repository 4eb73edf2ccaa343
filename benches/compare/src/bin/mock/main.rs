//! A model provider on loopback that costs little: OpenAI chat completions and Anthropic messages, whole or
//! streamed. Words in the model name choose chunks, delay and payload (see [`words::Words`]), and each chunk
//! carries the time at which it was sent.
//!
//! `mock --listen 127.0.0.1:18100`

mod wire;
mod words;

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use compare::args::Args;
use futures_util::stream::unfold;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use wire::{Answer, Api};
use words::Words;

const MODELS: &str =
    r#"{"object":"list","data":[{"id":"bench","object":"model","created":1760000000,"owned_by":"mock"}]}"#;
const UNREADABLE: &str = r#"{"error":{"message":"unreadable request","type":"invalid_request_error"}}"#;
const UNKNOWN: &str = r#"{"error":{"message":"no such path","type":"invalid_request_error"}}"#;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The fields of a request that the answer depends on.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
}

#[derive(Deserialize, Default)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

fn main() {
    let args = Args::read(std::env::args().skip(1));
    let address: SocketAddr = args.text("listen").parse().expect("--listen is an address");
    assert!(address.ip().is_loopback(), "the mock listens on loopback only");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async { serve(listen(address).expect("the address is free")).await });
}

/// Listens with room for thousands of clients that connect at once.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream))),
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn connection(stream: TcpStream) {
    // A client that leaves in the middle is no event here.
    let _ = stream.set_nodelay(true);
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let api = match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/chat/completions") => Api::Chat,
        (&Method::POST, "/v1/messages") => Api::Messages,
        (&Method::GET, "/v1/models") => return Ok(json(StatusCode::OK, MODELS)),
        _ => return Ok(json(StatusCode::NOT_FOUND, UNKNOWN)),
    };
    let body = request.into_body().collect().await?.to_bytes();
    let Ok(asked) = serde_json::from_slice::<Asked>(&body) else {
        return Ok(json(StatusCode::BAD_REQUEST, UNREADABLE));
    };
    let usage = asked.stream_options.include_usage;
    let answer = Answer { api, words: Words::read(&asked.model), model: asked.model.into_owned(), usage };
    Ok(if asked.stream { stream(answer) } else { json(StatusCode::OK, answer.whole()) })
}

fn json(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer as a stream: a chunk each time that the delay has passed, counted from the start, so that a
/// late chunk does not delay the next.
fn stream(answer: Answer) -> Response<Body> {
    let start = Instant::now();
    let frames = unfold((answer, 0), move |(answer, number)| async move {
        let Words { chunks, delay, .. } = answer.words;
        if number == chunks {
            return None;
        }
        if number > 0 && !delay.is_zero() {
            sleep_until(start + delay * number).await;
        }
        let mut text = if number == 0 { answer.head() } else { String::new() };
        text.push_str(&answer.text(number));
        if number + 1 == chunks {
            text.push_str(&answer.tail());
        }
        Some((Ok(Frame::data(Bytes::from(text))), (answer, number + 1)))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
