//! A model provider on loopback that speaks OpenAI (chat and Responses), Anthropic, Gemini and Ollama and plays what
//! a test asks.
//!
//! It shares no code with the crate, so that a mistake there is not repeated here. It keeps every
//! request byte for byte, counts answers that the other side gave up, and asks for no key.
//!
//! # The script is the model's name
//!
//! A model is called `fake-WORD-WORD-...`. Without words it answers [`TEXT`], in [`TEXT_PIECES`].
//!
//! | word | the answer |
//! |---|---|
//! | `sN` | the text `w0 w1 w2 ...` in N pieces instead |
//! | `dMS` | waits MS milliseconds before each piece of a stream |
//! | `wMS` | waits MS milliseconds before the first byte of all |
//! | `tool` | a call of `get_weather` with [`WEATHER`], id `call_fake_0` |
//! | `tools` | the text [`LOOKING`], then that call and one of `get_time` with [`TIME`], id `call_fake_1` |
//! | `folder` | a call of `list_directory` with [`FOLDER`], as Google's coding agent has it |
//! | `think` | [`THOUGHT`] first, sealed with [`SIGNATURE`] (`reasoning_content` in OpenAI's words) |
//! | `redacted` | thinking that only the provider can read, [`REDACTED`] (Anthropic) |
//! | `refuse` | the model declines with [`REFUSAL`] |
//! | `filter` | cut by the provider's filter after the text |
//! | `json` | the text [`PERSON`] |
//! | `cached` | [`CACHE_READ`] tokens more of the prompt came from the cache, [`CACHE_WRITE`] went into it |
//! | `nousage` | no usage at all |
//! | `eSTATUS` | that status and an error body; 429, 503 and 529 say `retry-after: 7` |
//! | `html` | an HTML page (status 200, or that of `eSTATUS`) |
//! | `malformed` | JSON that breaks off; in streams the third frame |
//! | `hang` | never a byte |
//! | `stall` | half of the answer, then never another byte |
//! | `rst` | half of the answer, then a reset of the connection |
//! | `cut` | half of the answer, then an orderly end of the body |
//! | `errevent` | half of the stream, then the protocol's error event |
//! | `nodone` | a stream without its last frame |
//! | `bytes` | every byte of a stream in a chunk of its own |
//! | `crlf` | a stream with CR LF line ends |
//! | `ping` | a keep-alive frame before every piece (not in Gemini's words: its SDKs take none) |
//!
//! It also does as the request says: a limit of tokens cuts the text after as many pieces; a stop
//! text ends it; a tool choice forces, forbids or narrows calls (a tool it does not know is called
//! with [`PERSON`]); a JSON schema is answered with [`PERSON`]; tool results are answered with
//! `Results: A | B`; `n` answers come when asked for; `logprobs` too.
//! A prompt has [`INPUT`] tokens, an answer one for each piece, argument fragment and thought.
//! A token count is [`COUNTED`]. An embedding is `[0.5, -0.25, INDEX, 1.0]`. `models` lists [`MODELS`].
//!
//! It stands for clouds too: below `/openai/` it is Azure's (in both of its forms), below `publishers/` and `endpoints/openapi`
//! Vertex's. At `oauth2/v2.0/token`, `/token` and where Google's machines have their metadata it makes tokens, [`TOKEN`], for
//! whoever has the secret [`CLIENT_SECRET`], signs, or is a machine. Below `/model/` it is AWS Bedrock, and looks at the signature:
//! access keys have the secret [`AWS_SECRET`], the API key is [`AWS_KEY`].
//!
//! # For tests in other languages
//!
//! `GET /fake/last` gives the last request as JSON (`method path headers body`), and
//! `GET /fake/cancelled/N` waits until N answers were given up (5 s at most) and gives their number.
#![allow(dead_code, unused_imports, reason = "every test crate uses another part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "part of tests")]

#[path = "fake/anthropic.rs"]
mod anthropic;
#[path = "fake/bedrock.rs"]
mod bedrock;
#[path = "fake/carried.rs"]
mod carried;
#[path = "fake/clouds.rs"]
mod clouds;
#[path = "fake/gemini.rs"]
mod gemini;
#[path = "fake/http.rs"]
mod http;
#[path = "fake/ollama.rs"]
mod ollama;
#[path = "fake/openai.rs"]
mod openai;
#[path = "fake/responses.rs"]
mod responses;
#[path = "fake/script.rs"]
mod script;

pub use bedrock::{AWS_KEY, AWS_SECRET};
pub use clouds::{CLIENT_SECRET, TOKEN};
pub use http::{Answer, Request, Step};
pub use script::*;

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A running provider; it ends when it is dropped.
pub struct Fake {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    programmed: VecDeque<Answer>,
    cancelled: usize,
    finished: usize,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until `done`, or until the time is over; says which.
    fn wait(&self, limit: Duration, done: impl Fn(&Seen) -> bool) -> bool {
        let seen = self.lock();
        let (_seen, timeout) = self.changed.wait_timeout_while(seen, limit, |seen| !done(seen)).unwrap();
        !timeout.timed_out()
    }
}

impl Fake {
    /// Starts one on a port that the system chooses.
    pub fn start() -> Fake {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! { _ = accept(listener, serving) => (), _ = stopped => () }
            });
        });
        Fake { address, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`: what Anthropic's SDK takes as base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:PORT/v1`: what OpenAI's SDK takes as base URL.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The next request that has no answer yet gets this one, whatever it asks.
    pub fn answer(&self, answer: Answer) {
        self.state.change(|seen| seen.programmed.push_back(answer));
    }

    /// The next request gets this status, these headers and this body.
    pub fn answer_with(&self, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
        self.answer(Answer::whole(status, headers, body));
    }

    /// The next request gets a stream of server-sent events in these chunks, as they are.
    pub fn answer_chunks<C: AsRef<[u8]>>(&self, chunks: &[C]) {
        let steps = chunks.iter().map(|chunk| Step::Send(chunk.as_ref().to_vec())).collect();
        self.answer(Answer::stream(steps));
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().requests.clone()
    }

    /// The last request.
    pub fn last(&self) -> Request {
        self.state.lock().requests.last().expect("the provider was asked nothing").clone()
    }

    /// Forgets what was asked, and answers that were programmed and not used.
    pub fn clear(&self) {
        self.state.change(|seen| *seen = Seen::default());
    }

    /// How many answers were given up by the other side before they were over.
    pub fn cancelled(&self) -> usize {
        self.state.lock().cancelled
    }

    /// How many answers went out whole, as far as the script meant them to.
    pub fn finished(&self) -> usize {
        self.state.lock().finished
    }

    /// Waits until that many requests have arrived.
    pub fn wait_requests(&self, count: usize, limit: Duration) -> bool {
        self.state.wait(limit, |seen| seen.requests.len() >= count)
    }

    /// Waits until that many answers were given up.
    pub fn wait_cancelled(&self, count: usize, limit: Duration) -> bool {
        self.state.wait(limit, |seen| seen.cancelled >= count)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A second panic while a test fails would hide the first.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).unwrap();
        tokio::spawn(connection(stream, Arc::clone(&state)));
    }
}

/// Answers the requests of one connection, one after the other.
async fn connection(mut stream: TcpStream, state: Arc<State>) {
    let mut read = Vec::new();
    while let Some(request) = http::read_request(&mut stream, &mut read).await {
        let answer = match request.path.strip_prefix("/fake/") {
            Some(question) => control(question, &state).await,
            None => next_answer(request, &state),
        };
        match http::play(&mut stream, answer).await {
            http::End::Played => state.change(|seen| seen.finished += 1),
            http::End::Closed => return state.change(|seen| seen.finished += 1),
            http::End::Cancelled => return state.change(|seen| seen.cancelled += 1),
        }
    }
}

/// Writes the request down, and gives the programmed answer or the one its model's name asks for.
fn next_answer(request: Request, state: &State) -> Answer {
    let mut programmed = None;
    let answer = scripted(&request);
    state.change(|seen| {
        seen.requests.push(request);
        programmed = seen.programmed.pop_front();
    });
    programmed.unwrap_or(answer)
}

fn scripted(request: &Request) -> Answer {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if let Some(task) = path.strip_prefix("/v1beta/").filter(|task| !task.starts_with("openai/")) {
        return gemini::answer(request, task, query);
    }
    if let Some(answer) = clouds::token(request, path)
        .or_else(|| clouds::vertex(request, path, query))
        .or_else(|| bedrock::answer(request, path))
    {
        return answer;
    }
    let path = clouds::azure_path(path.strip_prefix("/v1beta/openai").unwrap_or(path));
    let task = path.trim_start_matches("/v1").trim_start_matches('/');
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let anthropic = request.header("anthropic-version").is_some();
    match (request.method.as_str(), task) {
        ("POST", "chat/completions") => openai::chat(&body),
        ("POST", "completions") => openai::completion(&body),
        ("POST", "embeddings") => openai::embeddings(&body),
        ("POST", "responses") => responses::create(&body),
        ("POST", "responses/input_tokens") => responses::count_tokens(&body),
        (method, _) if task.starts_with("responses/") => responses::kept(method, task.trim_start_matches("responses/")),
        ("POST", "messages") => anthropic::messages(&body),
        ("POST", "messages/count_tokens") => anthropic::count_tokens(&body),
        ("POST", "api/chat") => ollama::chat(&body, false),
        ("POST", "api/generate") => ollama::chat(&body, true),
        ("POST", "api/embed") => ollama::embed(&body),
        ("GET", "api/tags") => ollama::tags(),
        ("GET", "models") if anthropic => anthropic::models(),
        ("GET", "models") => openai::models(),
        ("GET", _) if task.starts_with("models/") => {
            let id = task.trim_start_matches("models/");
            if anthropic { anthropic::model(id) } else { openai::model(id) }
        }
        _ => carried::answer(request, task, &body).unwrap_or_else(|| openai::error(404, "no such endpoint")),
    }
}

async fn control(question: &str, state: &Arc<State>) -> Answer {
    let said = match question.split_once('/') {
        Some(("cancelled", count)) => {
            let count = count.parse().unwrap_or(1);
            json!({"cancelled": wait_for_cancelled(state, count).await})
        }
        _ => match state.lock().requests.last() {
            Some(last) => {
                json!({"method": last.method, "path": last.path, "headers": last.header_map(), "body": last.json()})
            }
            None => Value::Null,
        },
    };
    Answer::json(200, &said)
}

/// Polls, because the condition variable would block the only thread.
async fn wait_for_cancelled(state: &State, count: usize) -> usize {
    let start = Instant::now();
    loop {
        let cancelled = state.lock().cancelled;
        if cancelled >= count || start.elapsed() > Duration::from_secs(5) {
            return cancelled;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
