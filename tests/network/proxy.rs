//! A proxy that knows one host, wherever a client says it is: HTTP with and without CONNECT, and SOCKS5.

use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The user name and password that it asks for, and the same in base64.
pub const LOGIN: &str = "user:secret";
const BASIC: &str = "Basic dXNlcjpzZWNyZXQ=";

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Proxy {
    /// A proxy that leads every tunnel to that port on loopback.
    pub fn start(target: u16) -> Proxy {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let asked = Arc::default();
        let log = Log(Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! { () = accept(listener, target, log) => (), _ = stopped => () }
            });
        });
        Proxy { port, asked, stop: Some(stop), thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked for, a line each.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

async fn accept(listener: TcpListener, target: u16, log: Log) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let log = log.clone();
        tokio::spawn(async move {
            let mut first = [0; 1];
            stream.peek(&mut first).await.unwrap();
            // A client that breaks off is no matter here.
            let _ = match first[0] {
                5 => socks(stream, target, log).await,
                b'C' => tunnel(stream, target, log).await,
                _ => {
                    serve(stream, log).await;
                    Ok(())
                }
            };
        });
    }
}

/// Plain HTTP: it answers in place of the server.
async fn serve(stream: TcpStream, log: Log) {
    let service = service_fn(move |request: Request<Incoming>| {
        let login = request.headers().get(PROXY_AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        let status = if login.as_deref() == Some(BASIC) { 200 } else { 407 };
        log.write(format!("{} {} {}", request.method(), request.uri(), login.unwrap_or_default()));
        let reply = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]});
        let answer = Response::builder().status(status).header("content-type", "application/json");
        async move {
            // The body is read so that the connection can be used again.
            drop(http_body_util::BodyExt::collect(request.into_body()).await);
            Ok::<_, Infallible>(answer.body(Full::new(Bytes::from(reply.to_string()))).unwrap())
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn tunnel(mut stream: TcpStream, target: u16, log: Log) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    log.write(head.lines().next().unwrap().to_owned());
    if !head.contains(BASIC) {
        return stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    }
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    lead(stream, target).await
}

/// RFC 1928, with user name and password (RFC 1929), to a host by name.
async fn socks(mut stream: TcpStream, target: u16, log: Log) -> std::io::Result<()> {
    let _version = stream.read_u8().await?;
    text(&mut stream).await?;
    stream.write_all(&[5, 2]).await?;
    let _version = stream.read_u8().await?;
    let (user, password) = (text(&mut stream).await?, text(&mut stream).await?);
    let is_known = format!("{user}:{password}") == LOGIN;
    stream.write_all(&[1, u8::from(!is_known)]).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    assert_eq!(head, [5, 1, 0, 3], "connect, to a name");
    let host = text(&mut stream).await?;
    log.write(format!("SOCKS5 {host}:{} {user}", stream.read_u16().await?));
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    lead(stream, target).await
}

/// Bytes after their number.
async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn lead(mut stream: TcpStream, target: u16) -> std::io::Result<()> {
    let mut far = TcpStream::connect(("127.0.0.1", target)).await?;
    copy_bidirectional(&mut stream, &mut far).await.map(drop)
}
