//! What is answered, in no protocol's words: the contents that tests compare with, and how the
//! model's name and the request decide between them.

use super::http::{Answer, Framing, Step};
use serde_json::Value;
use std::time::Duration;

/// The answer of a model without words.
pub const TEXT: &str = "The answer is 42.";
/// The same as it is streamed; one token each.
pub const TEXT_PIECES: [&str; 5] = ["The", " answer", " is", " 42", "."];
/// The answer of `unicode`.
pub const UNICODE: &str = "Grüße, 世界 🌍!";
/// The text before two calls.
pub const LOOKING: &str = "Let me look.";
/// The arguments of `get_weather`.
pub const WEATHER: &str = r#"{"city":"Paris","unit":"celsius"}"#;
/// The arguments of `get_time`.
pub const TIME: &str = r#"{"zone":"Europe/Paris"}"#;
/// The arguments of `list_directory`.
pub const FOLDER: &str = r#"{"dir_path":"."}"#;
/// The thought of `think`.
pub const THOUGHT: &str = "Six times seven.";
/// The seal of the thought.
pub const SIGNATURE: &str = "c2lnbmF0dXJlLW9mLXRoZS1mYWtl";
/// The thought of `redacted`.
pub const REDACTED: &str = "cmVkYWN0ZWQtdGhvdWdodA==";
/// The words of `refuse`.
pub const REFUSAL: &str = "I cannot help with that.";
/// The answer where a JSON schema is asked for.
pub const PERSON: &str = r#"{"name":"Ada","age":36}"#;
/// Tokens of a prompt that came from no cache.
pub const INPUT: u64 = 11;
/// Tokens more that `cached` read from the cache.
pub const CACHE_READ: u64 = 8;
/// Tokens more that `cached` wrote into the cache; only Anthropic tells.
pub const CACHE_WRITE: u64 = 4;
/// The answer to `count_tokens`.
pub const COUNTED: u64 = 17;
/// What `models` lists.
pub const MODELS: [&str; 3] = ["fake", "fake-tools", "fake-think"];
/// When the models came out.
pub const CREATED: u64 = 1_700_000_000;

/// Whether a tool must, may or must not be called.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Choice {
    /// As the script wants it.
    #[default]
    Auto,
    /// No calls.
    None,
    /// A call, whichever.
    Any,
    /// A call of this one.
    Tool(String),
}

/// What a request asks for.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub model: String,
    pub stream: bool,
    pub limit: Option<usize>,
    pub stops: Vec<String>,
    pub choice: Choice,
    pub one_call: bool,
    pub tools: Vec<String>,
    pub schema: bool,
    pub results: Vec<String>,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Text(Vec<String>),
    Thinking(&'static str),
    Redacted(&'static str),
    Refusal(&'static str),
    Call { id: String, name: String, input: String },
}

/// Why an answer ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    Stop,
    StopText(String),
    Length,
    Calls,
    Filter,
    Refusal,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Play {
    pub said: Vec<Said>,
    pub ending: Ending,
    pub output: u64,
    pub reasoning: u64,
    pub cached: bool,
    pub usage: bool,
}

/// The words of a model's name.
#[derive(Clone, Debug)]
pub struct Words(Vec<String>);

impl Words {
    pub fn of(model: &str) -> Words {
        Words(model.split('-').skip(1).map(str::to_owned).collect())
    }

    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|have| have == word)
    }

    /// The number behind a letter.
    pub fn number(&self, letter: char) -> Option<u64> {
        self.0.iter().find_map(|word| word.strip_prefix(letter)?.parse().ok())
    }

    fn milliseconds(&self, letter: char) -> Duration {
        Duration::from_millis(self.number(letter).unwrap_or(0))
    }

    /// The answer that no protocol has a part in, if the name asks for one.
    pub fn trouble(&self, error: impl Fn(u16, &str) -> Answer) -> Option<Answer> {
        let status = self.number('e').map(|status| status as u16);
        let mut answer = match status {
            _ if self.has("hang") => return Some(Answer::hang()),
            _ if self.has("html") => {
                let page = "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>";
                Answer::whole(status.unwrap_or(200), &[("content-type", "text/html")], page)
            }
            Some(status) => error(status, &format!("the fake provider was asked for a {status}")),
            None => return None,
        };
        if matches!(answer.status, 429 | 503 | 529) {
            answer.headers.push(("retry-after".to_owned(), "7".to_owned()));
        }
        answer.delay = Some(self.milliseconds('w'));
        Some(answer)
    }

    /// A whole answer with the faults that the name asks for.
    pub fn whole(&self, body: &Value) -> Answer {
        let mut bytes = body.to_string().into_bytes();
        let (length, half) = (bytes.len(), bytes.len() / 2);
        let fault = self.fault();
        if fault.is_some() || self.has("cut") || self.has("malformed") {
            bytes.truncate(half);
        }
        let mut answer = Answer::whole(200, &[("content-type", "application/json")], bytes);
        if let Some(fault) = fault {
            answer.framing = Framing::Length(length);
            answer.steps.push(fault);
        }
        answer.delay = Some(self.milliseconds('w'));
        answer
    }

    /// What happens in the middle of an answer that is not finished.
    fn fault(&self) -> Option<Step> {
        match self {
            _ if self.has("rst") => Some(Step::Reset),
            _ if self.has("stall") => Some(Step::Hang),
            _ => None,
        }
    }

    /// A stream with the pace and the faults that the name asks for. `error` is the frame that says
    /// in the protocol's words that the provider failed.
    pub fn stream(&self, mut frames: Vec<String>, error: &str) -> Answer {
        let half = frames.len() / 2;
        let mut fault = self.fault();
        if self.has("malformed") {
            frames[2] = "data: {\"id\": \"broken\n\n".to_owned();
        }
        if fault.is_some() || self.has("cut") || self.has("errevent") {
            frames.truncate(half);
        }
        if self.has("errevent") {
            frames.push(error.to_owned());
        }
        if self.has("nodone") {
            frames.pop();
        }
        let mut answer = Answer::stream(self.paced(frames));
        answer.steps.extend(fault.take());
        answer.delay = Some(self.milliseconds('w'));
        answer
    }

    fn paced(&self, frames: Vec<String>) -> Vec<Step> {
        let delay = self.milliseconds('d');
        let mut steps = Vec::with_capacity(frames.len() * 2);
        for frame in frames {
            let frame = if self.has("crlf") { frame.replace('\n', "\r\n") } else { frame };
            if !delay.is_zero() {
                steps.push(Step::Wait(delay));
            }
            if self.has("bytes") {
                steps.extend(frame.bytes().map(|byte| Step::Send(vec![byte])));
            } else {
                steps.push(Step::Send(frame.into_bytes()));
            }
        }
        steps
    }
}

/// Decides what is said.
pub fn compose(ask: &Ask) -> Play {
    let words = Words::of(&ask.model);
    let mut said = Vec::new();
    if words.has("think") {
        said.push(Said::Thinking(THOUGHT));
    }
    if words.has("redacted") {
        said.push(Said::Redacted(REDACTED));
    }
    let ending = speak(ask, &words, &mut said);
    let reasoning = u64::from(words.has("think")) * 3;
    let output = reasoning + said.iter().map(tokens).sum::<u64>();
    Play { said, ending, output, reasoning, cached: words.has("cached"), usage: !words.has("nousage") }
}

fn speak(ask: &Ask, words: &Words, said: &mut Vec<Said>) -> Ending {
    if words.has("refuse") {
        said.push(Said::Refusal(REFUSAL));
        return Ending::Refusal;
    }
    let calls = calls(ask, words);
    if calls.is_empty() {
        let (pieces, ending) = cut(text(ask, words), ask);
        said.push(Said::Text(pieces));
        return if words.has("filter") { Ending::Filter } else { ending };
    }
    if calls.len() > 1 {
        said.push(Said::Text(pieces_of(LOOKING)));
    }
    said.extend(calls);
    Ending::Calls
}

fn text(ask: &Ask, words: &Words) -> Vec<String> {
    if !ask.results.is_empty() {
        return pieces_of(&format!("Results: {}", ask.results.join(" | ")));
    }
    if ask.schema || words.has("json") {
        return pieces_of(PERSON);
    }
    if words.has("unicode") {
        return pieces_of(UNICODE);
    }
    match words.number('s') {
        Some(count) => (0..count).map(|i| format!("w{i} ")).collect(),
        None => TEXT_PIECES.map(str::to_owned).to_vec(),
    }
}

/// Cuts at a stop text or at the limit.
fn cut(mut pieces: Vec<String>, ask: &Ask) -> (Vec<String>, Ending) {
    let whole = pieces.concat();
    let stop = ask.stops.iter().filter_map(|stop| Some((whole.find(stop.as_str())?, stop))).min();
    if let Some((at, stop)) = stop {
        return (pieces_of(&whole[..at]), Ending::StopText(stop.clone()));
    }
    match ask.limit {
        Some(limit) if limit < pieces.len() => {
            pieces.truncate(limit);
            (pieces, Ending::Length)
        }
        _ => (pieces, Ending::Stop),
    }
}

fn calls(ask: &Ask, words: &Words) -> Vec<Said> {
    let scripted: &[(&str, &str)] = match &ask.choice {
        _ if !ask.results.is_empty() => &[],
        Choice::None => &[],
        Choice::Tool(name) => return vec![call(0, name)],
        Choice::Any if !words.has("tools") => {
            return ask.tools.first().map(|name| call(0, name)).into_iter().collect();
        }
        _ if words.has("tools") => &[("get_weather", WEATHER), ("get_time", TIME)],
        _ if words.has("tool") => &[("get_weather", WEATHER)],
        _ if words.has("folder") => &[("list_directory", FOLDER)],
        _ => &[],
    };
    let many = if ask.one_call { 1 } else { scripted.len() };
    scripted.iter().take(many).enumerate().map(|(index, (name, _))| call(index, name)).collect()
}

fn call(index: usize, name: &str) -> Said {
    let input = match name {
        "get_weather" => WEATHER,
        "get_time" => TIME,
        "list_directory" => FOLDER,
        _ => PERSON,
    };
    Said::Call { id: format!("call_fake_{index}"), name: name.to_owned(), input: input.to_owned() }
}

fn tokens(said: &Said) -> u64 {
    match said {
        Said::Text(pieces) => pieces.len() as u64,
        Said::Refusal(text) => pieces_of(text).len() as u64,
        Said::Call { input, .. } => pieces_of(input).len() as u64,
        Said::Thinking(_) | Said::Redacted(_) => 0,
    }
}

/// A text in pieces of six characters.
pub fn pieces_of(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(6).map(|piece| piece.iter().collect()).collect()
}

/// The texts of a content that is a text or a list of parts.
pub fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// A field that is a text or a list of texts.
pub fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
