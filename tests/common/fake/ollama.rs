//! The provider in Ollama's words: chat, generate, embed, tags.

use super::http::Answer;
use super::script::{Ask, INPUT, MODELS, Play, Said, Words, compose, strings};
use serde_json::{Value, json};

const WHEN: &str = "2025-10-26T17:15:24.097767Z";

/// `POST api/chat` and `POST api/generate`.
pub fn chat(body: &Value, generates: bool) -> Answer {
    let ask = read(body);
    let words = Words::of(&ask.model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    let play = compose(&ask);
    if !ask.stream {
        let mut last = ending(&ask, &play);
        say(&mut last, generates, &texts(&play), &thoughts(&play), calls(&play));
        return words.whole(&last);
    }
    let mut answer =
        words.stream(lines(&ask, &play, generates), "{\"error\":\"the fake provider was asked for this\"}\n");
    answer.headers = vec![("content-type".to_owned(), "application/x-ndjson".to_owned())];
    answer
}

fn read(body: &Value) -> Ask {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let results = messages.iter().rev().take_while(|message| message["role"] == "tool");
    let mut results: Vec<String> =
        results.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect();
    results.reverse();
    let tools = body["tools"].as_array().into_iter().flatten();
    Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] != false,
        limit: body["options"]["num_predict"].as_u64().map(|limit| limit as usize),
        stops: strings(&body["options"]["stop"]),
        tools: tools.filter_map(|tool| tool["function"]["name"].as_str().map(str::to_owned)).collect(),
        schema: body["format"].is_object(),
        results,
        ..Ask::default()
    }
}

fn texts(play: &Play) -> String {
    let text = |said: &Said| match said {
        Said::Text(pieces) => pieces.concat(),
        Said::Refusal(text) => (*text).to_owned(),
        _ => String::new(),
    };
    play.said.iter().map(text).collect()
}

fn thoughts(play: &Play) -> String {
    play.said.iter().filter_map(|said| if let Said::Thinking(thought) = said { Some(*thought) } else { None }).collect()
}

fn calls(play: &Play) -> Vec<Value> {
    let call = |said: &Said| match said {
        Said::Call { id, name, input } => {
            let arguments: Value = serde_json::from_str(input).unwrap();
            Some(json!({"id": id, "function": {"name": name, "arguments": arguments}}))
        }
        _ => None,
    };
    play.said.iter().filter_map(call).collect()
}

fn line(ask: &Ask) -> Value {
    json!({"model": ask.model, "created_at": WHEN, "done": false})
}

fn say(line: &mut Value, generates: bool, text: &str, thought: &str, calls: Vec<Value>) {
    if generates {
        line["response"] = text.into();
        if !thought.is_empty() {
            line["thinking"] = thought.into();
        }
        return;
    }
    line["message"] = json!({"role": "assistant", "content": text});
    if !thought.is_empty() {
        line["message"]["thinking"] = thought.into();
    }
    if !calls.is_empty() {
        line["message"]["tool_calls"] = calls.into();
    }
}

fn ending(ask: &Ask, play: &Play) -> Value {
    let mut last = line(ask);
    last["done"] = true.into();
    last["done_reason"] = if play.ending == super::script::Ending::Length { "length" } else { "stop" }.into();
    last["total_duration"] = 4_000_000.into();
    last["load_duration"] = 1_000_000.into();
    last["prompt_eval_duration"] = 1_000_000.into();
    last["eval_duration"] = 2_000_000.into();
    if play.usage {
        last["prompt_eval_count"] = INPUT.into();
        last["eval_count"] = play.output.into();
    }
    last
}

fn lines(ask: &Ask, play: &Play, generates: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut push = |text: &str, thought: &str, calls: Vec<Value>| {
        let mut piece = line(ask);
        say(&mut piece, generates, text, thought, calls);
        lines.push(format!("{piece}\n"));
    };
    for said in &play.said {
        match said {
            Said::Text(pieces) => pieces.iter().for_each(|piece| push(piece, "", Vec::new())),
            Said::Thinking(thought) => push("", thought, Vec::new()),
            Said::Refusal(text) => push(text, "", Vec::new()),
            _ => {}
        }
    }
    for call in calls(play) {
        push("", "", vec![call]);
    }
    let mut last = ending(ask, play);
    say(&mut last, generates, "", "", Vec::new());
    lines.push(format!("{last}\n"));
    lines
}

/// `POST api/embed`.
pub fn embed(body: &Value) -> Answer {
    let inputs = strings(&body["input"]);
    let vectors: Vec<Value> = (0..inputs.len()).map(|index| json!([0.5, -0.25, index as f64, 1.0])).collect();
    Answer::json(
        200,
        &json!({"model": body["model"], "embeddings": vectors, "total_duration": 14_143_917,
        "load_duration": 1_019_500, "prompt_eval_count": INPUT}),
    )
}

/// `GET api/tags`.
pub fn tags() -> Answer {
    let models = MODELS.map(|id| {
        json!({"name": id, "model": id, "modified_at": WHEN, "size": 1, "digest": "d",
        "details": {"family": "fake"}})
    });
    Answer::json(200, &json!({"models": models}))
}

/// An error.
pub fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"error": message}))
}
