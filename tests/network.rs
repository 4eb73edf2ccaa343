//! How providers are reached: TLS, HTTP/2, reused connections, proxies, time-outs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "network/authority.rs"]
mod authority;
#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "network/proxy.rs"]
mod proxy;
#[path = "network/server.rs"]
mod server;

use authority::{Authority, Lasting};
use gateway::{Gateway, Home};
use http::Version;
use proxy::{LOGIN, Proxy};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use server::Server;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const HERE: &str = "127.0.0.1";
const AWAY: &str = "provider.test";
const MANY: u32 = 100;
const HTTP2: &[&str] = &["h2", "http/1.1"];
const HTTP1: &[&str] = &["http/1.1"];

/// A gateway, a key for it, and a client on one connection.
struct Stage {
    gateway: Gateway,
    key: String,
    client: Client,
    _home: Home,
}

impl Stage {
    /// A gateway before the provider `p` at that address.
    fn set(url: &str, serve: &[&str], environment: &[(&str, &str)]) -> Stage {
        let home = Home::new();
        let connection = ["--base-url", url, "--protocol", "openai", "--api-key-env", "FAKE_KEY", "--allow-http"];
        home.run(&[&["provider", "add", "custom", "--name", "p"], &connection[..]].concat());
        let key = home.key("app", &[]);
        let mut command = home.command(&[&["serve", "--listen", "127.0.0.1:0"], serve].concat());
        command.envs(environment.iter().copied());
        let client = Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        Stage { gateway: Gateway::start(command), key, client, _home: home }
    }

    /// The same, before a server that it trusts.
    fn trusting(authority: &Authority, server: &Server) -> Stage {
        Stage::set(&server.url(HERE), &["--ca-file", authority.file().to_str().unwrap()], &[])
    }

    fn chat(&self, model: &str, is_stream: bool) -> Response {
        let url = format!("{}/chat/completions", self.gateway.base_url());
        self.client.post(url).bearer_auth(&self.key).body(body(model, is_stream)).send().unwrap()
    }

    /// Calls that must succeed, all at the same time.
    fn chat_at_once(&self, model: &str, count: usize) {
        std::thread::scope(|scope| {
            for call in (0..count).map(|_| scope.spawn(|| self.chat(model, false).status())).collect::<Vec<_>>() {
                assert_eq!(call.join().unwrap(), 200);
            }
        });
    }

    /// A call on a connection of its own, to hang up on.
    fn open(&self, model: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.gateway.root().trim_start_matches("http://")).unwrap();
        let body = body(model, true);
        let (key, length) = (&self.key, body.len());
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}");
        stream.write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        stream
    }

    /// Status, code and message of a call that fails.
    fn fault(&self, model: &str) -> (u16, String, String) {
        let answer = self.chat(model, false);
        let (status, body) = (answer.status().as_u16(), answer.json::<Value>().unwrap());
        let word = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        (status, word("code"), word("message"))
    }
}

fn body(model: &str, is_stream: bool) -> String {
    let turns = json!([{"role": "user", "content": "Hello"}]);
    json!({"model": format!("p/{model}"), "messages": turns, "stream": is_stream}).to_string()
}

/// How many clients of its own a gateway has.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// An authority and a server with its certificate for this machine.
fn served(protocols: &[&str], streams: u32) -> (Authority, Server) {
    let authority = Authority::new();
    let server = Server::start(authority.tls(HERE, Lasting::Long, protocols), streams);
    (authority, server)
}

#[test]
fn both_versions_of_http_reuse_their_connection() {
    for (protocols, version) in [(HTTP2, Version::HTTP_2), (HTTP1, Version::HTTP_11)] {
        let (authority, server) = served(protocols, MANY);
        let stage = Stage::trusting(&authority, &server);
        for _ in 0..3 {
            assert_eq!(stage.chat("whole", false).status(), 200);
            let text = stage.chat("stream", true).text().unwrap();
            assert!(text.contains("w4") && text.ends_with("data: [DONE]\n\n"), "{text}");
        }
        let seen = server.seen();
        assert_eq!((seen.accepted, seen.closed), (1, 0), "{version:?}");
        assert!(seen.versions.len() == 6 && seen.versions.iter().all(|had| *had == version), "{seen:?}");
    }
}

#[test]
fn first_calls_at_once_share_a_connection() {
    let (authority, server) = served(HTTP2, MANY);
    let stage = Stage::trusting(&authority, &server);
    stage.chat_at_once("gate-16", 16);
    stage.chat_at_once("gate-16", 16);
    let accepted = server.seen().accepted;
    assert!(accepted <= cores(), "{accepted} connections");
}

#[test]
fn no_call_waits_for_another_where_the_server_limits_streams() {
    let (authority, server) = served(HTTP2, 2);
    let stage = Stage::trusting(&authority, &server);
    stage.chat_at_once("gate-7", 7);
    let accepted = server.seen().accepted;
    assert!((4..=3 + cores()).contains(&accepted), "{accepted} connections");
}

#[test]
fn first_calls_at_once_do_not_wait_for_one_another_over_http1() {
    let (authority, server) = served(HTTP1, MANY);
    let stage = Stage::trusting(&authority, &server);
    stage.chat_at_once("gate-8", 8);
    stage.chat_at_once("gate-8", 8);
    assert!(server.seen().accepted >= 8);
}

#[test]
fn a_hang_up_ends_its_stream_and_not_the_connection() {
    let (authority, server) = served(HTTP2, MANY);
    let stage = Stage::trusting(&authority, &server);
    let mut within = stage.open("endless");
    within.read_exact(&mut [0; 3000]).unwrap();
    let before = stage.open("hang");
    server.wait(|seen| seen.versions.len() == 2);
    drop(within);
    server.wait(|seen| seen.cancelled == 1);
    drop(before);
    server.wait(|seen| seen.cancelled == 2);
    assert_eq!(stage.chat("whole", false).status(), 200);
    let seen = server.seen();
    assert!(seen.accepted <= cores() && seen.closed == 0, "{seen:?}");
}

#[test]
fn a_caller_who_does_not_read_holds_up_nobody() {
    let (authority, server) = served(HTTP2, MANY);
    let stage = Stage::trusting(&authority, &server);
    let _unread: Vec<_> = ["flood", "endless"].iter().cycle().take(6).map(|model| stage.open(model)).collect();
    server.wait(|seen| seen.versions.len() == 6);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let sent = server.seen().flooded;
        stage.chat_at_once("whole", 8);
        // Once nothing more is sent, all room on the way is taken.
        if server.seen().flooded == sent {
            break;
        }
        assert!(Instant::now() < until, "the flood does not end");
    }
    stage.chat_at_once("whole", 8);
    let seen = server.seen();
    assert!(seen.accepted <= cores() && seen.closed == 0, "{seen:?}");
}

#[test]
fn a_hang_up_closes_a_connection_of_http1() {
    let (authority, server) = served(HTTP1, MANY);
    let stage = Stage::trusting(&authority, &server);
    let mut within = stage.open("endless");
    within.read_exact(&mut [0; 3000]).unwrap();
    drop(within);
    server.wait(|seen| seen.closed == 1);
    assert_eq!(stage.chat("whole", false).status(), 200);
}

#[test]
fn a_connection_that_the_server_ends_fails_no_call() {
    for protocols in [HTTP2, HTTP1] {
        let (authority, server) = served(protocols, MANY);
        let stage = Stage::trusting(&authority, &server);
        for closed in 1..=4 {
            assert_eq!(stage.chat("leave", false).status(), 200);
            server.wait(|seen| seen.closed == closed);
        }
        assert_eq!(server.seen().accepted, 4);
    }
}

#[test]
fn a_call_during_goaway_goes_to_another_connection() {
    let (authority, server) = served(HTTP2, MANY);
    let stage = Stage::trusting(&authority, &server);
    for _ in 0..40 {
        assert_eq!(stage.chat("leave", false).status(), 200);
    }
}

#[test]
fn a_refused_stream_is_sent_again() {
    let (authority, server) = served(HTTP2, MANY);
    let stage = Stage::trusting(&authority, &server);
    assert_eq!(stage.chat("refuse", false).status(), 200);
    let seen = server.seen();
    assert_eq!((seen.versions.len(), seen.accepted), (2, 1));
}

#[test]
fn a_certificate_that_is_not_accepted_says_why() {
    let authority = Authority::new();
    let file = authority.file();
    let trusted = ["--ca-file", file.to_str().unwrap()];
    let cases: [(&str, Lasting, &[&str], &[&str]); 4] = [
        (HERE, Lasting::Long, &[], &["unknown issuer", "--ca-file", HERE]),
        (HERE, Lasting::Over, &trusted, &["expired 2021-01-01"]),
        (HERE, Lasting::Later, &trusted, &["valid from 2089-01-01", "clock"]),
        ("other.test", Lasting::Long, &trusted, &["for other.test and not for 127.0.0.1", "base URL"]),
    ];
    for (name, lasting, serve, words) in cases {
        let server = Server::start(authority.tls(name, lasting, HTTP2), MANY);
        let stage = Stage::set(&server.url(HERE), serve, &[]);
        let (status, code, message) = stage.fault("whole");
        assert_eq!((status, code.as_str()), (502, "provider_unreachable"), "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert!(server.seen().versions.is_empty(), "nothing was sent");
    }
}

#[test]
fn a_server_without_tls_is_told_from_one_with_a_bad_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // As servers answer to what is no line of HTTP.
        let _ = stream.read(&mut [0; 2000]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let (status, code, message) = Stage::set(&url, &[], &[]).fault("whole");
    assert_eq!((status, code.as_str()), (502, "provider_unreachable"), "{message}");
    assert!(message.contains("does not speak TLS") && message.contains("http://"), "{message}");
}

#[test]
fn a_file_without_certificates_is_refused_at_the_start() {
    let home = Home::new();
    let empty = tempfile::NamedTempFile::new().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--ca-file", empty.path().to_str().unwrap()];
    let output = home.command(&serve).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no certificate"), "{said}");
}

#[test]
fn https_goes_through_a_tunnel() {
    let authority = Authority::new();
    let file = authority.file();
    let trusted = ["--ca-file", file.to_str().unwrap()];
    for (scheme, asked) in
        [("http", format!("CONNECT {AWAY}:8443 HTTP/1.1")), ("socks5", format!("SOCKS5 {AWAY}:8443 user"))]
    {
        let server = Server::start(authority.tls(AWAY, Lasting::Long, HTTP2), MANY);
        let proxy = Proxy::start(server.port());
        let address = format!("{scheme}://{LOGIN}@127.0.0.1:{}", proxy.port());
        let stage = Stage::set(&format!("https://{AWAY}:8443/v1"), &trusted, &[("HTTPS_PROXY", &address)]);
        for _ in 0..2 {
            assert_eq!(stage.chat("whole", false).status(), 200, "{scheme}");
        }
        assert_eq!(proxy.asked(), [asked], "one tunnel for both");
        assert_eq!(server.seen().versions, [Version::HTTP_2; 2]);
    }
}

#[test]
fn plain_http_goes_to_the_proxy_itself() {
    let proxy = Proxy::start(0);
    let address = format!("http://{LOGIN}@127.0.0.1:{}", proxy.port());
    let stage = Stage::set(&format!("http://{AWAY}/v1"), &[], &[("HTTP_PROXY", &address)]);
    for _ in 0..2 {
        assert_eq!(stage.chat("whole", false).status(), 200);
    }
    let asked = format!("POST http://{AWAY}/v1/chat/completions Basic dXNlcjpzZWNyZXQ=");
    assert_eq!(proxy.asked(), [asked.clone(), asked]);
}

#[test]
fn a_proxy_that_fails_is_named_without_its_password() {
    let server = Server::start(Authority::new().tls(AWAY, Lasting::Long, HTTP2), MANY);
    let proxy = Proxy::start(server.port());
    let port = proxy.port();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (address, words) in [
        (format!("http://user:wrong@127.0.0.1:{port}"), [format!("http://127.0.0.1:{port}"), "authorization".into()]),
        (format!("http://{LOGIN}@127.0.0.1:{gone}"), [format!("http://127.0.0.1:{gone}"), "refused".into()]),
        (format!("https://{LOGIN}@127.0.0.1:{port}"), ["`https` is not supported".into(), "socks5".into()]),
    ] {
        let stage = Stage::set(&format!("https://{AWAY}:8443/v1"), &[], &[("ALL_PROXY", &address)]);
        let (status, code, message) = stage.fault("whole");
        assert_eq!((status, code.as_str()), (502, "provider_unreachable"), "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert!(!message.contains("secret") && !message.contains("wrong"), "{message}");
    }
}

#[test]
fn what_a_proxy_refuses_is_not_the_providers_answer() {
    let proxy = Proxy::start(0);
    let address = format!("http://user:wrong@127.0.0.1:{}", proxy.port());
    let stage = Stage::set(&format!("http://{AWAY}/v1"), &[], &[("HTTP_PROXY", &address)]);
    let (status, code, message) = stage.fault("whole");
    assert_eq!((status, code.as_str()), (502, "provider_unreachable"), "{message}");
    let named = format!("the proxy http://127.0.0.1:{} wants another authorization", proxy.port());
    assert!(message.contains(&named) && !message.contains("wrong"), "{message}");
}

#[test]
fn this_machine_is_reached_without_a_proxy() {
    let (fake, proxy) = (fake::Fake::start(), Proxy::start(0));
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let stage = Stage::set(&fake.openai_url(), &[], &[("ALL_PROXY", &address)]);
    assert_eq!(stage.chat("fake", false).status(), 200);
    assert!(proxy.asked().is_empty());
}

#[test]
fn a_server_that_takes_no_connection_is_given_up() {
    // The system takes the connection; nobody answers the handshake.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let stage = Stage::set(&url, &["--connect-timeout", "200ms"], &[]);
    let (status, code, message) = stage.fault("whole");
    assert_eq!((status, code.as_str()), (504, "provider_timeout"), "{message}");
    assert!(message.contains("no connection"), "{message}");
}

#[test]
fn an_answer_has_its_time_and_no_more() {
    let fake = fake::Fake::start();
    let stage = Stage::set(&fake.openai_url(), &["--total-timeout", "400ms"], &[]);
    let text = stage.chat("fake-s1000-d20", true).text().unwrap();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("data: {\"error\"") && last.contains("--total-timeout"), "{last}");
    assert!(fake.wait_cancelled(1, Duration::from_secs(10)));
    for model in ["fake-stall", "fake-hang"] {
        let (status, code, message) = stage.fault(model);
        assert_eq!((status, code.as_str()), (504, "provider_timeout"), "{message}");
        assert!(message.contains("--total-timeout"), "{message}");
    }
}
